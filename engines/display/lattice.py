"""What was spoken, in every way in which it can be read.

A lattice is a graph from the first word to the last. Each arc carries one symbol;
`one oh five fifteen` has ways that read 1 0 5 1 5, and `five hundred` has one that
reads 5 0 0. Every language has the words themselves, letter by letter, and what the
default ITN made of them. English adds:

- digits one by one (`zero` and, between numbers, `oh` are 0), numbers from 10 to 99
  and full numbers, so that pairs (`one fifteen`) and `one hundred and five` are read
- `double` and `triple` before a digit or a letter
- symbols by their names: `dash`, `dot`, `slash`, ...
- how a word sounds, for literals that are said as a word (`joe` for JO)

A letter is spelled when it stands alone or its word has digits in it (`b52`); only
such letters are read by `\\a \\l \\u`. A word of several letters is read as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from engines.display.automaton import DIGIT, LETTER, SOUND, WORD, key_of, sound
from engines.display.cardinals import (
    MULTIPLES,
    OH,
    UNIT,
    cardinal,
    is_number_word,
    small_value,
    word_at,
)
from engines.display.numbers import Span
from engines.display.words import fold, is_character

_SYMBOLS = {
    "ampersand": "&",
    "and": "&",
    "asterisk": "*",
    "at": "@",
    "colon": ":",
    "comma": ",",
    "dash": "-",
    "dot": ".",
    "equals": "=",
    "hash": "#",
    "hyphen": "-",
    "minus": "-",
    "percent": "%",
    "period": ".",
    "plus": "+",
    "point": ".",
    "slash": "/",
    "star": "*",
    "underscore": "_",
}


class Arc(NamedTuple):
    """One symbol on the way to another node."""

    target: int
    keys: tuple[str, ...]  # of the moves that read it
    character: str = ""  # as it came
    begins_word: bool = False  # of several letters
    ends_word: bool = False
    is_tight: bool = False  # between two letters of a word: nothing is left out


class Lattice:
    """Nodes 0 to `length` are the places between the words."""

    def __init__(
        self, words: Sequence[str], spans: Sequence[Span], is_english: bool
    ) -> None:
        self.length = len(words)
        self.arcs: list[list[Arc]] = [[] for _ in range(self.length + 1)]
        self.order: list[int] = []  # all nodes, each before those that follow it
        folded = [fold(word) for word in words]
        numeric = _numeric(folded) if is_english else []
        spans_at = {span.start: span for span in spans}
        for at, word in enumerate(words):
            self.order.append(at)
            self._words(at, at + 1, word, folded[at])
            span = spans_at.get(at)
            if span is not None and span.written != word:
                self._words(at, span.end, span.written.replace(" ", ""), span.written)
            if is_english:
                self._english(at, folded, numeric)
        self.order.append(self.length)

    def _words(self, at: int, end: int, text: str, folded: str) -> None:
        self.arcs[at].append(Arc(end, (WORD + folded,)))
        self._text(at, end, text)
        if "," in text and text.replace(",", "").isdecimal():
            self._text(at, end, text.replace(",", ""))

    def _text(self, at: int, end: int, text: str, spelled: bool = False) -> None:
        """A way that reads this text character by character."""
        letters = [c.isalpha() and not is_character(c) for c in text]
        spelled = spelled or any(c.isdecimal() for c in text)
        pairs = [a and b for a, b in pairwise(letters)]
        is_word = any(pairs) and not spelled
        last = len(text) - 1
        for place, character in enumerate(text):
            before = place > 0 and pairs[place - 1]
            after = place < last and pairs[place]
            target = end if place == last else self._new()
            keys = [key_of(character)]
            if character.isdecimal():
                keys.append(DIGIT)
            elif letters[place] and (spelled or not (before or after)):
                keys.append(LETTER)
            arc = Arc(
                target,
                tuple(keys),
                character,
                begins_word=is_word and place == 0 and after,
                ends_word=is_word and place == last and before,
                is_tight=is_word and before,
            )
            self.arcs[at].append(arc)
            at = target

    def _new(self) -> int:
        self.arcs.append([])
        self.order.append(len(self.arcs) - 1)
        return len(self.arcs) - 1

    def _english(self, at: int, words: Sequence[str], numeric: Sequence[bool]) -> None:
        word, after = words[at], word_at(words, at + 1)
        if len(word) > 1 and word.isascii() and word.isalpha():
            self.arcs[at].append(Arc(at + 1, (SOUND + sound(word),)))
        if word in _SYMBOLS:
            self._text(at, at + 1, _SYMBOLS[word])
        if word in OH and numeric[at]:
            self._text(at, at + 1, "0")
        if word in MULTIPLES:
            doubled = _single(after) * MULTIPLES[word]
            if doubled:
                self._text(at, at + 2, doubled, spelled=True)
        if is_number_word(word):
            value = small_value(word)
            if (
                len(value) == 1
                or value[1] != "0"
                or value == "10"
                or not UNIT.get(after)
            ):
                self._text(at, at + 1, value)
        self._full_number(at, words)

    def _full_number(self, at: int, words: Sequence[str]) -> None:
        number = cardinal(words, at)
        if number is None or number.end == at + 1:
            return
        self._text(at, number.end, str(number.value))
        following = word_at(words, number.end)
        if is_number_word(following) or following in OH:
            for value, end in number.prefixes:
                self._text(at, end, str(value))


def _single(word: str) -> str:
    """The digit or letter that `double` is about; empty if there is none."""
    if word in OH:
        return "0" if word == "oh" else "o"
    if word in UNIT:
        return str(UNIT[word])
    return word if len(word) == 1 and word.isalnum() else ""


def _numeric(words: Sequence[str]) -> list[bool]:
    """For each word if it stands in a row of number words: there `oh` is zero."""
    parts = {"hundred", *OH, *MULTIPLES}
    numbers = [is_number_word(w) or w[0].isdecimal() for w in words]
    result = [False] * len(words)
    start = 0
    while start < len(words):
        end = start
        while end < len(words) and (numbers[end] or words[end] in parts):
            end += 1
        result[start:end] = [any(numbers[start:end])] * (end - start)
        start = max(end, start + 1)
    return result
