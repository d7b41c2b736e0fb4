r"""Display format: how recognised text is to be written.

    // a comment
    #itn
    cat-\d
    #rewrite
    end to end<TAB>E2E
    #profanity
    fake word
    #test
    do you like cat nine<TAB>Do you like cat-9

One text file, .md by the rule and .txt in practice, of at most 10 MB. Sections begin
with `#`, a space behind it is allowed, case does not count, and each may come several
times. Lines that begin with `//` are comments; columns are parted by a TAB.

- `#itn`: one pattern a line (`engines/display/patterns.py`), 200 lines
- `#rewrite`: original and replacement, 1,000 lines; a replacement has at most 500
  characters
- `#profanity`: one word or phrase without grammar punctuation, 1,000 lines; in
  Chinese and Japanese no English phrases, only single English words
- `#test`: recognised text of at most 1,000 characters and the display text that is
  expected, 10,000 lines

Originals and phrases have at most 50 words and are the same when they differ only by
case and punctuation. The limits count lines that are used. What is repeated counts
once, with a warning; an original with another replacement is refused.

The tests are run with the rules that were accepted, for at most a minute. A test that
does not pass is a warning and refuses nothing: its entry has what came out.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-display-text-format
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from datasets.formats.base import Entry, Findings, key, shown
from datasets.formats.text import Reporter, check_suffix, read_lines
from engines.display.patterns import PatternError, parse
from engines.display.pipeline import Display
from engines.display.rules import Rules
from engines.display.words import cores, grammar_mark
from scoring.locale import language_of

MAX_BYTES = 10 * 2**20
MAX_PATTERNS = 200
MAX_REWRITES = 1_000
MAX_PROFANITIES = 1_000
MAX_TESTS = 10_000
MAX_TEST_SECONDS = 60.0
MAX_PHRASE_WORDS = 50
# A text may consist of nothing but words that are replaced.
MAX_REPLACEMENT_CHARACTERS = 500
MAX_TEST_CHARACTERS = 1_000
MAX_RESULT_CHARACTERS = 10_000  # of what came out of a test, in its entry

# Where display formats can be trained; elsewhere the type is not offered.
_LOCALES = """
    da-DK de-DE en-AU en-CA en-GB en-HK en-IE en-IN en-NG en-NZ en-PH en-SG en-US
    es-ES es-MX fi-FI fr-CA fr-FR hi-IN it-IT ja-JP ko-KR nb-NO nl-NL pl-PL pt-BR
    pt-PT sv-SE th-TH tr-TR zh-CN zh-HK
"""
LOCALES = frozenset(_LOCALES.split())

_KIND = "output_format"
_SECTIONS = "the sections are #itn, #rewrite, #profanity and #test"
_SEPARATORS = re.compile(r" {2,}|\u3000| ?(?:=>|->|=|\||;|,) ?")
_SEPARATOR_NAMES = {
    "=>": "an arrow",
    "->": "an arrow",
    "=": "an equals sign",
    "|": "a bar",
    ";": "a semicolon",
    ",": "a comma",
}
_ENGLISH_PHRASE = re.compile(r"[A-Za-z]\s+\S*[A-Za-z]")


def read(
    path: Path, locale: str, findings: Findings, *, name: str = ""
) -> Iterator[Entry]:
    """The rules with sections `itn`, `rewrite`, `profanity` in the order of their
    lines, then the tests (`test`): `text` is the first column, `other` the second,
    `result` of a test is `passed` or what came out.

    Raises FormatError `output_format.extension`, `.too_large`, `.empty`, `.not_text`,
    and `.nothing_usable` when there is no rule at all.
    """
    name = name or path.name
    reporter = Reporter(findings, shown(name), _KIND)
    check_suffix(name, reporter, (".md", ".txt"))
    reader = _Reader(reporter, locale)
    for number, row in read_lines(path, locale, reporter, max_bytes=MAX_BYTES):
        if row.strip() and not row.lstrip().startswith("//"):
            entry = reader.take(number, row)
            if entry is not None and entry.section != "test":
                yield entry
    if not reader.rules:
        message = "has no rule that can be used. Write patterns below #itn, phrases "
        message += "below #rewrite or #profanity."
        raise reporter.unusable("nothing_usable", message)
    yield from _tested(reader.tests, reader.display(), reporter)


class _Refused(Exception):
    """The line cannot be used."""

    def __init__(self, rule: str, message: str, advice: str, column: int = 0) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.advice = advice
        self.column = column or None


class _Line(NamedTuple):
    number: int
    row: str  # as it came


@dataclass
class _Reader:
    """What is known so far of the file being read."""

    reporter: Reporter
    locale: str
    section: str | None = None  # None: before the first or after an unknown one
    # By what must not repeat.
    rules: dict[tuple[str, ...], Entry] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    tests: list[Entry] = field(default_factory=list)

    def take(self, number: int, row: str) -> Entry | None:
        """A line that is neither blank nor a comment."""
        try:
            return self._take(_Line(number, row))
        except _Refused as problem:
            self.reporter.refuse(
                number,
                problem.rule,
                problem.message,
                problem.advice,
                column=problem.column,
                row=row,
            )
            return None

    def display(self) -> Display:
        """The pipeline with all rules that were accepted."""
        by_section: dict[str, list[Entry]] = {name: [] for name in _TAKERS}
        for entry in self.rules.values():
            by_section[entry.section].append(entry)
        rules = Rules(
            tuple(entry.text for entry in by_section["itn"]),
            tuple((entry.text, entry.other) for entry in by_section["rewrite"]),
            tuple(entry.text for entry in by_section["profanity"]),
        )
        return Display(rules, self.locale)

    def _take(self, line: _Line) -> Entry | None:
        if line.row.lstrip().startswith("#"):
            self._enter(line)
            return None
        if self.section is None:
            message = "stands in no section"
            raise _Refused("no_section", message, f"write one above; {_SECTIONS}")
        taker, limit = _TAKERS[self.section]
        if self.counts.get(self.section, 0) >= limit:
            message = f"is beyond the {limit:,} lines that #{self.section} may have"
            raise _Refused("limit", message, "remove rules that are not needed")
        entry = taker(self, line)
        if entry is not None:
            self.counts[self.section] = self.counts.get(self.section, 0) + 1
        return entry

    def _enter(self, line: _Line) -> None:
        name = line.row.strip()[1:].split("//")[0].strip()
        self.section = name.lower() if name.lower() in _TAKERS else None
        if self.section is None:
            message = f"#{shown(name)} is no section"
            advice = f"{_SECTIONS}; a pattern that begins with # is written [#]"
            column = line.row.index("#") + 1
            raise _Refused("unknown_section", message, advice, column)

    def itn(self, line: _Line) -> Entry | None:
        text, column = _one_column(line, "a pattern")
        try:
            parse(text)
        except PatternError as problem:
            place = column + problem.column - 1
            raise _Refused("pattern", problem.message, problem.advice, place) from None
        return self._add(("itn", text), Entry("itn", line.number, text))

    def rewrite(self, line: _Line) -> Entry | None:
        original, replacement = _two_columns(line)
        words = self._words(line, original)
        _check_length(line, replacement, "the replacement", MAX_REPLACEMENT_CHARACTERS)
        entry = Entry("rewrite", line.number, original, replacement)
        return self._add(("rewrite", *words), entry)

    def profanity(self, line: _Line) -> Entry | None:
        text, column = _one_column(line, "a word or phrase")
        mark = grammar_mark(text, self.locale)
        if mark is not None:
            message = f"has the punctuation {text[mark]} in it"
            advice = "write the words without punctuation"
            raise _Refused("punctuation", message, advice, column + mark)
        if language_of(self.locale) in ("ja", "zh") and _ENGLISH_PHRASE.search(text):
            message = f"is an English phrase, which {self.locale} cannot find"
            advice = "write single English words, each on a line of its own"
            raise _Refused("english_phrase", message, advice, column)
        words = self._words(line, text)
        return self._add(("profanity", *words), Entry("profanity", line.number, text))

    def test(self, line: _Line) -> Entry:
        lexical, expected = _two_columns(line)
        _check_length(line, lexical, "the recognised text", MAX_TEST_CHARACTERS)
        self.tests.append(Entry("test", line.number, lexical, expected))
        return self.tests[-1]

    def _words(self, line: _Line, phrase: str) -> list[str]:
        words = cores(phrase, self.locale)
        column = line.row.index(phrase) + 1
        if not words:
            message = "has only punctuation where words are expected"
            raise _Refused("no_words", message, "write the words as spoken", column)
        if len(words) > MAX_PHRASE_WORDS:
            message = f"has {len(words):,} words; {MAX_PHRASE_WORDS} are the most"
            raise _Refused("long_phrase", message, "write a shorter phrase", column)
        return words

    def _add(self, same: tuple[str, ...], entry: Entry) -> Entry | None:
        first = self.rules.setdefault(same, entry)
        if first is entry:
            return entry
        if first.other != entry.other:
            message = f"line {first.line} has another replacement for the same words: "
            message += f"{shown(first.other)}; that one is used"
            raise _Refused("duplicate", message, "keep one of the two lines")
        message = f"repeats line {first.line}; it counts once"
        self.reporter.add("warning", entry.line, "repeated_line", message)
        return None


_Taker = Callable[[_Reader, _Line], Entry | None]
_TAKERS: dict[str, tuple[_Taker, int]] = {
    "itn": (_Reader.itn, MAX_PATTERNS),
    "rewrite": (_Reader.rewrite, MAX_REWRITES),
    "profanity": (_Reader.profanity, MAX_PROFANITIES),
    "test": (_Reader.test, MAX_TESTS),
}


def _one_column(line: _Line, what: str) -> tuple[str, int]:
    """The text of the line, and its column."""
    text = line.row.strip()
    column = line.row.index(text) + 1
    if "\t" in text:
        message = f"has a TAB, but a line of this section is {what} and nothing else"
        advice = "remove the TAB and what follows, or move the line to #rewrite"
        raise _Refused("columns", message, advice, column + text.index("\t"))
    return text, column


def _two_columns(line: _Line) -> tuple[str, str]:
    if "\t" not in line.row:
        message, column = _separator(line.row)
        advice = "put one TAB between what is spoken and what is written"
        raise _Refused("no_tab", message, advice, column)
    first, second, *more = (part.strip() for part in line.row.split("\t"))
    if any(more):
        column = line.row.index("\t", line.row.index("\t") + 1) + 1
        message = "has more than two columns"
        raise _Refused("columns", message, "keep one TAB in the line", column)
    if not first or not second:
        side = "after" if first else "before"
        message = f"has nothing {side} the TAB"
        advice = "write both what is spoken and what is written"
        raise _Refused("empty_column", message, advice, line.row.index("\t") + 1)
    return first, second


def _check_length(line: _Line, text: str, what: str, limit: int) -> None:
    if len(text) > limit:
        message = f"{what} has {len(text):,} characters; {limit:,} are the most"
        column = line.row.rindex(text) + 1
        raise _Refused("long_text", message, "write a shorter one", column)


def _separator(row: str) -> tuple[str, int]:
    """What stands there instead of a TAB, and its column."""
    text = row.strip()
    found = _SEPARATORS.search(text)
    if found is None or not 0 < found.start() < found.end() < len(text):
        return "has no TAB", 0
    name = _SEPARATOR_NAMES.get(found[0].strip(), "several spaces")
    message = f"has no TAB; {name} may stand for it"
    return message, row.index(text) + found.start() + 1


def _tested(
    tests: Sequence[Entry], display: Display, reporter: Reporter
) -> Iterator[Entry]:
    """The tests with their results; those not reached in time are left out."""
    end = time.monotonic() + MAX_TEST_SECONDS
    passed = 0
    for done, test in enumerate(tests):
        if time.monotonic() > end:
            message = f"the tests took more than {MAX_TEST_SECONDS:.0f} seconds; "
            message += f"{len(tests) - done:,} from this line on were not run"
            advice = "write fewer or shorter tests"
            reporter.add("warning", test.line, "tests_stopped", message, advice)
            break
        actual = display.format(test.text)
        is_passed = actual == _normal(test.other)
        passed += is_passed
        if not is_passed:
            _report_failure(test, actual, reporter)
        result = "passed" if is_passed else actual[:MAX_RESULT_CHARACTERS]
        yield test._replace(result=result)
    if tests:
        message = f"{passed:,} of {len(tests):,} tests passed"
        reporter.add("note", None, "tests", message)


def _normal(expected: str) -> str:
    return " ".join(unicodedata.normalize("NFC", expected).split())


def _report_failure(test: Entry, actual: str, reporter: Reporter) -> None:
    message = f'the test gives "{shown(actual)}" instead of "{shown(test.other)}"'
    advice = "change a rule, or what the test expects"
    if key(actual) == key(test.other):
        advice = "they differ in capitals only; " + advice
    reporter.add("warning", test.line, "test_failed", message, advice)
