"""Results that are stored, in the forms in which they are taken away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.http import Http404

from engines import captions
from projects.downloads import file_name
from transcriptions import results
from transcriptions.models import Transcription, TranscriptionFile

REPORT_NAME = "report.json"
_CHUNK = 256 * 1024  # bytes
_BATCH = 200

Stored = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """A phrase as a page shows it; times are in seconds."""

    channel: int | None  # None where there is only one
    start: float
    end: float
    text: str

    @property
    def clock(self) -> str:
        minutes, seconds = divmod(int(self.start), 60)
        hours, minutes = divmod(minutes, 60)
        return (
            f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
        )


# How a result is written in each form, besides the JSON that it is stored as.
FORMS: dict[str, Callable[[Stored], str]] = {
    "srt": lambda stored: captions.srt(results.captions(stored)),
    "vtt": lambda stored: captions.vtt(results.captions(stored)),
    "txt": results.plain,
}
CONTENT_TYPES = {
    "json": "application/json",
    "srt": "application/x-subrip",
    "vtt": "text/vtt; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}


def read(file: TranscriptionFile) -> dict[str, Any]:
    """The result of a file. Raises 404 when there is none, or it is gone."""
    if not file.result:
        raise Http404("There is no result.")
    try:
        with default_storage.open(str(file.result.name)) as stored:
            found: dict[str, Any] = json.load(stored)
    except FileNotFoundError as e:
        raise Http404("The result is gone.") from e
    return found


def lines(stored: Stored) -> list[Line]:
    several = len(stored["combinedRecognizedPhrases"]) > 1
    return [
        Line(
            one["channel"] if several else None,
            one["offsetInTicks"] / results.TICKS,
            (one["offsetInTicks"] + one["durationInTicks"]) / results.TICKS,
            one["nBest"][0]["display"],
        )
        for one in stored["recognizedPhrases"]
    ]


def name_in(form: str, file: TranscriptionFile) -> str:
    """What its file is called in this form: the JSON as in the reference, the others
    after the recording."""
    if form == "json":
        return file.result_name
    return file_name(f"{file.position + 1:04} {file.name}"[:75]) + f".{form}"


def members(
    transcription: Transcription, form: str
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Name and content of all results in this form; the report goes with the JSON."""
    for file in _done(transcription):
        name = str(file.result.name)
        # What was deleted meanwhile is left out.
        if not default_storage.exists(name):
            continue
        if form == "json":
            yield name_in(form, file), chunks(name)
        else:
            yield name_in(form, file), [FORMS[form](read(file)).encode()]
    report = str(transcription.report_file.name or "")
    if form == "json" and report and default_storage.exists(report):
        yield REPORT_NAME, chunks(report)


def _done(transcription: Transcription) -> Iterator[TranscriptionFile]:
    """The files that have a result, a batch at a time: a slow download must not hold a
    cursor of the database."""
    done = transcription.files.exclude(result="").order_by("position")
    keys = list(done.values_list("pk", flat=True))
    for first in range(0, len(keys), _BATCH):
        some = keys[first : first + _BATCH]
        found = TranscriptionFile.objects.in_bulk(some)
        yield from (found[key] for key in some if key in found)


def chunks(name: str) -> Iterator[bytes]:
    """What is stored under this name."""
    with default_storage.open(name) as file:
        yield from iter(lambda: file.read(_CHUNK), b"")
