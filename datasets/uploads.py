"""Uploads in blocks: what a person or a client can do with a file on its way.

A file comes in blocks of at most 8 MiB, in any order and some of them twice. A
block that is sent again under its name takes the place of the former one, until
`commit` says which blocks, in which order, are the file. From then on an upload
does not change any more, and a dataset can be made of it.

Reference: https://learn.microsoft.com/rest/api/speechtotext/datasets/upload-block
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shutil import disk_usage
from typing import IO, Any, NamedTuple, Protocol
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import Count, Max, QuerySet, Sum

from datasets.formats.base import bare_name, size_text
from datasets.incoming import Block, Upload
from datasets.kinds import BY_VALUE
from projects.models import Project

MAX_NAME_BYTES = 88  # as base64 has for 64
MAX_BLOCKS = 50_000
_CHUNK = 2 * 1024**2  # bytes; with smaller ones threads wait for each other
_OF_ANY_STATE = ("Committed", "Uncommitted", "Latest")


class UploadError(Exception):
    """What was asked for cannot be done; the message is fit for the user.

    `code` is one of invalid, name, not_found, conflict, too_large, disk_full; `place`
    is that of the block in a list that is wrong, from 0.
    """

    def __init__(
        self, message: str, code: str = "invalid", place: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.place = place


class Reader(Protocol):
    """A request's body, or a file."""

    def read(self, size: int, /) -> bytes: ...


class Named(NamedTuple):
    """A block in the list that is committed: in which state it is expected."""

    state: str  # "Committed", "Uncommitted" or "Latest"
    name: str


def limit_of(kind: str) -> int:
    """How many bytes an upload of this kind of data may have."""
    limit = int(settings.UPLOAD_MAX_BYTES)
    return min(limit, BY_VALUE[kind].max_bytes) if kind in BY_VALUE else limit


def check_size(size: int, kind: str) -> None:
    """Raises `UploadError` when a file of this size cannot be taken."""
    limit = limit_of(kind)
    if size <= 0:
        raise UploadError("The file is empty.")
    if size > limit:
        raise UploadError(
            f"The file has {size_text(size)}; {size_text(limit)} is the limit for "
            "this type of data. Split it into several files.",
            "too_large",
        )


def begin(
    project: Project,
    user: User,
    file_name: str,
    size: int | None = None,
    modified: int | None = None,
    kind: str = "",
) -> Upload:
    """An upload for this file: the one it was begun with before, if there is one.

    A file is known again by its name, size and time of change (milliseconds).
    """
    name = _file_name(file_name)
    if size is not None:
        check_size(size, kind)
    if size is not None and modified is not None:
        known = unused(project, user).filter(
            file_name=name, size=size, modified=modified
        )
        former: Upload | None = known.first()
        if former:
            return former
    if size is not None:
        # The blocks, and then for a moment the file that is made of them.
        _check_disk(2 * size)
    return Upload.objects.create(
        project=project, user=user, file_name=name, size=size, modified=modified
    )


def unused(project: Project, user: User) -> QuerySet[Any]:
    """What this person has sent or begun to send, with the bytes `received`."""
    return (
        Upload.objects.filter(project=project, user=user, dataset=None)
        .annotate(received=Sum("blocks__size", default=0))
        .order_by("-created")
    )


def put(upload: Upload, name: str, body: Reader, length: int = -1) -> Block:
    """Keep a block. `length` is what was announced in bytes, -1 for nothing."""
    if not name or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        message = f"A block's name has from 1 to {MAX_NAME_BYTES} bytes."
        raise UploadError(message, "name")
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", name):
        raise UploadError("A block's name has no control characters.", "name")
    if upload.is_committed:
        raise UploadError(
            "The upload is complete; it takes no more blocks.", "conflict"
        )
    _check_disk(settings.UPLOAD_BLOCK_MAX_BYTES)
    with _disk_may_be_full(), TemporaryUploadedFile("block", "", 0, None) as file:
        size = _receive(body, file)
        if length not in (-1, size):
            raise UploadError(f"Of {length} bytes {size} came. Send the block again.")
        stored = default_storage.save(f"{upload.folder}/{uuid4().hex}", file)
    try:
        return _enter(upload, name, size, stored)
    except BaseException:
        default_storage.delete(stored)
        raise


def commit(upload: Upload, named: Sequence[Named]) -> None:
    """Make these blocks, in this order, the file; the others are deleted.

    Doing it again with the same list is no error: the answer may have been lost.
    """
    _check_list(named)
    names = [one.name for one in named]
    with transaction.atomic():
        locked = _locked(upload)
        blocks = {block.name: block for block in locked.blocks.all()}
        if locked.is_committed:
            if [block.name for block in locked.blocks.all()] != names:
                message = "The upload is complete already, with other blocks."
                raise UploadError(message, "conflict")
            return
        _check_blocks(locked, named, blocks)
        for place, name in enumerate(names):
            blocks[name].place = place
        Block.objects.bulk_update([blocks[n] for n in names], ["place"], 500)
        locked.blocks.filter(place=None).delete()
        Upload.objects.filter(pk=locked.pk).update(is_committed=True)
        upload.is_committed = True
        left = [str(b.file.name) for name, b in blocks.items() if name not in names]
        transaction.on_commit(lambda: _delete_files(left))


def keep_whole(project: Project, user: User, file: File[bytes]) -> Upload:
    """An upload that came at once, as a form sends it."""
    size = int(file.size or 0)
    _check_disk(size)
    upload = Upload(
        project=project,
        user=user,
        file_name=_file_name(file.name or ""),
        size=size,
        is_committed=True,
    )
    with _disk_may_be_full():
        stored = default_storage.save(f"{upload.folder}/{uuid4().hex}", file)
    with transaction.atomic():
        upload.save(force_insert=True)
        Block.objects.create(
            upload=upload, name="file", size=size, file=stored, place=0
        )
    return upload


def size_of(upload: Upload) -> int:
    return int(upload.blocks.aggregate(size=Sum("size", default=0))["size"])


def _file_name(name: str) -> str:
    shown = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "", bare_name(name)).strip()
    if not shown:
        raise UploadError("The file has no name.")
    return shown[-255:]  # the end says what it is


def _receive(body: Reader, file: IO[bytes]) -> int:
    size, limit = 0, settings.UPLOAD_BLOCK_MAX_BYTES
    while chunk := body.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            message = f"A block has at most {size_text(limit)}."
            raise UploadError(message, "too_large")
        file.write(chunk)
    if not size:
        raise UploadError("The block is empty.")
    file.flush()
    file.size = size  # type: ignore[attr-defined]
    return size


@transaction.atomic
def _enter(upload: Upload, name: str, size: int, stored: str) -> Block:
    locked = _locked(upload)
    if locked.is_committed:
        raise UploadError(
            "The upload is complete; it takes no more blocks.", "conflict"
        )
    others = locked.blocks.exclude(name=name).aggregate(
        size=Sum("size", default=0), count=Count("pk"), one=Max("name")
    )
    _check_place(locked, name, size, others)
    former = locked.blocks.filter(name=name).first()
    if former is None:
        return Block.objects.create(upload=locked, name=name, size=size, file=stored)
    left = str(former.file.name)
    former.size, former.file = size, stored
    former.save(update_fields=["size", "file"])
    transaction.on_commit(lambda: default_storage.delete(left))
    return former


def _check_place(upload: Upload, name: str, size: int, others: dict[str, Any]) -> None:
    """Whether this block fits to the `size` and `count` of the others, and to the name
    of any `one` of them."""
    if others["one"] and _length(others["one"]) != _length(name):
        message = "The names of all blocks of a file have the same length: that of "
        raise UploadError(f"{message}“{others['one']}”.", "name")
    limit = settings.UPLOAD_MAX_BYTES if upload.size is None else upload.size
    if others["size"] + size > limit:
        announced = "may have" if upload.size is None else "was to have"
        message = f"The file {announced} {size_text(limit)}; with this block it has "
        message += f"{size_text(others['size'] + size)}."
        raise UploadError(message, "too_large")
    if others["count"] >= MAX_BLOCKS:
        raise UploadError(f"An upload has at most {MAX_BLOCKS:,} blocks.")


def _length(name: str) -> int:
    """Without what only fills it up, where it is Base64."""
    return len(name.rstrip("="))


def _locked(upload: Upload) -> Upload:
    """The upload as it is now; nobody else changes it until the transaction ends."""
    locked = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if locked is None:
        raise UploadError("The upload was discarded.", "not_found")
    return locked


def _check_list(named: Sequence[Named]) -> None:
    if not named:
        raise UploadError("The list of blocks is empty.")
    if len(named) > MAX_BLOCKS:
        raise UploadError(f"An upload has at most {MAX_BLOCKS:,} blocks.")
    seen: set[str] = set()
    for place, one in enumerate(named):
        if one.name in seen:
            raise UploadError("A block is in the list twice.", place=place)
        seen.add(one.name)
    if any(one.state not in _OF_ANY_STATE for one in named):
        raise UploadError("A block is Committed, Uncommitted or Latest.")


def _check_blocks(
    upload: Upload, named: Sequence[Named], blocks: dict[str, Block]
) -> None:
    # Until the first and only commit, none is committed.
    missing = {
        one.name: place
        for place, one in enumerate(named)
        if one.name not in blocks or one.state == "Committed"
    }
    if missing:
        names, place = list(missing), min(missing.values())
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        message = f"Blocks are missing: {', '.join(names[:3])}{more}."
        raise UploadError(message, place=place)
    size = sum(blocks[one.name].size for one in named)
    if upload.size is not None and size != upload.size:
        raise UploadError(
            f"The file was to have {upload.size:,} bytes, and its blocks have "
            f"{size:,}. Send what is missing."
        )


def _delete_files(names: Sequence[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _check_disk(needed: int) -> None:
    free = disk_usage(settings.DATA_DIR).free
    left = free - settings.MIN_FREE_DISK_MB * 1024**2
    if needed > left:
        raise _disk_full(f"{size_text(max(left, 0))} are left, and it needs ", needed)


@contextmanager
def _disk_may_be_full() -> Iterator[None]:
    try:
        yield
    except OSError as e:
        if e.errno == errno.ENOSPC:
            raise _disk_full("", 0) from e
        raise


def _disk_full(left: str, needed: int) -> UploadError:
    room = f" ({left}{size_text(needed)})" if left else ""
    return UploadError(
        f"The disk of the server has no room for this{room}. Delete datasets that "
        "nobody needs, or ask the administrator for more space.",
        "disk_full",
    )
