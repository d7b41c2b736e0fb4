from __future__ import annotations

from typing import Any

from django import forms

from evaluations.models import Comment, Verdict


class VerdictForm(forms.Form):
    """A verdict to be given, or the one to be taken back."""

    choice = forms.ChoiceField(choices=Verdict.Choice.choices, required=False)
    take_back = forms.ChoiceField(choices=Verdict.Choice.choices, required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if bool(data.get("choice")) == bool(data.get("take_back")):
            raise forms.ValidationError("Give one verdict, or take one back.")
        return data


class CommentField(forms.CharField):
    """Browsers send each end of a line as two characters: count one."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n")


class CommentForm(forms.Form):
    text = CommentField(
        max_length=Comment._meta.get_field("text").max_length,
        error_messages={"required": "Write something first."},
    )


class DeleteForm(forms.Form):
    comment = forms.IntegerField(min_value=1)
