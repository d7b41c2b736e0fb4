"""What to say when the disk is full, before it is quite full."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import disk_usage

from django.conf import settings


class DiskFull(Exception):
    """There is no room on the disk of the server."""

    code = "DiskFull"

    def __init__(self) -> None:
        super().__init__("The disk of the server is full. Make room and try again.")


def look_ahead() -> None:
    """Raises `DiskFull` when there is less room than the settings ask for."""
    if disk_usage(settings.DATA_DIR).free < settings.MIN_FREE_DISK_MB * 1024**2:
        raise DiskFull


@contextmanager
def told_when_full() -> Iterator[None]:
    """Make a `DiskFull` of the system's own error."""
    try:
        yield
    except OSError as e:
        if e.errno != errno.ENOSPC:
            raise
        raise DiskFull from e
