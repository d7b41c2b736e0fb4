from __future__ import annotations

import unicodedata
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from datasets.formats.archive import MAX_FILES, MAX_UPLOAD_BYTES
from datasets.formats.base import size_text
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
        f"At most {size_text(MAX_UPLOAD_BYTES)} and {MAX_FILES:,} files.",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )

    class Meta(DatasetForm.Meta):
        help_texts = {"name": "Left empty, the name of the file is taken."}

    # Made with the page: whoever sends the form twice gets one dataset.
    key = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)

    field_order = ["file", "name", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False
        # app.js reads it: nobody should wait for 3 GB to be refused.
        limit = settings.UPLOAD_MAX_BYTES
        self.fields["file"].widget.attrs["data-max-bytes"] = limit

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
            self.cleaned_data["name"] = name_of(file.name)


def name_of(file_name: str) -> str:
    """A name for a dataset that came in this file.

    >>> name_of("ward round.zip"), name_of(".zip"), name_of("a\\u202eb.zip")
    ('ward round', 'Dataset', 'ab')
    """
    shown = "".join(c for c in file_name if unicodedata.category(c)[0] != "C")
    return shown.removesuffix(".zip").strip(". ")[:200] or "Dataset"
