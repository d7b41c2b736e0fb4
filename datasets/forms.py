from __future__ import annotations

from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from datasets.models import Dataset


class DatasetForm(forms.ModelForm):
    """What may be changed at any time."""

    class Meta:
        model = Dataset
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class UploadForm(DatasetForm):
    file = forms.FileField(
        label="Archive",
        help_text="A .zip with WAV files and one transcript file (.txt or .tsv) "
        "that has a line for each of them: file name, TAB, what was said. "
        "At most 2 GB and 10,000 files.",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )

    class Meta(DatasetForm.Meta):
        help_texts = {"name": "Left empty, the name of the file is taken."}

    field_order = ["file", "name", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        size = file.size or 0
        if size > settings.UPLOAD_MAX_BYTES:
            limit = filesizeformat(settings.UPLOAD_MAX_BYTES)
            raise forms.ValidationError(
                f"The file has {filesizeformat(size)}; {limit} is the limit. "
                "Split it into several archives, each with its own transcript file."
            )
        return file

    def clean(self) -> None:
        super().clean()
        file = self.cleaned_data.get("file")
        if file and not self.cleaned_data.get("name"):
            self.cleaned_data["name"] = PurePath(file.name).stem[:200]
