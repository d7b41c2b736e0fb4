from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q

from datasets import fetch
from datasets.container import MAX_FILES as MAX_FILES_IN_CONTAINER
from datasets.container import check_writable, checked
from datasets.formats.base import FormatError, size_text
from datasets.models import Dataset
from engines.base import EngineError
from projects.choices import RowField
from projects.models import Project
from training.lifetime import check_recognises
from training.models import SpeechModel
from training.offers import audible
from training.services import usable
from transcriptions.models import MAX_HOURS, MIN_HOURS, Transcription
from transcriptions.services import (
    MAX_FILES,
    MAX_RECORDINGS,
    MAX_URLS,
    default_model,
)
from transcriptions.sound import SUFFIXES
from transcriptions.transcribe import MAX_BYTES

_CHANNELS = {
    "0,1": "Channels 0 and 1 (the first and the second), each by itself",
    "0": "Channel 0 alone (the first)",
    "1": "Channel 1 alone (the second)",
}
# Where recordings come from, and what to say when there are none.
_SOURCES = {
    "recordings": "Choose at least one file.",
    "urls": "Give at least one address.",
    "container": "Give the address of a container.",
    "dataset": "Choose a dataset.",
}
# What the reference has and nothing here can do: said, never left out of account.
_NOT_HERE = {
    "diarization": "Speakers in one channel cannot be told apart with this engine. "
    "Record each speaker on a channel of their own.",
    "language_identification": "Languages cannot be told apart with this engine: all "
    "files are taken to be in the language of the project.",
}


class RenameForm(forms.ModelForm):
    class Meta:
        model = Transcription
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class AddressField(forms.CharField):
    """The address of a container, with what opens it."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}
        super().__init__(required=False, widget=forms.TextInput(attrs=attrs), **kwargs)


class AgainForm(forms.Form):
    """The addresses of its containers, which a transcription forgets at its end."""

    container = AddressField(label="Container of the recordings, with its SAS")
    destination = AddressField(label="Container of the results, with its SAS")

    def __init__(self, *args: Any, transcription: Transcription, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.transcription = transcription
        for name in list(self.fields):
            if not getattr(transcription, name):
                del self.fields[name]

    def clean(self) -> None:
        super().clean()
        for name, address in list(self.cleaned_data.items()):
            place = getattr(self.transcription, name)
            try:
                is_same = not address or fetch.without_query(address) == place
            except FormatError as e:
                self.add_error(name, str(e))
            else:
                if not is_same:
                    self.add_error(name, f"This is not {place}.")


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Any number of files, none of them too large; an empty one fails by itself."""

    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, list) else [data] if data else []
        if len(given) > MAX_FILES:
            message = (
                f"At most {MAX_FILES:,} files can be sent at once. For more, make "
            )
            message += "a dataset of them."
            raise forms.ValidationError(message, "ExceededNumberOfRecordingsUris")
        files = [super(_FilesField, self).clean(one, initial) for one in given]
        for file in files:
            if (file.size or 0) > MAX_BYTES:
                message = f"{file.name} has {size_text(file.size or 0)}; "
                message += f"{size_text(MAX_BYTES)} is the limit."
                raise forms.ValidationError(message, "too_large")
        return files


_ALL_SOURCES = [
    ("recordings", "From this computer"),
    ("urls", "From addresses"),
    ("container", "From a container"),
    ("dataset", "From a dataset"),
]
# Where a Speech resource can fetch recordings itself.
_PUBLIC = ("urls", "container")


class TranscriptionForm(RenameForm):
    """All that a new transcription needs.

    What cannot be done here is refused with a reason: `_NOT_HERE`.
    """

    source = forms.ChoiceField(
        choices=_ALL_SOURCES, required=False, initial="recordings"
    )
    recordings = _FilesField(
        required=False,
        allow_empty_file=True,
        label="Files",
        help_text=f"At most {MAX_FILES}, each of at most 1 GB and 12 hours, together "
        "of at most 2 GB: WAV, MP3, OGG or WebM with Opus, FLAC, AAC, WMA, AMR and "
        "others. For more, make a dataset of them first.",
        widget=_Files(
            attrs={
                "accept": "audio/*,video/*,.amr,.wma,.spx",
                "data-suffixes": " ".join(sorted(SUFFIXES)),
                "data-most": MAX_FILES,
            }
        ),
    )
    # Where each file is in the folder that was chosen, as a list in JSON: browsers
    # send it, and Django takes the last part only.
    paths = forms.JSONField(required=False, widget=forms.HiddenInput)
    urls = forms.CharField(
        required=False,
        label="Addresses",
        help_text=f"One in each line, at most {MAX_URLS:,}. They must open without "
        "signing in; a SAS address does.",
        widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}
        ),
    )
    container = AddressField(
        label="Address of the container",
        help_text="An Azure container with a SAS that permits to read and list, or a "
        "bucket of the kind of S3 that everybody may list and read. At most "
        f"{MAX_FILES_IN_CONTAINER:,} files; the parameter prefix takes a part of them. "
        "What is no recording is left out and named in the report.",
    )
    dataset = RowField(Dataset.objects.none(), required=False, what="dataset")
    destination = AddressField(
        label="Write the results to",
        help_text="An Azure container with a SAS that permits to write and is valid "
        "until the end. A JSON file for each recording and the report are put into a "
        "folder of their own, and stay there when they are deleted here. Not possible "
        "with S3: a presigned address opens one object only.",
    )
    model = RowField(
        SpeechModel.objects.none(),
        required=False,
        what="model",
    )
    channels = forms.ChoiceField(
        choices=list(_CHANNELS.items()), required=False, initial="0,1"
    )
    # Made with the page: whoever sends it twice gets one transcription.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    class Meta(RenameForm.Meta):
        fields = [
            *RenameForm.Meta.fields,
            *("hours", "has_word_times", "has_display_word_times"),
            *("punctuation", "profanity"),
        ]
        labels = {
            "hours": "Delete the results after (hours)",
            "has_word_times": "Times of all words, in lexical form",
            "has_display_word_times": "Times of all words, as they are displayed",
        }
        help_texts = {
            "hours": f"Counted from the end of the transcription: {MIN_HOURS} hours to "
            f"{MAX_HOURS} (31 days)."
        }

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.datasets = audible(project)
        self.fields["dataset"].queryset = self.datasets  # type: ignore[attr-defined]
        self._offer_models()
        if project.is_remote:
            offered = [one for one in _ALL_SOURCES if one[0] in _PUBLIC]
            self.fields["source"].choices = offered  # type: ignore[attr-defined]
            self.fields["source"].initial = "urls"
        for name in ("hours", "punctuation", "profanity"):
            self.fields[name].required = False
        modes = [Transcription.Punctuation.AUTOMATIC, Transcription.Punctuation.NONE]
        self.fields["punctuation"].widget.choices = [(m, m.label) for m in modes]

    def _offer_models(self) -> None:
        """Those that can be used; others are known, to say why they cannot."""
        models = SpeechModel.objects.filter(engine=self.project.engine)
        field = self.fields["model"]
        field.queryset = models.filter(Q(project=None) | Q(project=self.project))  # type: ignore[attr-defined]
        self._usable = usable(self.project)
        names = ((model.pk, model.name) for model in self._usable)
        field.widget.choices = [("", "The newest base model"), *names]

    def clean_urls(self) -> list[str]:
        urls = str(self.cleaned_data["urls"]).split()
        if len(urls) > MAX_URLS:
            message = f"These are {len(urls):,} addresses; {MAX_URLS:,} are allowed."
            raise forms.ValidationError(message, "ExceededNumberOfRecordingsUris")
        for number, url in enumerate(urls, start=1):
            try:
                _public(url)
            except FormatError as e:
                message = f"Address {number}: {e}"
                raise forms.ValidationError(message, "InvalidRecordingsUri") from e
        return urls

    def clean_container(self) -> str:
        address = str(self.cleaned_data["container"])
        if address:
            _check(lambda: _public(address), "InvalidRecordingsUri")
            _check(lambda: checked(address, "rl"), "InvalidRecordingsUri")
        return address

    def clean_destination(self) -> str:
        address = str(self.cleaned_data["destination"])
        if address:
            _check(lambda: _public(address), "InvalidDestinationUri")
            _check(lambda: check_writable(address), "InvalidDestinationUri")
        return address

    def clean_dataset(self) -> Dataset | None:
        dataset: Dataset | None = self.cleaned_data["dataset"]
        if dataset and dataset.accepted > MAX_RECORDINGS:
            raise forms.ValidationError(
                f"“{dataset.name}” has {dataset.accepted:,} recordings; "
                f"{MAX_RECORDINGS:,} are allowed."
            )
        return dataset

    def clean_model(self) -> SpeechModel:
        model = self.cleaned_data["model"] or default_model(self.project)
        if model is None:
            message = f"No base model speaks {self.project.language}."
            raise forms.ValidationError(message, "InvalidModel")
        try:
            check_recognises(model)
        except EngineError as e:
            raise forms.ValidationError(str(e), e.code) from e
        if model not in self._usable:
            message = f"{model.name} is not ready, or does not speak the language."
            raise forms.ValidationError(message, "InvalidModel")
        return model

    def clean_channels(self) -> list[int]:
        return [int(n) for n in (self.cleaned_data["channels"] or "0,1").split(",")]

    def clean_hours(self) -> int:
        return int(self.cleaned_data["hours"] or self.instance.hours)

    def clean_profanity(self) -> str:
        return str(self.cleaned_data["profanity"] or self.instance.profanity)

    def clean_punctuation(self) -> str:
        mode = self.cleaned_data["punctuation"] or self.instance.punctuation
        if mode in (Transcription.Punctuation.DICTATED, Transcription.Punctuation.BOTH):
            raise forms.ValidationError(
                "Punctuation that is dictated (“comma”, “full stop”) is not told from "
                "other words with this engine. Choose Automatic or None.",
                "InvalidArgument",
            )
        return str(mode)

    def clean(self) -> None:
        super().clean()
        for name, message in _NOT_HERE.items():
            if self.data.get(name):
                self.add_error(None, forms.ValidationError(message, "NotAllowed"))
        self._check_sources()
        has_recordings = self.cleaned_data.get("dataset")
        if has_recordings and 0 not in self.cleaned_data.get("channels", [0]):
            message = "The recordings of datasets have one channel, channel 0."
            self.add_error(
                "channels", forms.ValidationError(message, "InvalidChannels")
            )

    def _check_sources(self) -> None:
        """Exactly one; the page says which, and the others on it do not count."""
        chosen = self.cleaned_data.get("source")
        given = [name for name in _SOURCES if self.cleaned_data.get(name)]
        for name in set(_SOURCES) - {chosen} if chosen else ():
            # People do not see it any more, nor what is wrong with it.
            self.errors.pop(name, None)
            self.cleaned_data[name] = None
            given = [one for one in given if one != name]
        if set(_SOURCES) & set(self.errors):
            return
        if self.project.is_remote and set(given) - set(_PUBLIC):
            message = "A Speech resource fetches recordings itself: give their "
            message += "addresses, or that of a container."
            self.add_error(None, forms.ValidationError(message, "InvalidRecordingsUri"))
        elif not given:
            self.add_error(chosen or None, _SOURCES[chosen or "recordings"])
        elif len(given) > 1:
            message = "Give files, addresses, a container or a dataset, only one."
            code = "OnlyOneOfUrlsOrContainerOrDataset"
            self.add_error(None, forms.ValidationError(message, code))

    def answers(self) -> dict[str, Any]:
        """What `services.create` takes."""
        answers = {k: v for k, v in self.cleaned_data.items() if k != "source"}
        files, paths = answers.pop("recordings"), answers.pop("paths")
        return answers | {
            "files": files or (),
            "names": _paths(files or (), paths),
            "urls": answers["urls"] or (),
            "container": answers["container"] or "",
        }


def _public(address: str) -> None:
    fetch.check_public(address, settings.FETCH_ALLOWED_HOSTS)


def _check(check: Callable[[], object], code: str) -> None:
    try:
        check()
    except FormatError as e:
        raise forms.ValidationError(str(e), code) from e


def _paths(files: Sequence[UploadedFile], given: object) -> list[str]:
    """What the files are called with their folders, if the browser has said it."""
    names = [str(file.name) for file in files]
    paths = [str(one) for one in given] if isinstance(given, list) else []
    ends = [path.rsplit("/", 1)[-1] for path in paths]
    return paths if ends == names else names
