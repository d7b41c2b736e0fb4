"""Make a new dataset of recordings of the editor: an archive, imported as any other.

Each segment with a text becomes a WAV file of its own, and the texts a transcript
with titles, so that speakers and other labels go along. The archive is written to
the disk piece by piece.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet

from datasets import services as datasets
from datasets.models import Dataset
from editor import clips
from editor.cutting import PART_SECONDS
from editor.disk import look_ahead, told_when_full
from editor.history import BATCH
from editor.models import Export, Recording, Segment
from projects.storage import local_copy

_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_STEM_CHARACTERS = 100
_STEM_BYTES = 200


class ExportRefused(Exception):
    """There is nothing to export."""

    code = "NothingToExport"


def export(job: Export) -> None:
    """The work of an export's job. Raises `ExportRefused` and `DiskFull`."""
    with (
        told_when_full(),
        tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder,
    ):
        path = Path(folder) / "export.zip"
        with zipfile.ZipFile(path, "w") as archive:
            kept = _write(job, archive)
        total = _segments(job).count()
        if not kept:
            raise ExportRefused(
                "No segment of the chosen recordings has a text. Write some, and "
                "export again."
            )
        with path.open("rb") as file, transaction.atomic():
            dataset = datasets.upload(
                job.editor_set.project,
                job.name,
                File(file, f"{stem_of(job.name)}.zip"),
                job.description,
                # A second try after a crash makes no second dataset.
                key=job.pk,
                kind=Dataset.Kind.ACOUSTIC,
                use=job.use,
            )
            left_out = job.left_out + total - kept
            job.succeed(dataset=dataset, kept=kept, left_out=left_out)


def chosen_of(job: Export) -> QuerySet[Recording]:
    return job.editor_set.recordings.filter(position__in=job.chosen)


def stem_of(name: str) -> str:
    """The name of a file without its ending, as every system can store it.

    >>> stem_of("calls/ward 1.wav"), stem_of("..."), stem_of("a\\tb?.mp3")
    ('ward 1', 'recording', 'a_b_')
    """
    stem = _UNFIT.sub("_", PurePosixPath(name.replace("\\", "/")).stem)[
        :_STEM_CHARACTERS
    ]
    while len(stem.encode()) > _STEM_BYTES:
        stem = stem[:-1]
    return stem.strip(" .") or "recording"


def _segments(job: Export) -> QuerySet[Segment]:
    return Segment.objects.filter(recording__in=chosen_of(job))


def _write(job: Export, archive: zipfile.ZipFile) -> int:
    """Write the clips, then the transcript; gives the number of clips."""
    labels = sorted({name for row in chosen_of(job) for name in row.labels})
    lines = Path(archive.filename or "").with_suffix(".txt")
    kept = done = 0
    total = chosen_of(job).count()
    job.report(0, total)
    with lines.open("w", encoding="utf-8-sig") as transcript:
        transcript.write("\t".join(["file", "text", *labels]) + "\n")
        for recording, stem in _named(chosen_of(job).iterator(BATCH)):
            values = [recording.labels.get(name, "") for name in labels]
            look_ahead()
            for name, text in _clips(recording, stem, archive):
                transcript.write("\t".join([name, text, *values]) + "\n")
                kept += 1
            done += 1
            job.report(done, total)
    archive.write(lines, "trans.txt", zipfile.ZIP_DEFLATED)
    return kept


def _named(recordings: Iterator[Recording]) -> Iterator[tuple[Recording, str]]:
    """Each recording with a stem of its own: two datasets may use the same names."""
    used: set[str] = set()
    for recording in recordings:
        stem = stem_of(recording.name)
        if stem.casefold() in used:
            stem = f"{stem}-{recording.position}"
        used.add(stem.casefold())
        yield recording, stem


def _clips(
    recording: Recording, stem: str, archive: zipfile.ZipFile
) -> Iterator[tuple[str, str]]:
    """Write the segments with a text to the archive; gives their names and texts."""
    rows = recording.segments.all()
    wanted = [
        (number, row)
        for number, row in enumerate(rows, start=1)
        if row.text and row.end - row.start >= PART_SECONDS
    ]
    if not wanted:
        return
    with local_copy(recording.audio.name) as path:
        for number, row in wanted:
            name = f"{stem}_{number:04}.wav"
            with archive.open(name, "w") as member:
                clips.cut(path, row.start, row.end, member)
            yield name, row.text
