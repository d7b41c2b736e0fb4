"""Import a dataset: get hold of its file, understand it, keep what is usable."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, transaction

from datasets import report
from datasets.formats.base import FormatError, Issue
from datasets.intake import Intake
from datasets.models import Dataset, Finding, Label, Loudness, Statistics, Utterance
from datasets.obtain import obtain
from datasets.overlap import Comparison
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
    for attempt in range(1, dataset.attempt):
        delete_tree(_folder(dataset, attempt))
    _clear_away(dataset)
    try:
        obtain(dataset, lambda done, total: _progress(dataset, done, total))
        with (
            local_copy(dataset.source.name) as path,
            tempfile.TemporaryDirectory(
                suffix=f".{dataset.pk}", dir=settings.FILE_UPLOAD_TEMP_DIR
            ) as folder,
        ):
            _import(dataset, path, Path(folder))
    except (OSError, OperationalError) as e:
        delete_tree(_folder(dataset, dataset.attempt))
        if _is_disk_full(e):
            raise _disk_full() from e
        raise
    except BaseException as e:
        # Of an upload that cannot be used the report stays.
        if not isinstance(e, FormatError) or e.code == "DiskFull":
            delete_tree(_folder(dataset, dataset.attempt))
        raise


def _clear_away(dataset: Dataset) -> None:
    """Delete what a worker of this machine left unpacked when it died."""
    for left in Path(settings.FILE_UPLOAD_TEMP_DIR).glob(f"*.{dataset.pk}"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _import(dataset: Dataset, path: Path, folder: Path) -> None:
    target = _folder(dataset, dataset.attempt)
    reported = folder / "report"
    try:
        with report.writing(reported) as findings:
            intake = Intake(
                dataset,
                path,
                folder,
                findings,
                lambda done, total: _progress(dataset, done, total),
                target,
            )
            intake.read()
    except FormatError as e:
        if e.code != "DiskFull":
            delete_tree(target)
            _refuse(dataset, intake, reported)
        raise
    comparison = Comparison(
        dataset, intake.seen, intake.content, lambda: _beat(dataset)
    )
    comparison.run()
    _store(intake, reported, comparison)


def _refuse(dataset: Dataset, intake: Intake, reported: Path) -> None:
    """Keep the report of an upload of which nothing is kept."""
    name = intake.keep(reported, "report")
    with transaction.atomic():
        ours = dataset.claimed().update(
            rejected=intake.findings.rejected, report_file=name
        )
        if not ours:
            raise Gone(f"{dataset!r} was taken over")
        dataset.findings.all().delete()
        _write_findings(dataset, intake.findings.all(), {})


def _store(intake: Intake, reported: Path, comparison: Comparison) -> None:
    dataset = intake.dataset
    files = {"report_file": intake.keep(reported, "report")}
    if intake.content:
        files["content_file"] = intake.keep(intake.content, "content")
    with transaction.atomic():
        Utterance.objects.bulk_create(intake.rows, batch_size=_BATCH)
        _write_details(intake)
        dataset.findings.all().delete()
        rows = {row.position - 1: row for row in intake.rows}
        _write_findings(dataset, intake.findings.all(), rows)
        Statistics.objects.create(dataset=dataset, figures=intake.figures)
        comparison.store()
        ours = dataset.succeed(
            accepted=intake.accepted,
            rejected=intake.findings.rejected,
            seconds=intake.seconds,
            **files,
        )
        if not ours:
            raise Gone(f"{dataset!r} was taken over")


def _write_details(intake: Intake) -> None:
    pairs = zip(intake.rows, intake.peaks, strict=True)
    Loudness.objects.bulk_create(
        (Loudness(utterance=row, peaks=peaks) for row, peaks in pairs),
        batch_size=_BATCH,
    )
    Label.objects.bulk_create(
        (
            Label(dataset=intake.dataset, utterance=row, name=name, value=value)
            for row in intake.rows
            for name, value in row.labels.items()
        ),
        batch_size=_BATCH,
    )


def _write_findings(
    dataset: Dataset, issues: Iterable[Issue], rows: dict[int, Utterance]
) -> None:
    def made() -> Iterator[Finding]:
        for issue in issues:
            place = issue.position
            yield Finding(
                dataset=dataset,
                utterance=None if place is None else rows.get(place),
                level=issue.level,
                file=issue.file[:255],
                line=issue.line,
                column=issue.column,
                rule=issue.rule,
                message=issue.message,
                advice=issue.advice,
            )

    Finding.objects.bulk_create(made(), batch_size=_BATCH)


def _beat(dataset: Dataset) -> None:
    if not dataset.beat():
        raise Gone(f"{dataset!r} was taken over")


def _progress(dataset: Dataset, done: int, total: int) -> None:
    dataset.report(done, total)
    # What is packed small may be large: look ahead of the disk's end.
    if shutil.disk_usage(settings.DATA_DIR).free < settings.MIN_FREE_DISK_MB * 1024**2:
        raise _disk_full()


def _folder(dataset: Dataset, attempt: int) -> str:
    return f"{dataset.folder}/import-{attempt}"


def _is_disk_full(error: OSError | OperationalError) -> bool:
    """Whether a file has no room, or a row: databases say it in words only."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(said in str(error) for said in ("disk is full", "No space left"))


def _disk_full() -> FormatError:
    return FormatError(
        "The disk of the server is full; nothing was kept of the import. Make room "
        "and import again.",
        "DiskFull",
    )
