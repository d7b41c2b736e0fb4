from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundWidget

from api.models import WebHook
from api.webhooks.kinds import COMPLETION, CREATION, DELETION, KINDS, PROCESSING
from api.webhooks.post import reason
from datasets.fetch import MAX_ADDRESS_CHARACTERS, check_public
from datasets.formats.base import FormatError
from projects.access import projects_of
from projects.choices import RowField
from projects.models import Project

_KINDS = {
    "dataset": "Datasets",
    "model": "Models",
    "evaluation": "Tests",
    "transcription": "Transcriptions",
    "endpoint": "Endpoints",
}
_MOMENTS = {
    CREATION: "Created",
    PROCESSING: "Begun",
    COMPLETION: "Ended",
    DELETION: "Deleted",
}
_CHOICES = [
    (kind.event(moment), f"{_KINDS[kind.name]}: {title.lower()}")
    for kind in KINDS
    for moment, title in _MOMENTS.items()
]


def in_words(events: Iterable[str]) -> list[tuple[str, str]]:
    """What is told of, kind by kind.

    >>> in_words(["modelCompletion", "modelCreation", "endpointDeletion"])
    [('Models', 'created, ended'), ('Endpoints', 'deleted')]
    """
    chosen = set(events)
    told = []
    for kind in KINDS:
        moments = [
            title.lower()
            for moment, title in _MOMENTS.items()
            if kind.event(moment) in chosen
        ]
        if moments:
            told.append((_KINDS[kind.name], ", ".join(moments)))
    return told


class NameForm(forms.ModelForm):
    class Meta:
        model = WebHook
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class _HookForm(NameForm):
    """What is said of a web hook on pages, whether it is new or not."""

    url = forms.CharField(
        label="Address",
        max_length=MAX_ADDRESS_CHARACTERS,
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
        help_text="Messages are sent there by POST. It has to answer a challenge "
        "first, with the value of validationToken in its query.",
    )
    secret = forms.CharField(
        max_length=200,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Messages are signed with it, so that the receiver can tell that "
        "they are from here. It is not shown again.",
    )
    events = forms.MultipleChoiceField(
        label="What it is told of",
        choices=_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )

    @property
    def moments(self) -> list[str]:
        """The heads of the columns of `event_rows`."""
        return list(_MOMENTS.values())

    @property
    def event_rows(self) -> list[tuple[str, list[BoundWidget]]]:
        """The boxes of each kind, with its title."""
        boxes = list(self["events"])
        size = len(_MOMENTS)
        return [
            (_KINDS[kind.name], boxes[i * size : (i + 1) * size])
            for i, kind in enumerate(KINDS)
        ]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_public(url, settings.FETCH_ALLOWED_HOSTS)
        except FormatError as e:
            raise ValidationError(reason(e)) from e
        return url

    def clean_events(self) -> list[str]:
        chosen = self.cleaned_data["events"]
        return [event for event, _ in _CHOICES if event in chosen]


class NewForm(_HookForm):
    # Made with the page: whoever sends it twice gets one web hook.
    pk = forms.UUIDField(required=False, widget=forms.HiddenInput)
    project = RowField(
        Project.objects.none(),
        required=False,
        empty_label="All my projects",
        what="project",
        help_text="It is told of nothing that you may not see.",
    )

    field_order = ["pk", "name", "description", "url", "secret", "project", "events"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects_of(user)  # type: ignore[attr-defined]

    def clean_pk(self) -> UUID:
        return self.cleaned_data["pk"] or uuid4()


class EditForm(_HookForm):
    """A secret is never shown: left empty, it stays."""

    remove_secret = forms.BooleanField(
        label="Remove the secret: messages are not signed any more", required=False
    )

    field_order = ["name", "description", "url", "secret", "remove_secret", "events"]

    def __init__(self, data: Any, hook: WebHook) -> None:
        said = {"url": hook.url, "events": hook.events}
        super().__init__(data, instance=hook, initial=said)
        if hook.sealed_secret:
            self.fields["secret"].label = "New secret"
            self.fields[
                "secret"
            ].help_text = "Leave it empty to keep the present one, which is not shown."
        else:
            del self.fields["remove_secret"]

    def clean(self) -> dict[str, Any]:
        """`secret` becomes None when it stays, and empty when it is taken away."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        is_removed = data.pop("remove_secret", False)
        if is_removed and data.get("secret"):
            self.add_error("secret", "Enter a new secret or remove it, not both.")
        elif not is_removed:
            data["secret"] = data.get("secret") or None
        return data
