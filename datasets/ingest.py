"""Import a dataset: understand the upload, convert the audio, keep the report."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterable
from pathlib import Path
from shutil import disk_usage

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction

from datasets.formats import acoustic
from datasets.formats.base import FormatError, Issue
from datasets.models import Dataset, Finding, Loudness, Utterance
from jobs.models import Gone
from projects.storage import delete_tree, local_copy

_BATCH = 500  # rows written at once


def ingest(dataset: Dataset) -> None:
    """The work of a dataset's job. Raises `FormatError` when nothing is usable.

    Utterances, report and status appear in one step at the end: nobody ever
    sees half a dataset, and a second try after a crash begins afresh.
    """
    # Each try has a folder of its own: one that comes to its senses late must
    # not take away what its successor has made.
    _delete_former(dataset)
    audio = f"{dataset.folder}/audio-{dataset.attempt}"
    try:
        with (
            local_copy(dataset.source.name) as path,
            tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder,
        ):
            reading = acoustic.read(
                path,
                dataset.project.locale,
                Path(folder),
                lambda done, total: _report(dataset, done, total),
                name=dataset.source_name,
            )
            _take_in(dataset, reading, audio)
    except FormatError as e:
        delete_tree(audio)
        with transaction.atomic():
            refused = sum(issue.level == "error" for issue in e.issues)
            Dataset.objects.filter(pk=dataset.pk).update(rejected=refused)
            _write_report(dataset, e.issues)
        raise
    except OSError as e:
        delete_tree(audio)
        raise (_disk_full() if e.errno == errno.ENOSPC else e) from e
    except BaseException:
        delete_tree(audio)
        raise


def _report(dataset: Dataset, done: int, total: int) -> None:
    dataset.report(done, total)
    # What is packed small may be large: look ahead of the disk's end.
    if disk_usage(settings.DATA_DIR).free < settings.MIN_FREE_DISK_MB * 1024**2:
        raise _disk_full()


def _disk_full() -> FormatError:
    return FormatError(
        "The disk of the server is full; nothing was kept of the audio. Make room "
        "and import again.",
        "DiskFull",
    )


def _delete_former(dataset: Dataset) -> None:
    for attempt in range(1, dataset.attempt):
        delete_tree(f"{dataset.folder}/audio-{attempt}")


def _take_in(dataset: Dataset, reading: acoustic.Reading, audio: str) -> None:
    rows, peaks = [], []
    for utterance in reading:
        rows.append(_keep(dataset, utterance, audio))
        peaks.append(utterance.peaks)
    summary = reading.summary
    with transaction.atomic():
        Utterance.objects.bulk_create(rows, batch_size=_BATCH)
        Loudness.objects.bulk_create(
            (Loudness(utterance=u, peaks=p) for u, p in zip(rows, peaks, strict=True)),
            batch_size=_BATCH,
        )
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
        words=len(utterance.transcript.split()),
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
