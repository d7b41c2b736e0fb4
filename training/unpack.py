"""Unpack a model that somebody uploaded, trusting nothing in the zip.

A model is a flat folder, or one folder in the archive. Its files are taken by their
bare names; whatever leads elsewhere, is no plain file, or may run code is refused.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from datasets.formats.base import shown, size_text
from engines.base import EngineError

MAX_MEMBERS = 200
MAX_BYTES = 8 * 1024**3
# The list of files is read as a whole, and must not be able to fill the memory.
_MAX_DIRECTORY_BYTES = 1024**2
# Numbers shrink by half, vocabularies to a fifth; nothing in a model by more.
_MAX_RATIO = 100
_RATIO_FREE_BYTES = 1024**2
_CHUNK = 1024**2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# PyTorch's own formats are pickles, which run whatever code is in them.
_PICKLES = (".bin.index.json", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".py")
_PICKLE_NAME = re.compile(r"(pytorch_model|training_args|optimizer|rng_state).*\.bin")
# A zip inside, as PyTorch writes, or a bare pickle.
_PICKLE_HEADS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_RUBBISH = ("__MACOSX", ".DS_Store", "Thumbs.db", ".gitattributes")
_BAD_DATA = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)


def unpack(path: Path, target: Path, report: Callable[[int, int], None]) -> None:
    """Write the files of the archive to the folder `target`.

    `report(done, total)` counts bytes; it comes before each file, and at the end, and
    what it raises ends the work. Raises `EngineError` when anything in it is
    not as it has to be.
    """
    with _Bounded(path) as file, _opened(file) as archive:
        members = [info for info in archive.infolist() if not _is_rubbish(info)]
        _check_whole(members, path.stat().st_size)
        names = _names(members)
        total = sum(info.file_size for info in members)
        done = 0
        for info, name in zip(members, names, strict=True):
            report(done, total)
            _extract(archive, info, target / name)
            done += info.file_size
        report(done, total)


class _Bounded(io.FileIO):
    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY_BYTES:
            raise _refused(f"It holds more than {MAX_MEMBERS} files.")
        return super().read(size)


def _opened(file: _Bounded) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (*_BAD_DATA, UnicodeDecodeError) as e:
        raise _refused("It is no zip archive, or a damaged one.") from e


def _is_rubbish(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    return info.is_dir() or any(part in _RUBBISH for part in parts)


def _check_whole(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    if not members:
        raise _refused("The archive holds no files.")
    if len(members) > MAX_MEMBERS:
        raise _refused(f"It holds more than {MAX_MEMBERS} files; a model has some ten.")
    unpacked = sum(info.file_size for info in members)
    packed = sum(info.compress_size for info in members)
    if unpacked > MAX_BYTES or packed > size:
        raise _refused(
            f"It would unpack to {size_text(unpacked)}; at most "
            f"{size_text(MAX_BYTES)} are taken, and no two files may share their data."
        )
    for info in members:
        _check_one(info)


def _check_one(info: zipfile.ZipInfo) -> None:
    path = info.filename
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode not in (0, stat.S_IFREG):
        raise _refused(f"{shown(path)} is a link or another special file.")
    if info.flag_bits & 1:
        raise _refused(f"{shown(path)} is protected by a password.")
    is_unsafe = path.startswith("/") or "\\" in path or ".." in path.split("/")
    if is_unsafe or not _NAME.fullmatch(PurePosixPath(path).name):
        raise _refused(f"{shown(path)} is no name of a model's file.")
    name = PurePosixPath(path).name.lower()
    if name.endswith(_PICKLES) or _PICKLE_NAME.fullmatch(name):
        raise _refused(
            f"{shown(path)} may hold code that runs when it is loaded. Save the model "
            "as safetensors (`save_pretrained(folder, safe_serialization=True)`)."
        )
    ratio = info.file_size / max(1, info.compress_size)
    if info.file_size > _RATIO_FREE_BYTES and ratio > _MAX_RATIO:
        raise _refused(
            f"{shown(path)} would unpack from {size_text(info.compress_size)} to "
            f"{size_text(info.file_size)}, which no model does."
        )


def _names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The bare names; all files must lie in one folder."""
    paths = [PurePosixPath(info.filename) for info in members]
    if len({path.parent for path in paths}) > 1:
        raise _refused("Its files lie in several folders. Pack one model alone.")
    names = [path.name for path in paths]
    if len({name.casefold() for name in names}) < len(names):
        raise _refused("Two of its files have the same name.")
    return names


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    damaged = f"{shown(info.filename)} is damaged. Make the archive again."
    try:
        source = archive.open(info)
    except (*_BAD_DATA, RuntimeError) as e:
        raise _refused(damaged) from e
    with source, target.open("xb") as out:
        written = 0
        while chunk := _read(source, damaged):
            is_pickle = chunk.startswith(_PICKLE_HEADS) and not _is_arrays(target)
            if not written and is_pickle:
                raise _refused(f"{shown(info.filename)} is a pickle of PyTorch.")
            written += len(chunk)
            if written > info.file_size:
                raise _refused(damaged)
            out.write(chunk)
    if written != info.file_size:
        raise _refused(damaged)


def _is_arrays(path: Path) -> bool:
    """NumPy's archives are zips; it refuses the pickles in them by itself."""
    return path.suffix == ".npz"


def _read(source: object, damaged: str) -> bytes:
    try:
        return source.read(_CHUNK)  # type: ignore[attr-defined, no-any-return]
    except _BAD_DATA as e:
        raise _refused(damaged) from e


def _refused(message: str) -> EngineError:
    return EngineError(f"The archive cannot be used. {message}", "BadArchive")
