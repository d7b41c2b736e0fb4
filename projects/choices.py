"""Fields of forms that choose among rows, and what they say when a row is gone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class _Choice(forms.Field):
    """A link may name a row that was deleted, or is not for this project: people
    are told so without its key. `what` is a row in words, such as "dataset"."""

    def __init__(self, *args: Any, what: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.what = what

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except ValidationError as e:
            if e.code == "required":
                raise
            message = f"A {self.what} that was chosen is not on offer. Choose again."
            raise ValidationError(message) from e


class RowField(_Choice, forms.ModelChoiceField):
    """One of the rows."""


class RowsField(_Choice, forms.ModelMultipleChoiceField):
    """Any number of the rows."""
