"""What to say when the disk is full while a model is written."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import disk_usage

from django.conf import settings

from engines.base import EngineError


@contextmanager
def told_when_full() -> Iterator[None]:
    """Make an `EngineError` for people of the system's own error."""
    try:
        yield
    except OSError as e:
        if e.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _full() from e


def check_room(needed: int) -> None:
    """Raise `EngineError` when so many bytes would leave too little."""
    free = disk_usage(settings.DATA_DIR).free
    if needed > free - settings.MIN_FREE_DISK_MB * 1024**2:
        raise _full()


def _full() -> EngineError:
    return EngineError(
        "The disk of the server has no room for this. Delete what nobody needs, or "
        "ask the administrator for more space; then try again.",
        "DiskFull",
    )
