"""Text files as people upload them, read line by line in constant memory.

    reporter = Reporter(findings, file, "plain_text")
    for number, line in read_lines(path, locale, reporter, max_bytes=MAX_BYTES):
        if not line.strip():
            continue
        if "|" in line:
            reporter.refuse(number, "bar", "has a bar", "remove it", row=line)

UTF-8 with a byte order mark is what all text formats ask for. Accepted as well,
and said once: UTF-8 without a mark (a note, unless all is ASCII), UTF-16 and
UTF-32 with a mark and UTF-16 without one (a note), and line by line the usual
legacy code page of the locale (a warning with the number of lines). Lines end
with LF, CRLF or CR. Control characters become spaces, with a warning; a TAB
stays. Quotation marks, dashes and everything else are left to the formats.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO, NamedTuple

from datasets.formats.base import (
    Findings,
    FormatError,
    Issue,
    Level,
    looks_like,
    shown,
    size_text,
)
from scoring.locale import language_of

MAX_LINE_CHARACTERS = 10_000
MAX_ROW_CHARACTERS = 500_000  # of a refused line that are kept in its issue
CHUNK_BYTES = 64 * 1024  # arrays over a chunk fit into the cache of a processor
HEAD_BYTES = 65_536  # by which a file is judged to be text or not

# What no text needs: controls but TAB and LF, line separators, inner marks.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")

_MARKS = (  # UTF-32 first: its little-endian mark begins like UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODE_PAGES = {  # by language; all others cp1252
    **dict.fromkeys(("bg", "mk", "ru", "sr", "uk"), "cp1251"),
    **dict.fromkeys(("cs", "hr", "hu", "pl", "ro", "sk", "sl"), "cp1250"),
    **dict.fromkeys(("et", "lt", "lv"), "cp1257"),
    "ar": "cp1256",
    "el": "cp1253",
    "he": "cp1255",
    "ja": "cp932",
    "ko": "cp949",
    "th": "cp874",
    "tr": "cp1254",
    "vi": "cp1258",
    "zh": "gb18030",
}
# The same as CONTROLS, in UTF-8 and in the form that is found fastest.
_ASCII_CONTROLS = bytes([*range(9), *range(11, 32), 127])
_C1_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")
_INNER = [mark.encode() for mark in "\u2028\u2029\ufeff"]


class Encoding(NamedTuple):
    """How a text is stored: the name of the codec, the length of its mark."""

    name: str
    mark: int  # bytes; 0 when there is no byte order mark


class Block(NamedTuple):
    """Some lines, at least one, and the number of each."""

    numbers: Sequence[int]
    lines: list[str]


@dataclass
class Tally:
    """A problem of many lines that is said once: the first line, and how many."""

    first: int = 0
    count: int = 0

    def add(self, line: int) -> None:
        self.first = self.first or line
        self.count += 1


@dataclass
class Reporter:
    """Adds the issues of one text file to its findings."""

    findings: Findings
    file: str  # what the user calls it, fit to be shown
    kind: str  # what the rules begin with, such as `plain_text`

    def add(
        self,
        level: Level,
        line: int | None,
        rule: str,
        message: str,
        advice: str = "",
        *,
        column: int | None = None,
        row: str = "",
    ) -> None:
        rule, row = f"{self.kind}.{rule}", row[:MAX_ROW_CHARACTERS]
        issue = Issue(level, self.file, line, rule, message, advice, column, row)
        self.findings.add(issue)

    def refuse(
        self,
        line: int,
        rule: str,
        message: str,
        advice: str = "",
        *,
        column: int | None = None,
        row: str,
    ) -> None:
        """The line is not used: an error."""
        self.add("error", line, rule, message, advice, column=column, row=row)

    def unusable(self, rule: str, message: str) -> FormatError:
        """To be raised: the file cannot be used as a whole."""
        return FormatError(f"{self.file} {message}", f"{self.kind}.{rule}")


def read_lines(
    path: Path,
    locale: str,
    reporter: Reporter,
    *,
    max_bytes: int,
    max_characters: int = MAX_LINE_CHARACTERS,
    legacy: Level = "warning",
) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers from 1, blank ones as well.

    The file is read once, from start to end; no more than a block of it and the
    longest allowed line (`max_characters`) are in memory. A line that is longer
    is refused (`line_too_long`) and left out. Lines in a legacy code page are an
    issue of the level `legacy`. What is said once about the whole file is added
    to the findings after the last line.

    Raises FormatError with the code `<kind>.empty`, `.too_large` or `.not_text`.
    """
    decoder = _Decoder(locale, reporter, max_characters, legacy)
    for block in _read(path, decoder, max_bytes):
        yield from zip(block.numbers, block.lines, strict=True)


def read_blocks(
    path: Path, locale: str, reporter: Reporter, max_bytes: int, max_characters: int
) -> Iterator[Block]:
    """As `read_lines`, about a thousand at a time, for who checks them together;
    a block has at most as many characters as a chunk of the file has bytes, and
    one line more."""
    decoder = _Decoder(locale, reporter, max_characters, "warning")
    return _read(path, decoder, max_bytes)


def check_suffix(name: str, reporter: Reporter, suffixes: tuple[str, ...]) -> None:
    """Raise FormatError (`<kind>.extension`) when the name ends otherwise. A name
    without an extension is no reason to refuse; what is inside is judged later."""
    suffix = PurePath(name).suffix.lower()
    if suffix and suffix not in suffixes:
        wanted = " or ".join(suffixes)
        message = f"ends with {shown(suffix)}; a file of this kind is one {wanted} "
        message += "file, not packed."
        raise reporter.unusable("extension", message)


def encoding_of(head: bytes) -> Encoding:
    """The encoding by the first bytes of a file (4,096 are enough).

    >>> encoding_of(b"hello"), encoding_of(b"\\xff\\xfeh\\x00")
    (Encoding(name='utf-8', mark=0), Encoding(name='utf-16-le', mark=2))
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, len(mark))
    return Encoding(_unmarked(head[:4096]), 0)


def code_page(locale: str) -> str:
    """What text of this locale was usually stored in before UTF-8.

    >>> code_page("ru-RU"), code_page("de-DE")
    ('cp1251', 'cp1252')
    """
    return _CODE_PAGES.get(language_of(locale), "cp1252")


def encoding_issue(encoding: Encoding) -> tuple[str, str, str]:
    """Rule, message and advice of the note about a text that is not UTF-8."""
    message = f"is {encoding.name.upper()}; it was read as that"
    return "encoding", message, "UTF-8 is the usual encoding"


def legacy_issue(locale: str, count: int) -> tuple[str, str, str]:
    """Rule, message and advice of the warning about lines that are not UTF-8."""
    message = f"is not UTF-8 and was read as {code_page(locale)} "
    message += f"(such lines in all: {count:,})"
    advice = "check their special characters, or save the file as UTF-8"
    return "encoding", message, advice


@dataclass
class _Decoder:
    """Makes text of blocks of lines, and remembers what to say at the end."""

    locale: str
    reporter: Reporter
    max_characters: int
    legacy_level: Level
    legacy: Tally = field(default_factory=Tally)
    is_ascii: bool = True

    def lines(self, block: bytes) -> list[str] | None:
        """The lines of a block without any problem; None when there is one."""
        try:
            text = block.decode()
        except UnicodeDecodeError:
            return None
        if not text.isascii():
            self.is_ascii = False
            if _C1_CONTROLS.search(block) or any(map(block.__contains__, _INNER)):
                return None
        if len(block.translate(None, _ASCII_CONTROLS)) != len(block):
            return None
        lines = text.split("\n")
        return lines if max(map(len, lines)) <= self.max_characters else None

    def one_by_one(self, first: int, block: bytes) -> Block:
        """The lines of a block that has problems."""
        numbers: list[int] = []
        lines: list[str] = []
        for number, raw in enumerate(block.split(b"\n"), first):
            line = self._line(number, raw)
            if line is not None:
                numbers.append(number)
                lines.append(line)
        return Block(numbers, lines)

    def finish(self, encoding: Encoding) -> None:
        add = self.reporter.add
        if encoding.name != "utf-8":
            add("note", None, *encoding_issue(encoding))
        if self.legacy.count:
            issue = legacy_issue(self.locale, self.legacy.count)
            add(self.legacy_level, self.legacy.first, *issue)
        elif not encoding.mark and encoding.name == "utf-8" and not self.is_ascii:
            message = "is UTF-8 without a byte order mark; accepted"
            add("note", None, "no_bom", message)

    def _line(self, number: int, raw: bytes) -> str | None:
        if len(raw) > 4 * self.max_characters:  # a cut line may end in a character
            self._refuse_long(number)
            return None
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            self.legacy.add(number)
            text = raw.decode(code_page(self.locale), "replace")
        if len(text) > self.max_characters:
            self._refuse_long(number)
            return None
        text = text.strip("\ufeff")
        control = CONTROLS.search(text)
        if control is None:
            return text
        message = "control characters were replaced by spaces"
        column = control.start() + 1
        self.reporter.add(
            "warning", number, "control_characters", message, column=column
        )
        return CONTROLS.sub(" ", text)

    def _refuse_long(self, number: int) -> None:
        message = f"is longer than {self.max_characters:,} characters"
        advice = "split it into shorter lines"
        # Not whole, so nothing to be repaired and sent again.
        self.reporter.refuse(number, "line_too_long", message, advice, row="")


def _read(path: Path, decoder: _Decoder, max_bytes: int) -> Iterator[Block]:
    size, reporter = path.stat().st_size, decoder.reporter
    if size > max_bytes:
        message = f"has {size_text(size)}; a file of this kind may have at most "
        message += f"{size_text(max_bytes)}. Split it."
        raise reporter.unusable("too_large", message)
    limit = 4 * (decoder.max_characters + 1)
    with path.open("rb") as file:
        encoding = _checked(file.read(HEAD_BYTES), reporter)
        file.seek(encoding.mark)
        number = 1
        for block in _blocks(_chunks(file, encoding.name), limit):
            lines = decoder.lines(block)
            if lines is not None:
                yield Block(range(number, number + len(lines)), lines)
            elif (left := decoder.one_by_one(number, block)).lines:
                yield left
            number += block.count(b"\n") + 1
    decoder.finish(encoding)


def _checked(head: bytes, reporter: Reporter) -> Encoding:
    """The encoding of a file that is text; FormatError when it is none."""
    encoding = encoding_of(head)
    start = head[encoding.mark :]
    if not start:
        raise reporter.unusable("empty", "is empty. Choose the file again.")
    if encoding.name != "utf-8":
        start = start.decode(encoding.name, "replace").encode()
    looks = looks_like(start)
    if looks != "plain text":
        message = f"is not a text file; it looks like {looks}. Upload a plain text "
        raise reporter.unusable("not_text", f"{message}in UTF-8, not packed.")
    return encoding


def _unmarked(head: bytes) -> str:
    """UTF-16 without a mark is told by every second byte being zero."""
    low, high = head[1::2], head[::2]
    if len(head) < 8:
        return "utf-8"
    if low.count(0) > 0.7 * len(low) and not high.count(0):
        return "utf-16-le"
    if high.count(0) > 0.7 * len(high) and not low.count(0):
        return "utf-16-be"
    return "utf-8"


def _chunks(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """The rest of the file as UTF-8, with LF as the only line end."""
    after_return = False
    for data in _utf8(file, encoding):
        if not data:
            continue
        if after_return and data.startswith(b"\n"):
            data = data[1:]
        after_return = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield data


def _utf8(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    if encoding == "utf-8":
        while data := file.read(CHUNK_BYTES):
            yield data
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while data := file.read(CHUNK_BYTES):
        yield decoder.decode(data).encode()
    yield decoder.decode(b"", final=True).encode()


def _blocks(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Whole lines, several at a time, without the last line end. Of a line that
    runs over several chunks no more than `limit` bytes are kept."""
    rest = b""
    for chunk in chunks:
        first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
        room = limit - len(rest)
        if first < 0:
            rest += chunk[:room]
            continue
        line = rest + chunk[: min(first, room)]
        yield line if first == last else line + chunk[first:last]
        rest = chunk[last + 1 :][:limit]
    if rest:
        yield rest
