from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet

from projects.models import Project
from training.models import SpeechModel


class CopyForm(forms.Form):
    """Where a copy goes, and what it is called there."""

    project = forms.ModelChoiceField(
        Project.objects.none(),
        label="To the project",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the project to copy to."},
    )
    name = forms.CharField(max_length=200)
    # Made with the page: whoever sends it twice gets one copy.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, targets: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = targets  # type: ignore[attr-defined]


class ImportForm(forms.ModelForm):
    base = forms.ModelChoiceField(
        SpeechModel.objects.none(),
        label="Base model",
        empty_label=None,
        help_text="What the model was made from: tests compare it with this.",
    )
    file = forms.FileField(
        label="Model",
        help_text="A zip of the model's folder: an export of this studio, any Whisper "
        "model for CTranslate2, or one for transformers with its weights as "
        "safetensors.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
        error_messages={"empty": "The file is empty."},
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    field_order = ["file", "base", "name", "description"]

    class Meta:
        model = SpeechModel
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, bases: list[SpeechModel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["base"].queryset = SpeechModel.objects.filter(  # type: ignore[attr-defined]
            pk__in=[base.pk for base in bases]
        )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if not (file.name or "").lower().endswith(".zip"):
            raise forms.ValidationError("Pack the model's folder into one .zip file.")
        return file
