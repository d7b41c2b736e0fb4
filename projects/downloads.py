"""What is made while it is sent: tables, lines and archives of any size."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

# A table program takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_MOST_LETTERS = 80
_PIECE = 64 * 1024  # bytes that are sent at once, at least
# Devices, which a file on Windows cannot be called after.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def download(
    parts: Iterable[bytes], content_type: str, name: str
) -> StreamingHttpResponse:
    """An answer that is saved as a file called so, and not kept by any cache."""
    response = StreamingHttpResponse(parts, content_type=content_type)
    disposition = content_disposition_header(True, name)
    response.headers["Content-Disposition"] = disposition or "attachment"
    response.headers["Cache-Control"] = "private, no-store"
    if content_type == "application/zip":
        response.headers["Content-Encoding"] = "identity"  # it is packed already
    return response


def file_name(name: str) -> str:
    """A name that people gave as that of a file, on any system.

    >>> file_name('Calls: "March"/2'), file_name("../.."), file_name("nul.txt")
    ('Calls_ _March__2', '.._..', '_nul.txt')
    >>> file_name(" ")
    '_'
    """
    fit = _UNFIT.sub("_", name)[:_MOST_LETTERS].strip() or "_"
    return f"_{fit}" if _DEVICE.fullmatch(fit) else fit


def harmless(cell: Any) -> Any:
    """What a table program shows as it is, and does not work out.

    >>> harmless("=1+1"), harmless("one"), harmless(-7)
    ("'=1+1", 'one', -7)
    """
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


def encoded(lines: Iterable[str]) -> Iterator[bytes]:
    """Many lines at a time: each piece is sent and compressed by itself."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(line.encode("utf-8", "replace"))
        size += len(waiting[-1])
        if size >= _PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def zipped(members: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """The archive of these files (name, content), in constant memory but for its list
    of names. Each is asked for when the one before it is packed."""
    out = _Pieces()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in members:
            with archive.open(name, "w") as member:
                for part in parts:
                    member.write(part)
                    if out.size >= _PIECE:
                        yield out.take()
    yield out.take()


class _Pieces(io.RawIOBase):
    """What was written since it was last asked for. It cannot be sought in, so in an
    archive the sizes come after each file, where unpackers look for them."""

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._written.append(bytes(data))
        self.size += len(data)
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        self.size = 0
        return taken
