"""What an import refused, put together so that it can be repaired and sent again.

Of a text: the refused lines, in UTF-8 with a byte order mark. Where lines belong to
a section or a list, its head comes before them.

Of an archive: the audio files that were refused and those that refused lines name,
with the lines of the text files that were refused or that name a refused file. What
the archive does not give out (damaged, protected by a password, an unsafe name) is
left out.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from datasets.formats import audio
from datasets.formats.archive import MAX_UPLOAD_BYTES, Archive, Member, open_archive
from datasets.formats.base import Findings, FormatError, bare_name, key
from datasets.formats.labels import FILE_TITLES, label_name
from datasets.formats.text import Reporter, read_lines
from datasets.models import Dataset

MARK = "\ufeff"
MAX_TEXT_BYTES = 64 * 2**20  # of a text file in an archive
_MAX_CHARACTERS = 400_000  # of a line there: text, name and labels
# Lines that what follows them belongs to.
_HEADS = {
    Dataset.Kind.STRUCTURED_TEXT.value: re.compile(r"\s*[#@]"),
    Dataset.Kind.OUTPUT_FORMAT.value: re.compile(r"\s*#"),
}
_ARCHIVES = (Dataset.Kind.AUDIO.value, Dataset.Kind.ACOUSTIC.value)
_MANIFESTS = frozenset({".csv", ".json", ".jsonl", ".ndjson"})
_TEXTS = frozenset({".txt", ".tsv", *_MANIFESTS})
_CELLS = re.compile(r'[\t,;|"\s]+')


def is_archive(dataset: Dataset) -> bool:
    return dataset.kind in _ARCHIVES


def can_repair(dataset: Dataset) -> bool:
    """Whether something was refused that could be sent again."""
    if not dataset.rejected or not dataset.source or dataset.is_active:
        return False
    is_zip = dataset.source_name.lower().endswith(".zip")
    return is_zip or not is_archive(dataset)


def lines_of(
    dataset: Dataset, issues: Iterable[dict[str, Any]], source: Path
) -> Iterator[str]:
    """The refused lines of a text, each with its end."""
    yield MARK
    head = _HEADS.get(dataset.kind)
    refused = (issue for issue in issues if issue["level"] == "error" and issue["line"])
    if head is None:
        yield from (f"{issue['row']}\n" for issue in refused if issue["row"])
        return
    numbers = array("L", sorted({issue["line"] for issue in refused}))
    above = ""  # the head of what is read, until it was given out
    for number, line in _read(source, dataset.project.locale, dataset.source_bytes):
        is_refused = _has(numbers, number)
        if head.match(line):
            above = "" if is_refused else f"{line}\n"
        if is_refused:
            yield f"{above}{line}\n"
            above = ""


def write_archive(
    dataset: Dataset,
    issues: Iterable[dict[str, Any]],
    source: Path,
    target: IO[bytes],
    folder: Path,
) -> None:
    """Write the archive to repair; one file at a time is unpacked in `folder`.

    Raises FormatError when the source cannot be opened as an archive.
    """
    wanted = _Wanted()
    for issue in issues:
        wanted.note(issue)
    with (
        open_archive(source, dataset.source_name) as archive,
        zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as out,
        tempfile.NamedTemporaryFile(dir=folder) as part,
    ):
        sounds = [m for m in archive.members if m.suffix not in _TEXTS]
        for text in archive.members:
            if text.suffix in _TEXTS and text.path not in wanted.unused:
                _copy_lines(dataset, archive, text, wanted, Path(part.name), out)
        for sound in sounds:
            if sound.path in wanted.files or key(sound.name) in wanted.named:
                _copy(archive, sound, Path(part.name), out)


@dataclass
class _Wanted:
    """What belongs in the archive to repair."""

    lines: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    files: set[str] = field(default_factory=set)  # paths of refused files
    names: set[str] = field(default_factory=set)  # their names, to be compared
    unused: set[str] = field(default_factory=set)  # text files that are not read
    named: set[str] = field(default_factory=set)  # what refused lines name

    def note(self, issue: dict[str, Any]) -> None:
        if issue["rule"] == "acoustic.other_text":
            self.unused.add(issue["file"])
        if issue["level"] != "error":
            return
        if issue["line"]:
            self.lines[issue["file"]].add(issue["line"])
            return
        self.files.add(issue["file"])
        self.names |= _names(issue["file"])


def _copy_lines(
    dataset: Dataset,
    archive: Archive,
    text: Member,
    wanted: _Wanted,
    part: Path,
    out: zipfile.ZipFile,
) -> None:
    """Write the lines to repair of one text file, with its titles if it has any."""
    if archive.extract(text, part, MAX_TEXT_BYTES) is not None:
        part.touch()
        return
    refused = wanted.lines.get(text.path, set())
    head = MARK if text.suffix not in _MANIFESTS else ""
    with out.open(text.path, "w") as target:
        try:
            for number, line in _read(part, dataset.project.locale, MAX_TEXT_BYTES):
                names = _mentioned(line)
                is_title = number == 1 and _is_title(line)
                if number in refused:
                    wanted.named |= names
                elif not is_title and not names & wanted.names:
                    continue
                target.write(f"{head}{line}\n".encode())
                head = ""
        except FormatError:
            return  # it is no text: what was found until here is all there is


def _copy(archive: Archive, member: Member, part: Path, out: zipfile.ZipFile) -> None:
    if archive.extract(member, part) is None:
        out.write(part, member.path)
    else:
        part.touch()


def _read(source: Path, locale: str, size: int) -> Iterator[tuple[int, str]]:
    reporter = Reporter(Findings(), source.name, "refused")
    most = max(size, MAX_UPLOAD_BYTES)
    return read_lines(
        source, locale, reporter, max_bytes=most, max_characters=_MAX_CHARACTERS
    )


def _mentioned(line: str) -> set[str]:
    """The names that may be of audio files: a name is a cell, or a part of one."""
    found: set[str] = set()
    for cell in {line.split("\t", 1)[0], *_CELLS.split(line)}:
        found |= _names(cell)
    return found - {""}


def _names(path: str) -> set[str]:
    """The name of a file as it is compared, and without an extension of audio."""
    name = PurePosixPath(bare_name(path.strip()))
    names = {key(name.name)}
    if name.suffix.lower() in audio.MEDIA:
        names.add(key(name.stem))
    return names


def _is_title(line: str) -> bool:
    cell = re.split(r"[\t,]", line, maxsplit=1)[0].strip().strip('"')
    return label_name(cell) in FILE_TITLES


def _has(numbers: array[int], number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number
