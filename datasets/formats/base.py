"""What every format shares: the issues it reports and the names it compares.

A format never stops at the first bad line or file. It collects issues, uses the
rest, and raises `FormatError` only when the upload cannot be used at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

Level = Literal["error", "warning", "note"]

MAX_ISSUES_PER_RULE = 10_000  # the rest is in the file of the report only
MAX_SHOWN_CHARACTERS = 200  # of a name inside a message or an issue

# The first bytes by which a file is recognised, and what to call it.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive (.gz or .tgz)"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"fLaC", "a FLAC audio file"),
    (b"OggS", "an OGG audio file"),
    (b"ID3", "an MP3 audio file"),
    (b"\xff\xfb", "an MP3 audio file"),
    (b"\xff\xf3", "an MP3 audio file"),
    (b"\x1aE\xdf\xa3", "a WebM or Matroska file"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
)
_TEXT_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes([*range(9), 11, *range(14, 32), 127])
_HTML = re.compile(rb"\s*<(!doctype html|html|head|body|\?xml)\b", re.IGNORECASE)


class FormatError(Exception):
    """The upload cannot be used at all; the message is fit for the user."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class AudioError(Exception):
    """The file cannot be used; message and advice are fit for the user."""

    def __init__(self, message: str, rule: str, advice: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.advice = advice


@dataclass(frozen=True)
class Issue:
    """One thing wrong with one file or line of an upload.

    `message` and `advice` leave out the file and the line, which stand beside
    them; `str()` puts all four together.

    >>> print(Issue("error", "trans.txt", 12, "x.y", "there is no TAB", "add one"))
    trans.txt, line 12: there is no TAB; add one
    """

    level: Level  # error: the file or line is not used
    file: str  # its name in the archive, fit to be shown
    line: int | None  # from 1; None when the issue is about the whole file
    rule: str  # a short machine code such as `audio.truncated`
    message: str
    advice: str = ""
    column: int | None = None  # the character in the line, from 1
    row: str = ""  # the refused line as it came, to be repaired and sent again
    position: int | None = None  # of the utterance it is about, from 0

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        advice = f"; {self.advice}" if self.advice else ""
        return f"{place}: {self.message}{advice}"


class Entry(NamedTuple):
    """One thing that a text dataset holds, as its format understood it."""

    section: str  # what it is: "sentence", "list food", "lexicon", "itn", ...
    line: int  # from 1, in the upload
    text: str  # the sentence, item, word, display form, pattern, ...
    other: str = ""  # what belongs to it: the spoken form, phones, replacement, ...
    result: str = ""  # of a self-test: "passed", or what came out instead


@dataclass
class Findings:
    """Collects issues; of each rule the first 10,000 are kept, the rest counted.

    `spill` is given every issue, kept or not: the whole report goes to a file. Then
    those that are kept have no `row`: all of a text of 200 MB may be refused.
    """

    spill: Callable[[Issue], None] | None = None
    rejected: int = 0  # lines and files that are not used: one for each error
    kept: list[Issue] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, issue: Issue) -> None:
        self.rejected += issue.level == "error"
        if self.spill is not None:
            self.spill(issue)
        self.seen[issue.rule] += 1
        if self.seen[issue.rule] > MAX_ISSUES_PER_RULE:
            return
        has_copy = self.spill is not None and issue.row
        self.kept.append(replace(issue, row="") if has_copy else issue)

    def all(self) -> list[Issue]:
        """What was kept, and for each rule that ran over one note with the number."""
        more = [
            Issue(
                level="note",
                file="",
                line=None,
                rule=rule,
                message=f"{count - MAX_ISSUES_PER_RULE:,} more problems of the "
                f"kind {rule} are in the report to download",
            )
            for rule, count in self.seen.items()
            if count > MAX_ISSUES_PER_RULE
        ]
        return self.kept + more


def bare_name(path: str) -> str:
    """The file name without its folders, of either slash.

    >>> bare_name("audio/one.wav"), bare_name("C:\\\\clips\\\\two.wav")
    ('one.wav', 'two.wav')
    """
    return re.split(r"[/\\]", path)[-1]


def key(name: str) -> str:
    """What two names are compared by: without case, and accents composed.

    >>> key("ÜBER.WAV") == key("u\\u0308ber.wav")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def shown(name: str) -> str:
    """A name from an upload, safe to show and to store: one line, at most 200
    characters, control characters and lone surrogates escaped.

    >>> shown("a\\x00b")
    'a\\\\x00b'
    """
    cut = name[: MAX_SHOWN_CHARACTERS - 3] + "..."
    short = name if len(name) <= MAX_SHOWN_CHARACTERS else cut
    return "".join(
        c if unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"} else _escape(c)
        for c in short
    )


def size_text(size: int) -> str:
    """A number of bytes for people.

    >>> size_text(999), size_text(44_100), size_text(3 * 2**30)
    ('999 bytes', '43.1 KB', '3.0 GB')
    """
    if size < 1024:
        return f"{size} bytes"
    for power, unit in ((1, "KB"), (2, "MB")):
        if size < 1024 ** (power + 1):
            return f"{size / 1024**power:.1f} {unit}"
    return f"{size / 1024**3:.1f} GB"


def duration_text(seconds: float) -> str:
    """A length of time for people.

    >>> duration_text(1.25), duration_text(59.96), duration_text(754)
    ('1.2 s', '1 min 0 s', '12 min 34 s')
    >>> duration_text(7_980)
    '2 h 13 min'
    """
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def looks_like(head: bytes) -> str:
    """What a file is by its first bytes (512 are enough), in words.

    >>> looks_like(b""), looks_like(b"RIFF....WAVEfmt "), looks_like(b"hello")
    ('an empty file', 'a WAV audio file', 'plain text')
    """
    if not head:
        return "an empty file"
    if head[:4] in {b"RIFF", b"RIFX", b"RF64"} and head[8:12] == b"WAVE":
        return "a WAV audio file"
    if head[4:8] == b"ftyp":
        return "an MP4 or M4A file"
    if head[257:262] == b"ustar":
        return "a tar archive"
    for signature, words in _SIGNATURES:
        # A text may begin with the letters of a signature, such as MZ or ID3.
        is_word = signature.isalnum() and is_text(head)
        if head.startswith(signature) and not is_word:
            return words
    if _HTML.match(head):
        return "a web page (HTML or XML)"
    if is_text(head):
        return "plain text"
    return "binary data of an unknown kind"


def is_text(head: bytes) -> bool:
    """True when no more than one byte in 25 is a control character (in compressed
    data it is one in 9). A UTF-16 or UTF-32 byte order mark is enough as well."""
    if head.startswith(_TEXT_MARKS):
        return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 25 <= len(head)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
