"""The transcript of an audio + transcript dataset.

A text file (.txt or .tsv) with one line for each audio file:

    speech01.wav<TAB>speech recognition is awesome<TAB>anna<TAB>headset

Columns after the second carry labels (`datasets.formats.labels`). When the first
line holds titles (its first cell is `file`, `filename`, `audio`, `name`, `path` or
`audio_filepath`, and no audio file is called so), they name the labels and may
put the text elsewhere; without titles the third column is `speaker`, and those
after it are `label2`, `label3` and so on.

`datasets.formats.text` says which encodings are read. A line that cannot be used
is reported with its number, and the others are used. By locale:

- English is asked for in ASCII: typographic quotes, apostrophes, dashes and dots
  become plain ones, with one note for the file; other letters stay.
- In German a line with one of the special characters that the reference discards
  is refused.
- In Japanese a line with a sentence of more than 90 characters is refused.

Digits and abbreviations are left alone: they are for the normalisation. What is
repeated more than three times in a row is used, with a warning, as the reference
may drop such lines.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from datasets.formats import sentences
from datasets.formats.base import Findings, bare_name, key, shown
from datasets.formats.labels import Columns, Labeller, header
from datasets.formats.text import Reporter, Tally, read_lines
from scoring.locale import language_of

MAX_BYTES = 64 * 2**20
MAX_LINES = 100_000  # ten times the number of files that an archive may hold
MAX_TEXT_CHARACTERS = 200_000  # two hours of fast speech are about 130,000
MAX_NAME_CHARACTERS = 255
MAX_LABEL_CHARACTERS = 10_000  # of all labels of a line together

_NO_TAB = re.compile(r"\S*\.\w{2,5}([ ,;|:\u3000\xa0]+)\S")
_SEPARATORS = {",": "a comma", ";": "a semicolon", "|": "a bar", ":": "a colon"}
_SENTENCE_ENDS = re.compile("[\u3002\uff0e\uff01\uff1f.!?]")
_ASCII = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\xab\xbb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        **dict.fromkeys("\u2014\u2015", "--"),
        "\u2026": "...",
        "\xa0": " ",
    }
)


@dataclass(frozen=True)
class Line:
    """What a transcript or a manifest says of one audio file or a part of it."""

    number: int  # from 1
    name: str  # of the audio file, without folders
    text: str  # without control characters; a manifest may leave it empty
    labels: dict[str, str] = field(default_factory=dict)
    row: str = ""  # the line as it came
    file: str = ""  # where it stands, fit to be shown
    start: float | None = None  # seconds; None: it is about the whole file
    seconds: float | None = None


def read(
    path: Path,
    locale: str,
    findings: Findings,
    *,
    name: str = "",
    is_audio: Callable[[str], bool] = lambda name: False,
    normalizes: bool = True,
) -> Iterator[Line]:
    """The lines that can be used, each with a text and a name of its own.

    `name` is what the user calls the file; `is_audio` tells a name of an audio file
    from a title; without `normalizes` the text is taken as it is (see `TextRules`).
    Raises FormatError with the code `transcript.empty`, `.too_large`
    or `.not_text`.
    """
    reporter = Reporter(findings, shown(name or path.name), "transcript")
    reader = _Reader(reporter, language_of(locale), is_audio, normalizes)
    longest = MAX_TEXT_CHARACTERS + MAX_NAME_CHARACTERS + MAX_LABEL_CHARACTERS
    lines = read_lines(
        path, locale, reporter, max_bytes=MAX_BYTES, max_characters=longest
    )
    for number, row in lines:
        if number > MAX_LINES:
            message = f"has more than {MAX_LINES:,} lines; the rest is not read"
            reporter.add("error", None, "too_many_lines", message, "split the dataset")
            break
        line = reader.take(number, row) if row.strip() else None
        if line is not None:
            yield line
    reader.finish()


class TextRules:
    """What the language asks of the text of an utterance, whatever file it is in.

    The language is empty for a text that was normalised before its upload: no
    character of it is changed, and none is refused.
    """

    def __init__(self, reporter: Reporter, language: str) -> None:
        self.reporter = reporter
        self.language = language
        self.plain = Tally()  # lines in which characters became ASCII

    def apply(self, number: int, text: str, row: str) -> str | None:
        """The text as it is kept; None when it was refused, which is reported."""
        problem = _sentence_problem(text, self.language)
        if problem is not None:
            found, rule, message, advice = problem
            column = max(row.find(text), 0) + found + 1
            self.reporter.refuse(number, rule, message, advice, column=column, row=row)
            return None
        repeated = sentences.repeated(text)
        if repeated is not None:
            place, rule, message, advice = repeated
            message += "; such a line may be dropped in training"
            column = max(row.find(text), 0) + (place or 1)
            self.reporter.add("warning", number, rule, message, advice, column=column)
        if self.language != "en" or text.isascii():
            return text
        plain = text.translate(_ASCII)
        if plain != text:
            self.plain.add(number)
        return plain

    def finish(self) -> None:
        if self.plain.count:
            message = "typographic quotes, apostrophes and dashes became plain ones "
            message += f"(such lines in all: {self.plain.count:,})"
            self.reporter.add("note", self.plain.first, "plain_quotes", message)


@dataclass
class _Reader:
    """What is known so far of the transcript being read."""

    reporter: Reporter
    language: str
    is_audio: Callable[[str], bool]
    normalizes: bool
    columns: Columns | None = None  # not known before the first line
    names: dict[str, Tally] = field(default_factory=dict)  # of the labels

    def __post_init__(self) -> None:
        self.labeller = Labeller(self.reporter)
        self.rules = TextRules(self.reporter, self.language if self.normalizes else "")
        self.doubles = Doubles(self.reporter)

    def take(self, number: int, row: str) -> Line | None:
        """One line that is not blank; None when it is not used, or holds titles."""
        if "\t" not in row:
            self.reporter.refuse(number, *_without_tab(row), row=row)
            return None
        cells = [cell.strip() for cell in row.split("\t")]
        if self.columns is None:
            titles = header(cells, self.is_audio)
            self.columns = titles or Columns(file=0, text=1)
            if titles is not None:
                return None
        name, text = (
            cells[place] if place < len(cells) else ""
            for place in (self.columns.file, self.columns.text)
        )
        problem = line_problem(name, text)
        if problem is not None:
            self.reporter.refuse(number, *problem, row=row)
            return None
        kept = self.rules.apply(number, text, row)
        if kept is None:
            return None
        labels = self._labels(number, cells)
        line = Line(number, bare_name(name), kept, labels, row, self.reporter.file)
        return line if self.doubles.is_new(line) else None

    def finish(self) -> None:
        """The findings that are about the whole file: each is said once."""
        for name, tally in self.names.items():
            message = f"a further column was kept as the label {name} "
            message += f"(such lines in all: {tally.count:,})"
            self.reporter.add("note", tally.first, "label", message)
        self.labeller.finish()
        self.rules.finish()

    def _labels(self, number: int, cells: list[str]) -> dict[str, str]:
        if self.columns is None or len(cells) < 3:
            return {}
        pairs = ((self.columns.label(i), cell) for i, cell in enumerate(cells))
        labels = self.labeller.labels(number, pairs)
        for name in labels:
            self.names.setdefault(name, Tally()).add(number)
        return labels


@dataclass
class Doubles:
    """Finds the lines of one file that are about the same audio."""

    reporter: Reporter
    seen: dict[tuple[str, float | None], Line] = field(default_factory=dict)
    reported: set[int] = field(default_factory=set)

    def is_new(self, line: Line) -> bool:
        """False when the line is not to be used, which is reported."""
        first = self.seen.setdefault((key(line.name), line.start), line)
        if first is line:
            return True
        name = shown(line.name)
        if first.text == line.text:
            message = f"repeats line {first.number} for {name}; it counts once"
            self.reporter.add("warning", line.number, "repeated_line", message)
            return False
        if first.number not in self.reported:
            self.reported.add(first.number)
            message = f"{name} has another text on line {line.number}; this one is used"
            self.reporter.add("warning", first.number, "duplicate_name", message)
        message = f"{name} already has another text on line {first.number}, which is "
        message += "used instead of this one"
        advice = "keep one line for each audio file"
        self.reporter.refuse(
            line.number, "duplicate_name", message, advice, row=line.row
        )
        return False


def _without_tab(raw: str) -> tuple[str, str, str]:
    match = _NO_TAB.match(raw[:1024].lstrip("\ufeff \t"))
    message = "there is no TAB between the file name and the text"
    if match:
        mark = match[1].strip()[:1]
        message = f"there is {_SEPARATORS.get(mark, 'a space')} instead of a TAB "
        message += "between the file name and the text"
    return "no_tab", message, "separate them with one TAB character"


def line_problem(name: str, text: str) -> tuple[str, str, str] | None:
    """Why a line is not used: rule, message and advice."""
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


def _sentence_problem(text: str, language: str) -> tuple[int, str, str, str] | None:
    """Where, from 0, and rule, message and advice."""
    if language == "de" and not text.isascii():
        return _german_problem(text)
    if language == "ja" and len(text) > sentences.MAX_JAPANESE_CHARACTERS:
        return _japanese_problem(text)
    return None


def _german_problem(text: str) -> tuple[int, str, str, str] | None:
    for place, character in enumerate(text):
        if not sentences.is_accepted(character, german=True):
            name = unicodedata.name(character, "without a name").lower()
            message = f"contains {shown(character)} ({name}); German lines with such "
            message += "characters are discarded in training"
            return place, "special_character", message, "write it as it is spoken"
    return None


def _japanese_problem(text: str) -> tuple[int, str, str, str] | None:
    start = 0
    for sentence in _SENTENCE_ENDS.split(text):
        if len(sentence) > sentences.MAX_JAPANESE_CHARACTERS:
            message = f"has a sentence of {len(sentence):,} characters; in Japanese "
            message += f"at most {sentences.MAX_JAPANESE_CHARACTERS} are allowed"
            return start, "sentence_too_long", message, "divide it with a full stop"
        start += len(sentence) + 1
    return None
