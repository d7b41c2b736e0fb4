from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.models import User
from django.utils.timezone import now

from api.models import Scope
from projects.access import projects_of
from projects.choices import RowField
from projects.models import Project

_NEVER = "never"
_TERMS = [
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "365 days"),
    (_NEVER, "No end: until it is deleted"),
]


def _end(term: str) -> datetime | None:
    return None if term == _NEVER else now() + timedelta(days=int(term))


class KeyForm(forms.Form):
    """What a new key of a person is for."""

    # Made with the page: whoever sends it twice gets one key.
    pk = forms.UUIDField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(
        max_length=100, help_text="What uses it, such as nightly tests."
    )
    project = RowField(
        Project.objects.none(),
        required=False,
        empty_label="All my projects",
        what="project",
        help_text="A key can do no more than you can, in each project.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may be used to",
        choices=Scope.choices,
        initial=Scope.values,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what the key may be used for."},
    )
    expires = forms.TypedChoiceField(
        label="Good for", choices=_TERMS, initial="90", coerce=_end
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects_of(user)  # type: ignore[attr-defined]

    def clean_pk(self) -> UUID:
        return self.cleaned_data["pk"] or uuid4()
