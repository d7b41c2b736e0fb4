"""Files of projects: where they lie, on whatever storage the settings name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from celery import current_app
from django.core.files.storage import default_storage
from django.db import transaction
from kombu.exceptions import OperationalError

from projects.models import Project


def folder_of(project: Project) -> str:
    return f"projects/{project.pk}"


def delete_tree(folder: str) -> None:
    """Delete all files below `folder`; what is not there is no error."""
    try:
        folders, files = default_storage.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    for name in folders:
        delete_tree(f"{folder}/{name}")
    # On a disk this takes the emptied folder away; elsewhere there are none. A
    # worker may have put one more file in: it tidies up after itself.
    with suppress(OSError):
        default_storage.delete(folder)


def delete_later(folder: str) -> None:
    """Have a worker delete all files below `folder`, once what is being done is
    committed. For folders that may hold so many that it takes minutes."""
    transaction.on_commit(partial(_send_removal, folder))


def _send_removal(folder: str) -> None:
    task = current_app.signature("projects.tasks.remove_files", args=[folder])
    try:
        task.apply_async()
    except OperationalError:
        delete_tree(folder)


def path_of(name: str) -> Path | None:
    """Where the file would lie on this disk; None where the storage is elsewhere."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None


@contextmanager
def local_copy(name: str | None) -> Iterator[Path]:
    """A path on this disk with the file's content: itself where it can be."""
    if not name:
        raise FileNotFoundError("No file was kept.")
    if path := path_of(name):
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as copy:
        with default_storage.open(name) as source:
            shutil.copyfileobj(source, copy)
        copy.flush()
        yield Path(copy.name)
