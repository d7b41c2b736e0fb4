"""A corrected version of a dataset: its recordings, some of them with another text.

It is imported like an upload, from a file that says what is corrected, a JSON object on
each line:

    {"position": 7, "audio_filepath": "seven.wav", "former": "ten", "text": "two"}

Everything else is copied from the former dataset and goes through the conversion and
the checks of any upload. Recordings keep their places, names and labels, and every
sample of theirs (`Utterance.audio_hash`). Once it is imported, it stands alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, BinaryIO, Self, cast
from zipfile import ZipInfo

from django.core.files.storage import default_storage

from datasets.formats.archive import Member
from datasets.formats.base import Findings, FormatError, Issue, key, shown
from datasets.formats.clips import Clip, Reading, Use
from datasets.formats.text import CONTROLS, Reporter
from datasets.formats.transcript import Line, TextRules, line_problem
from datasets.models import Dataset, Utterance
from scoring.locale import language_of

SOURCE_NAME = "corrections.jsonl"
_BATCH = 1000


def is_version(dataset: Dataset) -> bool:
    """Also of one whose former dataset is gone, which cannot be imported then."""
    return dataset.former_id is not None or dataset.source_name == SOURCE_NAME


def kept_text(text: str, dataset: Dataset) -> str:
    """A corrected text as an import keeps it; raises FormatError where it does not."""
    whole = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    one_line = " ".join(CONTROLS.sub(" ", whole).split())
    problem = line_problem("-", one_line or "-")
    if problem is not None:
        _, message, advice = problem
        raise FormatError(f"The text {message}. Please {advice}.", "version.text")
    findings = Findings()
    kept = _rules(dataset, findings).apply(1, one_line, one_line)
    if kept is None:
        issue = findings.all()[0]
        message = f"The text {issue.message}. Please {issue.advice}."
        raise FormatError(message, "version.text")
    return kept


def write(corrections: Iterable[Mapping[str, Any]], file: IO[bytes]) -> None:
    """The file of a version; each with the keys that are shown above."""
    for correction in corrections:
        line = json.dumps(correction, ensure_ascii=False)
        file.write(line.encode() + b"\n")


def read(
    dataset: Dataset,
    path: Path,
    workdir: Path,
    report: Callable[[int, int], None],
    findings: Findings,
) -> Reading:
    """The recordings of the former dataset with the texts that `path` corrects.

    Raises FormatError when there is no former dataset any more.
    """
    if dataset.former is None:
        message = "The dataset that this is a new version of was deleted."
        raise FormatError(message, "version.gone")
    with path.open(encoding="utf-8") as file:
        corrected = {one["position"]: one["text"] for one in map(json.loads, file)}
    stored = _Stored()
    reading = Reading(
        "acoustic",
        workdir,
        shown(dataset.former.name),
        report,
        cast(Use, dataset.use),
        findings,
        lambda: stored,
    )
    rules = _rules(dataset, findings)
    rows = dataset.former.utterances.only(
        "position", "name", "audio", "transcript", "labels"
    )
    for row in rows.order_by("position").iterator(_BATCH):
        said = corrected.get(row.position, row.transcript)
        text = rules.apply(row.position, said, said)
        if text is not None:
            reading.clips.append(stored.clip(row, text))
    rules.finish()
    return reading


def _rules(dataset: Dataset, findings: Findings) -> TextRules:
    normalizes = dataset.text_normalization == Dataset.Normalization.DEFAULT
    language = language_of(dataset.project.locale) if normalizes else ""
    return TextRules(Reporter(findings, SOURCE_NAME, "transcript"), language)


class _Stored:
    """The recordings of a dataset, as a `clips.Source`."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}  # where each lies, by its name in folded case

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Each file is closed by who asked for it."""

    def clip(self, row: Utterance, text: str) -> Clip:
        """What is to become the same utterance with this text."""
        name = row.name
        if key(name) in self._files:  # two parts of a recording, less than 1 ms apart
            path = PurePosixPath(name)
            name = f"{path.stem}-{row.position}{path.suffix}"
        self._files[key(name)] = str(row.audio.name)
        line = Line(row.position, name, text, row.labels, file=SOURCE_NAME)
        return Clip(row.position - 1, line, Member(name, shown(name), 0, ZipInfo()))

    def load(self, member: Member, spare: Path) -> BinaryIO | Issue:
        """Called by several threads at the same time."""
        try:
            with (
                default_storage.open(self._files[key(member.name)]) as stored,
                spare.open("wb") as copy,
            ):
                shutil.copyfileobj(stored, copy)
        except FileNotFoundError:
            message = "is not on the server any more"
            return Issue("error", member.path, None, "version.no_audio", message)
        return spare.open("rb")
