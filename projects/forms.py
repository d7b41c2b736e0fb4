from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password

from projects import engines
from projects.locales import LOCALES
from projects.models import Member, Project, Role


class ProjectForm(forms.ModelForm):
    """Name and description: what can be changed later as well."""

    class Meta:
        model = Project
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "description": "What is spoken here, by whom, and what it is for.",
        }


class NewProjectForm(ProjectForm):
    locale = forms.ChoiceField(
        label="Language",
        choices=LOCALES,
        initial="en-US",
        help_text="All speech, text and models of the project are in this "
        "language. It cannot be changed later.",
    )

    engine = forms.ChoiceField(
        required=False,
        help_text="Where its models are trained, tested and served. A Speech resource "
        "does that at a price. It cannot be changed later.",
    )

    field_order = ["name", "locale", "engine", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = engines.choices()
        field = self.fields["engine"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = offered
        field.required = len(offered) > 1
        if not field.required:
            field.widget = forms.HiddenInput()

    def clean_engine(self) -> str:
        return self.cleaned_data["engine"] or engines.EMBEDDED


class MemberForm(forms.Form):
    """Give a person a role in the project, by user name."""

    username = forms.CharField(max_length=150, label="User name")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.REVIEWER)

    def clean_username(self) -> User:
        name = self.cleaned_data["username"]
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise forms.ValidationError(
                "Nobody here has this user name. Accounts are made by the "
                "administrator of the installation."
            )
        return user


class RoleForm(forms.ModelForm):
    class Meta:
        model = Member
        fields = ["role"]


class OwnerForm(forms.Form):
    """The first account of a fresh installation."""

    username = forms.CharField(
        max_length=150,
        label="User name",
        validators=[User.username_validator],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeat = forms.CharField(
        label="Password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        password = data.get("password", "")
        if password and password != data.get("repeat"):
            self.add_error("repeat", "The two passwords differ.")
        elif password:
            try:
                validate_password(password, User(username=data.get("username", "")))
            except forms.ValidationError as e:
                self.add_error("password", e)
        return data
