"""Custom models on the disk: folders, whatever engine made them.

The model `custom:<key>` lies in `<models_dir>/custom/<key>/`. What is not complete
yet lies beside it in folders `.<key>...work/`, and is renamed into its place.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from engines.base import EngineError

_REFERENCE = re.compile(r"custom:([0-9a-f-]{1,64})")
_YOUNG_SECONDS = 24 * 3600


def folder(reference: str, models_dir: Path) -> Path:
    """Where a custom model lies, or will.

    >>> folder("custom:6f1a", Path("models")).as_posix()
    'models/custom/6f1a'

    Raises `EngineError` for what is no name of one.
    """
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise EngineError(f"“{reference}” is no custom model.", "UnknownModel")
    return models_dir / "custom" / found[1]


def files(path: Path) -> list[tuple[str, int]]:
    """The files of a model, in order of their names, with their sizes in bytes.

    Raises `EngineError` when it is not on this disk.
    """
    if not path.is_dir():
        raise _gone()
    found = (file for file in path.rglob("*") if file.is_file())
    names = ((file.relative_to(path).as_posix(), file) for file in found)
    return sorted((name, file.stat().st_size) for name, file in names)


def work_folder(target: Path) -> Path:
    """Where the training of a model keeps what is not finished."""
    return target.with_name(f".{target.name}.work")


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `target` if all goes well.

    Of its own each time: a worker that was given up may still be at another.
    """
    work = target.with_name(f".{target.name}.{token_hex(4)}.work")
    work.mkdir(parents=True)
    try:
        yield work
        # A copied folder came with the time of its source; `tidy` asks for ours.
        os.utime(work)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def duplicate(source: Path, target: Path) -> None:
    """Make `target` the same model; its files share their place where they can.

    Files of models are never changed, only replaced. A model that is there stays.
    Raises `EngineError` when the source is not on this disk.
    """
    if target.is_dir():
        return
    if not source.is_dir():
        raise _gone()
    try:
        with unfinished(target) as work:
            shutil.copytree(source, work, copy_function=link, dirs_exist_ok=True)
    except FileNotFoundError as e:  # it was deleted meanwhile
        raise _gone() from e


def link(source: str, target: str) -> None:
    """Give a file another name; copy it where that cannot be."""
    try:
        os.link(source, target, follow_symlinks=True)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or one without links
        shutil.copy2(source, target)


def remove(target: Path) -> None:
    """Delete a model, and what is unfinished of it."""
    for path in (target, *target.parent.glob(f".{target.name}.*work")):
        shutil.rmtree(path, ignore_errors=True)


def settle(target: Path) -> None:
    """Delete what a killed training of this model would go on from."""
    shutil.rmtree(work_folder(target), ignore_errors=True)


def tidy(models_dir: Path, keep: Collection[str]) -> None:
    """Delete the models that are not in `keep`, and what is unfinished of them or of
    complete ones.

    What was begun within the last day stays: its row may be about to come.
    """
    known = {folder(reference, models_dir).name for reference in keep}
    for path in (models_dir / "custom").glob("*"):
        key = path.name.removeprefix(".").partition(".")[0]
        # A worker may just be taking one away itself.
        with suppress(FileNotFoundError):
            is_left = path.name.startswith(".") and path.with_name(key).is_dir()
            if (key not in known or is_left) and _is_old(path):
                shutil.rmtree(path, ignore_errors=True)


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > _YOUNG_SECONDS


def _gone() -> EngineError:
    return EngineError(
        "The files of the model are not on this machine.", "ModelNotFound"
    )
