"""What a text dataset holds, in one file from which any page can be read at once.

A row in the database for each of some million sentences would make their import
ten times as slow, and nothing is ever asked of a single one.

The file: for each group ("sentence", "list", "itn", ...) its entries as lines of
JSON, then one JSON object with where each group begins and where every 500th of
its lines is, then the length of that object as 8 bytes, big-endian.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring as _quoted
from pathlib import Path
from types import TracebackType
from typing import IO, Any, overload

from datasets.formats.base import Entry

_STEP = 500  # lines between two known places
_MAX_MATCHES = 1_000
_BLOCK_BYTES = 64 * 1024  # searched at once


@dataclass
class _Part:
    """One group while it is written."""

    file: IO[bytes]
    count: int = 0
    size: int = 0  # bytes in the file
    places: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # not in the file yet

    def flush(self) -> None:
        if self.lines:
            self.places.append(self.size)
            data = "".join(self.lines).encode("utf-8", "replace")
            self.file.write(data)
            self.size += len(data)
            self.lines.clear()


class Writer:
    """Takes entries in any order; `finish` puts the file together.

    with Writer(folder) as content:
        content.add(Entry("sentence", 1, "hello"))
        content.finish(target)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts: dict[str, _Part] = {}

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for part in self._parts.values():
            part.file.close()

    def add(self, entry: Entry) -> None:
        group = group_of(entry)
        part = self._parts.get(group)
        if part is None:
            path = self.folder / f"content-{len(self._parts)}"
            part = self._parts[group] = _Part(path.open("w+b"))
        part.count += 1
        # By hand: three times as fast as to encode the entry as a whole.
        part.lines.append(
            f"[{_quoted(entry.section)},{entry.line},{_quoted(entry.text)},"
            f"{_quoted(entry.other)},{_quoted(entry.result)}]\n"
        )
        if len(part.lines) == _STEP:
            part.flush()

    def finish(self, target: Path) -> None:
        index: dict[str, dict[str, Any]] = {}
        with target.open("wb") as out:
            for group, part in self._parts.items():
                part.flush()
                index[group] = {
                    "start": out.tell(),
                    "count": part.count,
                    "places": part.places,
                }
                part.file.seek(0)
                shutil.copyfileobj(part.file, out, 1024 * 1024)
            end = json.dumps(index).encode()
            out.write(end + len(end).to_bytes(8, "big"))


class Group(Sequence[Entry]):
    """The entries of one group, read from the file as they are asked for."""

    def __init__(self, file: IO[bytes], start: int, count: int, places: list[int]):
        self._file = file
        self._start = start
        self._count = count
        self._places = places

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        if isinstance(index, slice):
            first, end, _ = index.indices(self._count)
            return list(self._read(first, end))
        return next(self._read(range(self._count)[index], self._count))

    def __iter__(self) -> Iterator[Entry]:
        return self._read(0, self._count)

    def search(self, text: str) -> list[Entry]:
        """The first 1,000 entries that hold `text`, whatever its case."""
        needle = text.casefold()
        # As it stands in the file, to pass over what cannot hold it.
        written = json.dumps(needle, ensure_ascii=False)[1:-1]
        found: list[Entry] = []
        for block in self._blocks():
            if written not in block.casefold():
                continue
            for line in block.split("\n")[:-1]:
                entry = Entry(*json.loads(line))
                if any(needle in part.casefold() for part in (entry.text, entry.other)):
                    found.append(entry)
            if len(found) >= _MAX_MATCHES:
                break
        return found[:_MAX_MATCHES]

    def _blocks(self) -> Iterator[str]:
        """All lines of the group, some hundred at a time."""
        self._file.seek(self._start)
        left = self._count
        while left > 0:
            lines = self._file.readlines(_BLOCK_BYTES)[:left]
            left -= len(lines)
            yield b"".join(lines).decode()

    def _read(self, first: int, end: int) -> Iterator[Entry]:
        if first >= end:
            return
        self._file.seek(self._start + self._places[first // _STEP])
        for number in range(first - first % _STEP, end):
            line = self._file.readline()
            if number >= first:
                yield Entry(*json.loads(line))


def open_content(file: IO[bytes]) -> dict[str, Group]:
    """The groups of an open content file, by name, in the order of their writing."""
    file.seek(-8, 2)
    length = int.from_bytes(file.read(8), "big")
    file.seek(-8 - length, 2)
    index = json.loads(file.read(length))
    return {
        name: Group(file, part["start"], part["count"], part["places"])
        for name, part in index.items()
    }


def group_of(entry: Entry) -> str:
    """Lists and sections share a group each, however many there are.

    >>> group_of(Entry("list food", 3, "pizza")), group_of(Entry("itn", 1, "cat"))
    ('list', 'itn')
    """
    return entry.section.partition(" ")[0]
