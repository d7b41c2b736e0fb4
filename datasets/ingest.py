"""Import a dataset: understand the upload, convert the audio, keep the report."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction

from datasets.formats import acoustic
from datasets.formats.base import FormatError, Issue
from datasets.models import Dataset, Finding, Utterance
from jobs.models import Gone
from projects.storage import delete_tree, local_copy

_BATCH = 500  # rows written at once


def ingest(dataset: Dataset) -> None:
    """The work of a dataset's job. Raises `FormatError` when nothing is usable.

    Utterances, report and status appear in one step at the end: nobody ever
    sees half a dataset, and a second try after a crash begins afresh.
    """
    audio = f"{dataset.folder}/audio"
    delete_tree(audio)
    try:
        with (
            local_copy(dataset.source.name) as path,
            tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder,
        ):
            reading = acoustic.read(
                path,
                dataset.project.locale,
                Path(folder),
                dataset.report,
                name=dataset.source_name,
            )
            _take_in(dataset, reading, audio)
    except (Gone, FormatError):
        delete_tree(audio)
        raise


def _take_in(dataset: Dataset, reading: acoustic.Reading, audio: str) -> None:
    try:
        rows = [_keep(dataset, utterance, audio) for utterance in reading]
    except FormatError:
        with transaction.atomic():
            _write_report(dataset, reading.issues)
        raise
    summary = reading.summary
    with transaction.atomic():
        Utterance.objects.bulk_create(rows, batch_size=_BATCH)
        _write_report(dataset, reading.issues)
        ours = dataset.succeed(
            accepted=summary.accepted,
            rejected=summary.rejected_lines + summary.unused_files,
            seconds=summary.seconds,
        )
        if not ours:
            raise Gone(f"{dataset!r} was taken over")


def _keep(dataset: Dataset, utterance: acoustic.Utterance, audio: str) -> Utterance:
    """Move the converted audio to the storage; the row is not written yet."""
    position = utterance.position + 1
    with utterance.path.open("rb") as file:
        name = default_storage.save(
            f"{audio}/{position:06}.wav", _Movable(file, str(utterance.path))
        )
    return Utterance(
        dataset=dataset,
        position=position,
        name=utterance.name[:255],
        audio=name,
        transcript=utterance.transcript,
        seconds=utterance.seconds,
        peaks=utterance.peaks,
    )


class _Movable(File):
    """A file that a storage on the same disk may move instead of copying.

    Its name is its path.
    """

    def temporary_file_path(self) -> str:
        return str(self.name)


def _write_report(dataset: Dataset, issues: Iterable[Issue]) -> None:
    dataset.findings.all().delete()
    Finding.objects.bulk_create(
        (
            Finding(
                dataset=dataset,
                level=issue.level,
                file=issue.file[:255],
                line=issue.line,
                rule=issue.rule,
                message=issue.message,
                advice=issue.advice,
            )
            for issue in issues
        ),
        batch_size=_BATCH,
    )
