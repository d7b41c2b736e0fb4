"""Room on the disk for what a job works on, and what to say when there is none."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

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


@contextmanager
def workplace(job: UUID) -> Iterator[Path]:
    """A temporary folder; what a killed worker of this machine left of it goes."""
    parent = Path(settings.FILE_UPLOAD_TEMP_DIR)
    for left in parent.glob(f"*.{job}"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(suffix=f".{job}", dir=parent) as folder:
        yield Path(folder)


def check_room(needed: int) -> None:
    """Raise `EngineError` when so many bytes would leave too little."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    if needed > free - settings.MIN_FREE_DISK_MB * 1024**2:
        raise _full()


def _full() -> EngineError:
    return EngineError(
        "The disk of the server has no room for this. Delete what nobody needs, or "
        "ask the administrator for more space; then try again.",
        "DiskFull",
    )
