"""CTranslate2's `model.bin`: named arrays, read and written.

Little-endian: the version of the format, the name of the architecture and its
revision, the variables (name, rank, dimensions, type, bytes, values), and names
that are aliases of others. CTranslate2 has the same in Python, in
`specs/model_spec.py`, but importing that loads PyTorch wherever it is installed,
which only the training process may.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from engines.base import EngineError

FILE = "model.bin"
_ARCHITECTURE = "WhisperSpec"
# In these all is laid out alike, and no Whisper was ever written in an older one.
_VERSIONS = (4, 5, 6)
_VERSION_WRITTEN = 6
_REVISION = 3
# By their numbers in the file; numpy has no bfloat16, so those come as bits.
_TYPES = ("<f4", "<i1", "<i2", "<i4", "<f2", "<u2")
_BFLOAT16 = 5
_MOST_RANK = 3
# The largest Whisper has 1,400.
_MOST_VARIABLES = 10_000


def bad(what: str) -> NoReturn:
    """Raise the error of every model that is none."""
    raise EngineError(f"This is no Whisper model that can be used: {what}.", "BadModel")


def is_ctranslate2(folder: Path) -> bool:
    """Whether the folder holds weights of Whisper for CTranslate2."""
    try:
        with (folder / FILE).open("rb") as file:
            return file.read(6 + len(_ARCHITECTURE)).endswith(_ARCHITECTURE.encode())
    except OSError:
        return False


def load(path: Path) -> dict[str, NDArray[Any]]:
    """All variables, an alias as the very array it stands for.

    Raises `EngineError` (BadModel) for a file that is damaged or no Whisper. No
    number in the file is trusted: memory is taken for what is there alone.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, path.stat().st_size).variables()
    except FileNotFoundError:
        bad(f"it has no {path.name}")


def save(
    path: Path, variables: Mapping[str, NDArray[Any]], aliases: Mapping[str, str]
) -> None:
    """Write variables, in the order of their names, and aliases of them."""
    with path.open("wb") as file:
        file.write(struct.pack("<I", _VERSION_WRITTEN) + _string(_ARCHITECTURE))
        file.write(struct.pack("<II", _REVISION, len(variables)))
        for name in sorted(variables):
            array = variables[name]
            kind = _TYPES.index(array.dtype.newbyteorder("<").str.replace("|", "<"))
            dimensions = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
            file.write(_string(name) + dimensions)
            file.write(struct.pack("<BI", kind, array.nbytes))
            file.write(array.astype(_TYPES[kind], copy=False).tobytes())
        file.write(struct.pack("<I", len(aliases)))
        for alias, name in sorted(aliases.items()):
            file.write(_string(alias) + _string(name))


def widened(bits: NDArray[Any]) -> NDArray[Any]:
    """float32 from the bits of bfloat16.

    >>> widened(np.array([0x3F80, 0xC040], np.uint16)).tolist()
    [1.0, -3.0]
    """
    return (bits.astype("<u4") << 16).view("<f4")


def _string(text: str) -> bytes:
    return struct.pack("<H", len(text.encode()) + 1) + text.encode() + b"\0"


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size  # bytes

    def variables(self) -> dict[str, NDArray[Any]]:
        (version,) = self._numbers("<I")
        if version not in _VERSIONS:
            bad(f"its {FILE} is of version {version}, or none of CTranslate2")
        name = self._text()
        if name != _ARCHITECTURE:
            bad(f"CTranslate2 calls it “{name}”")
        revision, count = self._numbers("<II")
        if revision > _REVISION:
            bad(f"its layout is of revision {revision}")
        if count > _MOST_VARIABLES:
            bad(f"it says to have {count} arrays")
        found: dict[str, NDArray[Any]] = {}
        for _ in range(count):
            name = self._text()
            if name in found:
                bad(f"{name} is in it twice")
            found[name] = self._array(name)
        return found | self._aliases(found)

    def _aliases(self, found: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        (count,) = self._numbers("<I")
        if count > _MOST_VARIABLES:
            bad(f"it says to have {count} aliases")
        aliases: dict[str, NDArray[Any]] = {}
        for _ in range(count):
            alias, name = self._text(), self._text()
            if name not in found:
                bad(f"{alias} stands for {name}, which is missing")
            aliases[alias] = found[name]
        return aliases

    def _array(self, name: str) -> NDArray[Any]:
        (rank,) = self._numbers("<B")
        if rank > _MOST_RANK:
            bad(f"{name} has {rank} dimensions")
        shape = self._numbers(f"<{rank}I")
        kind, size = self._numbers("<BI")
        if kind >= len(_TYPES):
            bad(f"{name} is of the unknown type {kind}")
        if not all(shape):
            bad(f"{name} is empty")
        values = np.dtype(_TYPES[kind])
        if prod(shape) * values.itemsize != size:
            bad(f"{name} has {size} bytes, which do not fit {shape}")
        array = np.frombuffer(self._take(size), values).reshape(shape)
        return widened(array) if kind == _BFLOAT16 else array

    def _text(self) -> str:
        (length,) = self._numbers("<H")
        try:
            return self._take(length).removesuffix(b"\0").decode()
        except UnicodeDecodeError:
            bad(f"a name in its {FILE} is no text")

    def _numbers(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))

    def _take(self, size: int) -> bytes:
        self._left -= size
        data = self._file.read(size) if self._left >= 0 else b""
        if len(data) < size:
            bad(f"its {FILE} is cut off")
        return data
