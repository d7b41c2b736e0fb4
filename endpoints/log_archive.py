"""Content logs as one archive: the pairs of files as they lie on the storage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from endpoints.models import LogEntry
from projects.downloads import zipped

_BATCH = 500
_PIECE = 256 * 1024  # bytes


def archive(entries: QuerySet[LogEntry]) -> Iterator[bytes]:
    """A zip, oldest first, made while it is sent."""
    return zipped(_members(entries))


def _members(entries: QuerySet[LogEntry]) -> Iterator[tuple[str, Iterator[bytes]]]:
    keys = list(entries.order_by("created", "pk").values_list("pk", flat=True))
    # A batch at a time: a slow download must not hold a cursor of the database.
    for first in range(0, len(keys), _BATCH):
        some = keys[first : first + _BATCH]
        found = LogEntry.objects.only("audio", "transcript").in_bulk(some)
        for entry in (found[key] for key in some if key in found):
            for name in filter(None, (entry.audio, entry.transcript)):
                # What was deleted meanwhile is left out.
                if default_storage.exists(name):
                    yield PurePosixPath(name).name, _content(name)


def _content(name: str) -> Iterator[bytes]:
    with default_storage.open(name) as file:
        while piece := file.read(_PIECE):
            yield piece
