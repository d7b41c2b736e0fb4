from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile

from datasets import fetch
from datasets.formats.base import FormatError, size_text
from datasets.incoming import Upload
from datasets.kinds import BY_VALUE, KINDS, Kind
from datasets.models import Dataset
from datasets.uploads import UploadError, check_size, limit_of, size_of, unused
from projects.models import Project

_GONE = (
    "The file is not on the server any more, or a dataset was made of it already. "
    "Choose it again."
)


class DatasetForm(forms.ModelForm):
    """What may be changed at any time."""

    class Meta:
        model = Dataset
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class NewDatasetForm(DatasetForm):
    """All answers of the wizard for a new dataset; each step shows a few.

    `addresses` are those that this person gave, by the word that stands for each.
    """

    use = forms.ChoiceField(
        choices=Dataset.Use.choices,
        error_messages={
            "required": "Choose what the data is for.",
            "invalid_choice": "Choose what the data is for.",
        },
    )
    kind = forms.ChoiceField(
        choices=Dataset.Kind.choices,
        error_messages={
            "required": "Choose a type of data.",
            "invalid_choice": "Choose a type of data.",
        },
    )
    upload = forms.UUIDField(
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid": _GONE},
    )
    address = forms.CharField(required=False, widget=forms.HiddenInput)
    is_normalized = forms.BooleanField(
        required=False,
        label="The text is normalised already",
        help_text="Take the transcripts as they are. Without this, typographic signs "
        "become plain ones, and lines that the language does not allow are refused.",
    )

    # Made with the review: whoever sends it twice gets one dataset.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    field_order = ["use", "kind", "upload", "address", "name", "description"]

    def __init__(
        self,
        *args: Any,
        project: Project,
        user: User,
        addresses: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.user = user
        self.addresses = addresses
        for name in ("use", "kind"):
            self.fields[name].widget = forms.HiddenInput()

    @property
    def of_kind(self) -> Kind | None:
        return BY_VALUE.get(self.cleaned_data.get("kind", ""))

    @property
    def has_normalization(self) -> bool:
        return self.cleaned_data.get("kind") == Dataset.Kind.ACOUSTIC

    def clean_kind(self) -> str:
        kind: str = self.cleaned_data["kind"]
        use = self.cleaned_data.get("use", "")
        if use and not BY_VALUE[kind].is_offered(use, self.project.locale):
            label = Dataset.Use(use).label.lower()
            raise forms.ValidationError(
                f"“{BY_VALUE[kind].label}” is no {label} data in "
                f"{self.project.language}. Choose another type."
            )
        return kind

    def clean_upload(self) -> Upload | None:
        asked: UUID | None = self.cleaned_data["upload"]
        if asked is None:
            return None
        mine = unused(self.project, self.user)
        upload: Upload | None = mine.filter(pk=asked).first()
        if upload is None:
            raise forms.ValidationError(_GONE)
        if not upload.is_committed:
            message = (
                f"{upload.file_name} is not complete yet. Choose it again to go on."
            )
            raise forms.ValidationError(message)
        kind = self.of_kind
        if kind:
            check_file(upload.file_name, size_of(upload), kind)
        return upload

    def clean_address(self) -> str:
        word: str = self.cleaned_data["address"]
        if word and word not in self.addresses:
            message = (
                "Give the address again: it was kept only while you were signed in."
            )
            raise forms.ValidationError(message)
        return self.addresses.get(word, "")

    def clean(self) -> None:
        super().clean()
        given = [self.cleaned_data.get(name) for name in ("upload", "address")]
        if not any(given) and not {"upload", "address"} & set(self.errors):
            message = "Choose a file or give an address."
            self.add_error("upload", forms.ValidationError(message, code="missing"))

    def answers(self) -> dict[str, Any]:
        """What `services.create` takes."""
        data = self.cleaned_data
        is_normalized = self.has_normalization and data["is_normalized"]
        style = Dataset.Normalization
        return {
            "kind": data["kind"],
            "use": data["use"],
            "name": data["name"],
            "description": data["description"],
            "upload": data["upload"],
            "url": data["address"],
            "text_normalization": style.NONE if is_normalized else style.DEFAULT,
            "key": data.get("key"),
        }


class SourceForm(forms.Form):
    """A file of this computer, or the address of one."""

    source = forms.ChoiceField(
        choices=[("file", "From this computer"), ("url", "From a URL")],
        initial="file",
        required=False,
    )
    file = forms.FileField(required=False, allow_empty_file=True)
    url = forms.CharField(
        label="Address",
        required=False,
        strip=True,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, kind: Kind, has: Mapping[str, bool], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.has = has  # which of them is here already
        limit = limit_of(kind.value)
        self.fields["file"].widget.attrs |= {
            "accept": ",".join(kind.suffixes),
            # upload.js reads it: nobody should wait for 3 GB to be refused.
            "data-max-bytes": limit,
            "data-kind": kind.value,
        }
        self.fields["file"].help_text = limits_of(kind)

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file:
            check_file(file.name or "", file.size or 0, self.kind)
        return file

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if url:
            try:
                fetch.check_public(url, settings.FETCH_ALLOWED_HOSTS)
            except FormatError as e:
                raise forms.ValidationError(str(e)) from e
        return url

    def clean(self) -> None:
        name = "url" if self.cleaned_data.get("source") == "url" else "file"
        # Without the script both are on the page, and one is enough.
        other = "file" if name == "url" else "url"
        if self.cleaned_data.get(other) and not self.cleaned_data.get(name):
            name = other
        self.chosen = name
        if self.has[name] or self.cleaned_data.get(name) or name in self.errors:
            return
        missing = {"file": "Choose a file.", "url": "Give the address of the file."}
        self.add_error(name, missing[name])


def check_file(name: str, size: int, kind: Kind) -> None:
    """Raises `ValidationError` when the file cannot be of this kind."""
    try:
        check_size(size, kind.value)
    except UploadError as e:
        raise forms.ValidationError(str(e)) from e
    if PurePath(name).suffix.lower() not in kind.suffixes:
        known = _either(kind.suffixes)
        raise forms.ValidationError(
            f"“{kind.label}” comes as {known}, and this file is called {name}."
        )


def limits_of(kind: Kind) -> str:
    """
    >>> limits_of(BY_VALUE["Transcript"])
    '.txt or .tsv, at most 1 MB'
    """
    limit = size_text(limit_of(kind.value)).replace(".0 ", " ")
    return f"{_either(kind.suffixes)}, at most {limit}"


def name_of(file_name: str) -> str:
    """A name for a dataset that came in this file.

    >>> name_of("ward round.zip"), name_of(".zip"), name_of("a\\u202eb.zip")
    ('ward round', 'Dataset', 'ab')
    """
    shown = "".join(c for c in file_name if unicodedata.category(c)[0] != "C")
    known = {suffix for kind in KINDS for suffix in kind.suffixes}
    if PurePath(f"x{shown}").suffix.lower() in known:
        shown = shown[: shown.rindex(".")]
    return shown.strip(". ")[:200] or "Dataset"


def _either(words: tuple[str, ...]) -> str:
    """
    >>> _either((".a",)), _either((".a", ".b", ".c"))
    ('.a', '.a, .b or .c')
    """
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} or {words[-1]}"
