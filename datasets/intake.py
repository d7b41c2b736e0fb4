"""Read an upload of any kind: what is in it, what is wrong with it, its figures.

Nothing of it is in the database yet; `datasets.ingest` stores it in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from django.core.files.base import File
from django.core.files.storage import default_storage

from datasets import content, speak, statistics, versions, vocabulary
from datasets.doctor import examine
from datasets.formats import (
    acoustic,
    audio_files,
    clips,
    output_format,
    plain_text,
    pronunciation,
    structured_text,
)
from datasets.formats.base import Entry, Findings, shown
from datasets.models import Dataset, Utterance
from datasets.seen import Seen
from datasets.text_doctor import TextDoctor
from datasets.words import words

_EVERY = 20_000  # entries between two signs of progress
_TEXTS = {
    Dataset.Kind.PLAIN_TEXT: plain_text.read,
    Dataset.Kind.STRUCTURED_TEXT: structured_text.read,
    Dataset.Kind.PRONUNCIATION: pronunciation.read,
    Dataset.Kind.OUTPUT_FORMAT: output_format.read,
}


@dataclass
class Intake:
    """An upload being read. `read` fills the rest of it."""

    dataset: Dataset
    path: Path  # of the upload, on this disk
    workdir: Path
    findings: Findings
    # Takes what is done and what there is; may raise, to stop.
    report: Callable[[int, int], None]
    target: str  # a folder of the storage for what is kept
    rows: list[Utterance] = field(default_factory=list)
    peaks: list[bytes] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    accepted: int = 0
    seconds: float = 0.0
    content: Path | None = None  # what a text holds, as `datasets.content` writes it
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def locale(self) -> str:
        return self.dataset.project.locale

    @property
    def name(self) -> str:
        return self.dataset.source_name

    def read(self) -> None:
        """Raises `FormatError` when nothing is usable; the findings say why."""
        if self.dataset.has_audio:
            self._read_recordings()
        else:
            self._read_text()

    def keep(self, path: Path, name: str) -> str:
        """Move a file to the storage; gives its name there."""
        with path.open("rb") as file:
            return default_storage.save(
                f"{self.target}/{name}", _Movable(file, str(path))
            )

    def _read_recordings(self) -> None:
        for utterance in self._utterances():
            self.rows.append(self._row(utterance))
            self.peaks.append(utterance.peaks)
            self.seen.append(_seen(utterance))
            self.seconds += utterance.seconds
        self.accepted = len(self.rows)
        for issue in examine(self.seen, self.locale):
            self.findings.add(issue)
        self.figures = statistics.of_utterances(
            self.seen, self.locale, vocabulary.of_project(self.dataset.project)
        )

    def _utterances(self) -> Iterable[clips.Utterance]:
        if versions.is_version(self.dataset):
            return versions.read(
                self.dataset, self.path, self.workdir, self.report, self.findings
            )
        where = (self.path, self.locale, self.workdir, self.report)
        if self.dataset.kind == Dataset.Kind.TRANSCRIPT:
            return speak.read(*where, name=self.name, findings=self.findings)
        use = cast(clips.Use, self.dataset.use)
        if self.dataset.kind == Dataset.Kind.AUDIO:
            return audio_files.read(
                *where, name=self.name, findings=self.findings, use=use
            )
        style = self.dataset.text_normalization
        return acoustic.read(
            *where,
            name=self.name,
            findings=self.findings,
            use=use,
            normalizes=style == Dataset.Normalization.DEFAULT,
        )

    def _row(self, utterance: clips.Utterance) -> Utterance:
        position = utterance.position + 1
        measures = utterance.measures
        return Utterance(
            dataset=self.dataset,
            position=position,
            name=utterance.name[:255],
            audio=self.keep(utterance.path, f"audio/{position:06}.wav"),
            transcript=utterance.transcript,
            words=len(words(utterance.transcript, self.locale)),
            seconds=utterance.seconds,
            labels=utterance.labels,
            speaker=utterance.labels.get("speaker", ""),
            level_dbfs=measures.level_dbfs,
            snr_db=measures.snr_db,
            clipping=measures.clipping,
            silence=measures.silence,
            audio_hash=measures.audio_hash,
        )

    def _read_text(self) -> None:
        figures = statistics.TextFigures(self.locale)
        doctor = TextDoctor(self.locale, shown(self.name))
        with content.Writer(self.workdir) as out:
            for entry in self._entries():
                out.add(entry)
                figures.add(entry)
                doctor.add(entry)
                self.accepted += 1
            for issue in doctor.finish():
                self.findings.add(issue)
            self.figures = figures.figures(vocabulary.of_project(self.dataset.project))
            self.content = self.workdir / "content"
            out.finish(self.content)

    def _entries(self) -> Iterator[Entry]:
        read = _TEXTS[Dataset.Kind(self.dataset.kind)]
        total = _lines(self.path)
        found = read(self.path, self.locale, self.findings, name=self.name)
        for number, entry in enumerate(found):
            if number % _EVERY == 0:
                self.report(min(entry.line, total), total)
            yield entry
        self.report(total, total)


class _Movable(File):
    """A file that a storage on the same disk may move instead of copying.

    Its name is its path.
    """

    def temporary_file_path(self) -> str:
        return str(self.name)


def _seen(utterance: clips.Utterance) -> Seen:
    measures = utterance.measures
    return Seen(
        position=utterance.position,
        name=utterance.name,
        transcript=utterance.transcript,
        seconds=utterance.seconds,
        audio_hash=measures.audio_hash,
        labels=utterance.labels,
        level_dbfs=measures.level_dbfs,
        snr_db=measures.snr_db,
        silence=measures.silence,
        source_rate_hz=measures.source_rate_hz,
    )


def _lines(path: Path) -> int:
    """About how many lines a text has: for the progress bar."""
    with path.open("rb") as file:
        chunks = iter(lambda: file.read(1024 * 1024), b"")
        return sum(chunk.count(b"\n") for chunk in chunks) + 1
