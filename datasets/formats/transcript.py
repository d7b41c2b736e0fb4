"""The transcript of an audio + transcript dataset.

A text file (.txt or .tsv) with one line for each audio file:

    speech01.wav<TAB>speech recognition is awesome

UTF-8 with a byte order mark is what the format asks for. Accepted as well are
UTF-8 without one, UTF-16 and UTF-32 with one, and line by line the usual legacy
code page of the locale. Columns after the second are ignored. A line that cannot
be used is reported with its number, and the others are used.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from datasets.formats.base import (
    Findings,
    FormatError,
    Issue,
    Level,
    bare_name,
    key,
    looks_like,
    shown,
    size_text,
)

MAX_BYTES = 64 * 2**20
MAX_LINES = 100_000  # ten times the number of files that an archive may hold
MAX_TEXT_CHARACTERS = 200_000  # two hours of fast speech are about 130,000
MAX_NAME_CHARACTERS = 255

_BOMS = (  # UTF-32 first: its little-endian mark begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
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
_LINE_END = re.compile(rb"\r\n|\n|\r")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_NO_TAB = re.compile(r"\S*\.\w{2,5}([ ,;|:\u3000\xa0]+)\S")
_SEPARATORS = {",": "a comma", ";": "a semicolon", "|": "a bar", ":": "a colon"}


@dataclass(frozen=True)
class Line:
    """The text of one audio file."""

    number: int  # from 1
    name: str  # of the audio file, without folders
    text: str  # never empty, without control characters


@dataclass(frozen=True)
class Parsed:
    """What a transcript says; `rejected` counts its lines that cannot be used."""

    lines: list[Line]
    issues: list[Issue]
    rejected: int


def parse(data: bytes | Path, locale: str, name: str = "") -> Parsed:
    """Read a transcript. `name` is what the user calls the file.

    Raises FormatError when it is not text or has more than 64 MB.

    >>> parse(b"one.wav\\thello\\n\\ntwo.wav hi", "en-US", "t.txt").lines
    [Line(number=1, name='one.wav', text='hello')]
    """
    name = name or (data.name if isinstance(data, Path) else "transcript")
    state = _State(shown(name))
    for number, raw in _raw_lines(_utf8(_load(data, state.file), state)):
        if number > MAX_LINES:
            message = f"has more than {MAX_LINES:,} lines; the rest is not read"
            state.add("error", None, "too_many_lines", message, "split the dataset")
            break
        if raw.strip():
            state.take(number, _decode_line(number, raw, locale, state))
    state.finish(locale)
    return Parsed(state.lines, state.findings.all(), state.rejected)


@dataclass
class _State:
    """What is known so far of the transcript being read."""

    file: str
    lines: list[Line] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    by_key: dict[str, Line] = field(default_factory=dict)
    reported: set[int] = field(default_factory=set)
    rejected: int = 0
    legacy: list[int] = field(default_factory=list)  # lines not in UTF-8
    columns: list[int] = field(default_factory=list)  # lines with more than two
    has_bom: bool = False
    is_ascii: bool = True

    def add(
        self, level: Level, line: int | None, rule: str, message: str, advice: str = ""
    ) -> None:
        rule = f"transcript.{rule}"
        self.findings.add(Issue(level, self.file, line, rule, message, advice))

    def reject(self, line: int, rule: str, message: str, advice: str = "") -> None:
        self.rejected += 1
        self.add("error", line, rule, message, advice)

    def take(self, number: int, raw: str) -> None:
        """Add one line that is not blank, or say why not."""
        if len(raw) > MAX_TEXT_CHARACTERS + MAX_NAME_CHARACTERS:
            message = f"is longer than {MAX_TEXT_CHARACTERS:,} characters"
            advice = "write one line for each audio file"
            return self.reject(number, "line_too_long", message, advice)
        if "\t" not in raw:
            return self.reject(number, *_without_tab(raw))
        clean = _CONTROLS.sub(" ", raw.strip("\ufeff"))
        if clean != raw.strip("\ufeff"):
            message = "control characters were replaced by spaces"
            self.add("warning", number, "control_characters", message)
        name, text, *more = (part.strip() for part in clean.split("\t"))
        if any(more):
            self.columns.append(number)
        problem = _problem(name, text)
        if problem is not None:
            return self.reject(number, *problem)
        return self._keep(Line(number, bare_name(name), text))

    def _keep(self, line: Line) -> None:
        first = self.by_key.setdefault(key(line.name), line)
        if first is line:
            self.lines.append(line)
            return
        name = shown(line.name)
        if first.text == line.text:
            message = f"repeats line {first.number} for {name}; it counts once"
            self.add("warning", line.number, "repeated_line", message)
            return
        if first.number not in self.reported:
            self.reported.add(first.number)
            message = f"{name} has another text on line {line.number}; this one is used"
            self.add("warning", first.number, "duplicate_name", message)
        message = f"{name} already has another text on line {first.number}, which is "
        message += "used instead of this one"
        advice = "keep one line for each audio file"
        self.reject(line.number, "duplicate_name", message, advice)

    def finish(self, locale: str) -> None:
        """The findings that are about the whole file: each is said once."""
        if self.columns:
            message = "has more than two columns; the third and later ones are "
            message += f"ignored (such lines in all: {len(self.columns):,})"
            self.add("note", self.columns[0], "extra_columns", message)
        if self.legacy:
            message = f"is not UTF-8 and was read as {_code_page(locale)} "
            message += f"(such lines in all: {len(self.legacy):,})"
            advice = "check their special characters, or save the file as UTF-8"
            self.add("warning", self.legacy[0], "encoding", message, advice)
        elif not self.has_bom and not self.is_ascii:
            message = "is UTF-8 without a byte order mark; accepted"
            self.add("note", None, "no_bom", message)


def _load(data: bytes | Path, file: str) -> bytes:
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size > MAX_BYTES:
        message = f"{file} has {size_text(size)}; a transcript may have at most "
        message += f"{size_text(MAX_BYTES)}. Split the dataset."
        raise FormatError(message, "transcript.too_large")
    return data.read_bytes() if isinstance(data, Path) else data


def _utf8(data: bytes, state: _State) -> bytes:
    """The file with UTF-16 and UTF-32 turned into UTF-8, and without its mark."""
    if data.startswith(codecs.BOM_UTF8):
        state.has_bom = True
        data = data[len(codecs.BOM_UTF8) :]
    encoding = next((e for bom, e in _BOMS if data.startswith(bom)), None)
    if encoding is None and not state.has_bom:
        encoding = _wide_encoding(data[:4096])
    if encoding is not None:
        message = f"is {encoding.upper()}; it was read as that"
        state.add("note", None, "encoding", message, "UTF-8 is the usual encoding")
        state.has_bom = True
        data = data.decode(encoding, "replace").encode("utf-8", "replace")
    looks = looks_like(data[:65_536])
    if data and looks != "plain text":
        message = f"{state.file} is not a text file; it looks like {looks}. Save the "
        message += "transcript as plain text in UTF-8."
        raise FormatError(message, "transcript.not_text")
    return data


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 without a mark, told by every second byte being zero."""
    low, high = head[1::2], head[::2]
    if len(head) < 8:
        return None
    if low.count(0) > 0.7 * len(low) and not high.count(0):
        return "utf-16-le"
    if high.count(0) > 0.7 * len(high) and not low.count(0):
        return "utf-16-be"
    return None


def _raw_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    start, number = 0, 1
    for end in _LINE_END.finditer(data):
        yield number, data[start : end.start()]
        start, number = end.end(), number + 1
    if start < len(data):
        yield number, data[start:]


def _decode_line(number: int, raw: bytes, locale: str, state: _State) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        state.legacy.append(number)
        return raw.decode(_code_page(locale), "replace")
    state.is_ascii = state.is_ascii and text.isascii()
    return text


def _code_page(locale: str) -> str:
    return _CODE_PAGES.get(locale.replace("_", "-").split("-")[0].lower(), "cp1252")


def _without_tab(raw: str) -> tuple[str, str, str]:
    match = _NO_TAB.match(raw[:1024].lstrip("\ufeff \t"))
    message = "there is no TAB between the file name and the text"
    if match:
        mark = match[1].strip()[:1]
        message = f"there is {_SEPARATORS.get(mark, 'a space')} instead of a TAB "
        message += "between the file name and the text"
    return "no_tab", message, "separate them with one TAB character"


def _problem(name: str, text: str) -> tuple[str, str, str] | None:
    if not bare_name(name):
        message = "there is no file name before the TAB"
        return "no_name", message, "begin each line with the name of an audio file"
    if len(bare_name(name)) > MAX_NAME_CHARACTERS:
        message = f"the file name is longer than {MAX_NAME_CHARACTERS} characters"
        return "long_name", message, "rename the audio file"
    if not text:
        message = f"there is no text for {shown(bare_name(name))}"
        return "no_text", message, "write what is said, or remove the line"
    if len(text) > MAX_TEXT_CHARACTERS:
        message = f"is longer than {MAX_TEXT_CHARACTERS:,} characters"
        return "line_too_long", message, "write one line for each audio file"
    if "\ufffd" in text or "\ufffd" in name:
        message = "contains characters that were lost when the file was saved (\ufffd)"
        return "lost_characters", message, "restore them and save the file as UTF-8"
    return None
