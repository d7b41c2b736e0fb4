from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from editor.forms import RenameForm
from endpoints.logs import InvalidLogDate, day_of


class DayField(forms.CharField):
    """A day as yyyy-mm-dd, or None."""

    def clean(self, value: Any) -> date | None:
        text = super().clean(value)
        try:
            return day_of(text) if text else None
        except InvalidLogDate as e:
            raise ValidationError(str(e), code=e.code) from e


class FilterForm(forms.Form):
    """What narrows the list, besides the search."""

    below = forms.FloatField(
        required=False,
        min_value=0,
        max_value=100,
        error_messages={"invalid": "A confidence is a number of per cent."},
    )
    since = DayField(required=False)
    until = DayField(required=False)


class DeleteForm(forms.Form):
    """When somebody was asked whether to delete: what came later they did not see."""

    before = forms.DateTimeField(required=False)


class CorrectForm(RenameForm):
    """The name of a set of the transcription editor."""

    # Made with the page: whoever sends it twice gets one set.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
