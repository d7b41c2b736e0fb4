"""Plain text: sentences of the field, one utterance on each line (`Language`).

One .txt file, not packed, of at most 200 MB, in UTF-8 with a byte order mark
(`datasets.formats.text` says what else is read). Blank lines are left out. A line
is refused, with its number, when it

- has more than 10,000 characters; in Japanese, more than 90;
- has a URI: `https://...` or any other scheme with `//`, `mailto:...`, `www....`,
  or a host with a path (`contoso.com/news`). A bare name such as contoso.com and
  an e-mail address are spoken, so they are accepted;
- repeats something more than three times in a row, without regard to case:
    - a character: "aaaa", "....". Not spaces;
    - a word, or a group of up to ten words, whatever punctuation is between:
      "ha ha ha ha", "I said, I said, I said, I said". Where a script writes no
      spaces between words, each of its characters counts as a word;
    - digits and groups of digits are said one by one or as a number, so 10,000,
      0000 and "5 5 5 5" are accepted; the limit for them is twelve;
- has no word at all;
- has a special character. Letters, marks and digits of every script are accepted,
  so is all punctuation, typographic as well, and symbols that are spoken or belong
  to a script: currency, + < = > | ~ ^ ` and the like, degrees, (c) and (r). So are
  forms of them such as full-width ones. Refused are emoji, arrows, box drawing,
  other pictures, private use, and what is left of lost characters (U+FFFD).
  (The reference asks for UTF-8 and at the same time for nothing above U+00A1,
  which would leave accented letters out.) In German the characters that the
  reference lists are refused as well.

Japanese and Korean files of more than 20,000 lines work, with the advice to split
them. Lines that occur twice are accepted: to repeat a sentence gives it weight.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.formats import sentences
from datasets.formats.base import Entry, Findings, shown
from datasets.formats.text import (
    MAX_LINE_CHARACTERS,
    Block,
    Reporter,
    Tally,
    check_suffix,
    read_blocks,
)
from scoring.locale import language_of

MAX_BYTES = 200 * 2**20
MAX_LINES_ADVISED = 20_000  # in one file, in languages of `_SPLIT`

_SPLIT = frozenset({"ja", "ko"})
# Only a line with one of these or with www can have a URI; a TAB is no space.
_MARKS_OF_INTEREST = ":/\t"


def read(
    path: Path, locale: str, findings: Findings, *, name: str = ""
) -> Iterator[Entry]:
    """The sentences of a plain text, in the section "sentence".

    Raises FormatError with the code `plain_text.extension`, `.empty`, `.too_large`,
    `.not_text`, or at the end `.nothing_usable`.
    """
    reporter = Reporter(findings, shown(name or path.name), "plain_text")
    check_suffix(name or path.name, reporter, (".txt",))
    checker = _Checker(reporter, language_of(locale))
    for block in read_blocks(path, locale, reporter, MAX_BYTES, MAX_LINE_CHARACTERS):
        yield from checker.entries(block)
    checker.finish()


@dataclass
class _Checker:
    """Tells the lines that can be used, and says why the others can not."""

    reporter: Reporter
    language: str
    accepted: int = 0
    tabs: Tally = field(default_factory=Tally)

    def entries(self, block: Block) -> Iterator[Entry]:
        numbers, lines = block
        texts = [line.strip() for line in lines]
        flags = _suspects(lines, self.language == "de")
        if self.language == "ja":
            flags[
                [len(text) > sentences.MAX_JAPANESE_CHARACTERS for text in texts]
            ] |= _LONG
        for at in np.flatnonzero(flags).tolist():
            texts[at] = self._text(numbers[at], lines[at], flags[at])
        self.accepted += len(texts) - texts.count("")
        rows = zip(itertools.repeat("sentence"), numbers, texts, strict=False)
        yield from itertools.starmap(Entry, itertools.compress(rows, texts))

    def finish(self) -> None:
        """The findings that are about the whole file."""
        if not self.accepted:
            message = "has no line that can be used. "
            message += "Write one sentence on each line; the report says what is wrong."
            raise self.reporter.unusable("nothing_usable", message)
        if self.tabs.count:
            message = "has a TAB, which is taken as a space "
            message += f"(such lines in all: {self.tabs.count:,})"
            advice = "if these are columns, upload the file as the kind it is"
            self.reporter.add("warning", self.tabs.first, "tab", message, advice)
        if self.language in _SPLIT and self.accepted > MAX_LINES_ADVISED:
            message = f"has {self.accepted:,} sentences, more than "
            message += f"{MAX_LINES_ADVISED:,}"
            advice = "split it into several datasets, and train with all of them"
            self.reporter.add("warning", None, "many_lines", message, advice)

    def _text(self, number: int, line: str, flags: int) -> str:
        """What is used of a line that may have problems; nothing when it has."""
        problem = None
        if flags & _HAS_A_SYMBOL:
            problem = sentences.symbol(line, self.language)
        if problem is None and flags & _MAY_HAVE_A_URI:
            problem = sentences.uri(line)
        if problem is None and flags & _MAY_REPEAT_A_CHARACTER:
            problem = sentences.repeated_character(line)
        if problem is None and flags & _MAY_REPEAT_WORDS:
            problem = sentences.repeated_words(line)
        if problem is None and flags & _MAY_HAVE_NO_WORD:
            problem = sentences.no_word(line)
        if problem is None and flags & _LONG:
            problem = sentences.japanese_length(line)
        if problem is None:
            return self._without_tabs(number, line.strip())
        column, rule, message, advice = problem
        self.reporter.refuse(number, rule, message, advice, column=column, row=line)
        return ""

    def _without_tabs(self, number: int, text: str) -> str:
        if "\t" not in text:
            return text
        self.tabs.add(number)
        return text.replace("\t", " ")


# --- All lines of a block at once -------------------------------------------
# Most lines have nothing wrong, and to ask each of them would take many times as
# long. So a whole block is looked at as an array of code points, and above only
# the lines that may have a problem: too many may be flagged, never too few.

_TABLE_SIZE = 0x20000  # what is beyond counts as the last one
_SYMBOL, _LOOK, _IN_WORD, _ALONE = 1, 2, 4, 8  # flags of a character
_MARK_SHIFT = np.uint32(4)  # the bits above are its mark
_MARK_UNIT = np.uint32(16)
# Flags of a line.
_HAS_A_SYMBOL, _MAY_HAVE_A_URI, _MAY_REPEAT_A_CHARACTER, _MAY_REPEAT_WORDS = 1, 2, 4, 8
_MAY_HAVE_NO_WORD, _LONG = 16, 32

_Numbers = npt.NDArray[np.uint32]
_Flags = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.intp]


@functools.cache
def _table(german: bool) -> _Numbers:
    """For each code point its flags, and a mark that it shares with no other but
    its capital or small letter."""
    random = np.random.default_rng(seed=0)
    marks: _Numbers = random.integers(1, 2**28, _TABLE_SIZE, np.uint32) << _MARK_SHIFT
    numbers: list[int] = marks.tolist()
    alone = re.compile(f"[{sentences.UNSPACED}]")
    for code in range(_TABLE_SIZE - 1):
        character = chr(code)
        folded = character.casefold()
        if folded != character:
            marks[code] = sum(numbers[ord(c)] for c in folded) % 2**32
        if sentences.WORD.match(character):
            marks[code] |= _IN_WORD | (_ALONE if alone.match(character) else 0)
        if not sentences.is_accepted(character, german) and character != "\n":
            marks[code] |= _SYMBOL
    for character in _MARKS_OF_INTEREST:
        marks[ord(character)] |= _LOOK
    marks[-1] |= _SYMBOL | _IN_WORD | _ALONE
    return marks


def _suspects(lines: list[str], german: bool) -> _Flags:
    """For each line what it may have, as flags; 0 for most of them."""
    text = "\n".join(lines) + "\n"
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    line_ends = np.flatnonzero(codes == ord("\n"))
    looked_up = np.take(_table(german), codes, mode="clip")
    kinds = looked_up.astype(np.uint8)
    # Equal characters in a row; www is three of them.
    same = np.flatnonzero((looked_up[1:] ^ looked_up[:-1]) < _MARK_UNIT)
    starts = _word_starts(kinds, line_ends)
    ends = np.searchsorted(starts, line_ends)
    found = (
        (_HAS_A_SYMBOL, np.flatnonzero(kinds & _SYMBOL)),
        (_MAY_HAVE_A_URI, _uri_marks(codes, np.flatnonzero(kinds & _LOOK))),
        (_MAY_HAVE_A_URI, _runs(same, 2)),
        (_MAY_REPEAT_A_CHARACTER, _runs(same, sentences.MAX_REPEATS)),
        (_MAY_REPEAT_WORDS, _word_runs(looked_up, kinds, starts, ends)),
        (_MAY_HAVE_NO_WORD, line_ends[np.diff(ends, prepend=-1) == 1]),
    )
    suspects = np.zeros(len(lines), np.uint8)
    for flag, places in found:
        suspects[np.searchsorted(line_ends, places)] |= flag
    suspects[np.diff(line_ends, prepend=-1) == 1] = 0  # those that are empty
    return suspects


def _uri_marks(codes: _Numbers, places: _Places) -> _Places:
    """Those of these characters that a URI may have: a slash after a colon or a
    Latin letter, the colon of mailto; and every TAB."""
    here, before = codes[places], codes[places - 1]
    small = before | 0x20
    is_letter = (small >= ord("a")) & (small <= ord("z"))
    slash = (here == ord("/")) & (is_letter | (before == ord(":")))
    colon = (here == ord(":")) & (small == ord("o"))
    marks: _Places = places[slash | colon | (here == ord("\t"))]
    return marks


def _word_starts(kinds: _Flags, line_ends: _Places) -> _Places:
    """Where a word begins. A line end counts as one that is like no other."""
    inside = (kinds & _IN_WORD) > 0
    begins = inside.copy()
    begins[1:] &= ~inside[:-1]
    alone = np.flatnonzero(kinds & _ALONE)
    if len(alone):
        begins[alone] = True
        begins[alone + 1] |= inside[alone + 1]  # the last of all is a line end
    begins[line_ends] = True
    return np.flatnonzero(begins)


def _word_runs(
    looked_up: _Numbers, kinds: _Flags, starts: _Places, ends: _Places
) -> _Places:
    """Where a group of words begins that is repeated more than three times; `ends`
    are those of the words that are line ends."""
    marks = (looked_up >> _MARK_SHIFT) * ((kinds & _IN_WORD) > 0)
    sums = np.cumsum(marks, dtype=np.uint32)
    words = np.diff(sums[starts] - marks[starts], append=sums[-1:])
    words[ends] = np.arange(1, len(ends) + 1)
    found = [_repeats(words, size) for size in range(1, sentences.MAX_GROUP_WORDS + 1)]
    return starts[np.concatenate(found)]


def _repeats(words: _Numbers, size: int) -> _Places:
    """Where a group of so many numbers begins that comes four times in a row."""
    count = max(len(words) - sentences.MAX_REPEATS * size, 0)
    same = words[size:] == words[:-size]
    all_same = same[:count].copy()
    for start in range(size, sentences.MAX_REPEATS * size, size):
        all_same &= same[start : start + count]
    return _runs(np.flatnonzero(all_same), size)


def _runs(places: _Places, length: int) -> _Places:
    """Those of the ascending numbers that begin `length` consecutive ones."""
    if len(places) < length:
        return places[:0]
    first, last = places[: len(places) - length + 1], places[length - 1 :]
    starts: _Places = first[last - first == length - 1]
    return starts
