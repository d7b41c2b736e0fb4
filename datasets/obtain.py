"""Get hold of a dataset's file: put its upload together, or fetch it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import PurePath
from typing import IO

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction

from datasets import fetch
from datasets.formats.base import FormatError
from datasets.incoming import Upload
from datasets.kinds import BY_VALUE
from datasets.models import Dataset
from datasets.uploads import limit_of
from jobs.models import Gone

_MB = 1024**2
_CHUNK = 1 * _MB

Report = Callable[[int, int], None]


def obtain(dataset: Dataset, report: Report) -> None:
    """Have `dataset.source` filled, if it is not yet. In constant memory.

    `report` is given megabytes. Raises `FormatError` with a message for the user,
    and `Gone` when the job was taken over. After a crash it begins afresh: the
    blocks, and the address with its secrets, go only when the file is there.
    """
    if not dataset.source:
        report(0, 0)
        _delete_former(dataset)
        try:
            _obtain(dataset, report)
        except OSError as e:
            if e.errno != errno.ENOSPC:
                raise
            message = "The disk of the server is full. Make room and import again."
            raise FormatError(message, "DiskFull") from e
    _let_go(dataset)


def suffix_of(name: str, kind: str) -> str:
    """The extension of the stored file.

    >>> suffix_of("Ward.ZIP", "Acoustic"), suffix_of("ward.exe", "Acoustic")
    ('.zip', '.zip')
    """
    suffixes = BY_VALUE[kind].suffixes
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in suffixes else suffixes[0]


def _obtain(dataset: Dataset, report: Report) -> None:
    # By a name of ours: the one it came with may be none for a file, and by its
    # ending the import finds what a worker left that died.
    with TemporaryUploadedFile(f"source.{dataset.pk}", "", 0, None) as file:
        upload = Upload.objects.filter(dataset=dataset).first()
        if upload:
            _put_together(dataset, upload, file, report)
        elif dataset.source_url:
            _fetch(dataset, file, report)
        else:
            message = "The file is not on the server any more. Upload it again."
            raise FormatError(message, "upload.gone")
        file.flush()
        file.size = file.tell()
        _keep(dataset, file)


def _put_together(
    dataset: Dataset, upload: Upload, file: IO[bytes], report: Report
) -> None:
    _stage(dataset, "Putting the upload together")
    blocks = list(upload.blocks.all())
    total = _megabytes(sum(block.size for block in blocks))
    for block in blocks:
        report(_megabytes(file.tell()), total)
        try:
            part = default_storage.open(str(block.file.name))
        except FileNotFoundError as e:
            message = "A part of the upload is missing on the server. Upload it again."
            raise FormatError(message, "upload.gone") from e
        with part:
            shutil.copyfileobj(part, file, _CHUNK)


def _fetch(dataset: Dataset, file: IO[bytes], report: Report) -> None:
    host = fetch.checked(dataset.source_url).host
    _stage(dataset, f"Fetching from {host}"[:200])
    fetched = fetch.fetch(
        dataset.source_url,
        file,
        limit_of(dataset.kind),
        is_text=not dataset.has_audio or dataset.kind == Dataset.Kind.TRANSCRIPT,
        allowed=settings.FETCH_ALLOWED_HOSTS,
        report=lambda done, total: report(done // _MB, _megabytes(total)),
    )
    known = BY_VALUE[dataset.kind].suffixes
    if fetched.name.lower().endswith(known):
        dataset.source_name = fetched.name[-255:]


def _keep(dataset: Dataset, file: TemporaryUploadedFile) -> None:
    """Move the file to the storage, and enter it while the job is still ours."""
    # Each try has a name of its own: one that comes to its senses late must not
    # take away what its successor has made.
    suffix = suffix_of(dataset.source_name, dataset.kind)
    path = f"{dataset.folder}/source-{dataset.attempt}{suffix}"
    name = default_storage.save(path, file)
    dataset.source.name = name
    dataset.source_bytes = file.size or 0
    if dataset.source_url:
        # What follows the question mark may be a key; where it came from is not.
        dataset.source_url = fetch.without_query(dataset.source_url)
    fields = ("source", "source_bytes", "source_name", "source_url")
    values = {field: getattr(dataset, field) for field in fields}
    if not dataset.claimed().update(**values, stage=""):
        default_storage.delete(name)
        raise Gone(f"{dataset!r} was taken over")
    dataset.stage = ""


def _let_go(dataset: Dataset) -> None:
    """Delete the blocks, now that the file is there."""
    upload = Upload.objects.filter(dataset=dataset).first()
    if upload is None:
        return
    with transaction.atomic():
        Dataset.objects.filter(pk=dataset.pk).update(upload=None)
        upload.discard()
    dataset.upload = None


def _delete_former(dataset: Dataset) -> None:
    """What a try left that crashed between the storage and the database."""
    for attempt in range(1, dataset.attempt):
        for suffix in BY_VALUE[dataset.kind].suffixes:
            default_storage.delete(f"{dataset.folder}/source-{attempt}{suffix}")


def _stage(dataset: Dataset, text: str) -> None:
    dataset.stage = text
    dataset.claimed().update(stage=text)


def _megabytes(size: int) -> int:
    return -(-size // _MB)
