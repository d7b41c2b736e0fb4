"""Numbers that were spoken as words, written in digits: the default ITN.

English, by our own grammar:

- cardinals: `two thousand and five` 2005; `five million` 5 million
- decimals: `three point one four` 3.14
- ordinals from the 11th on: `twenty first` 21st; smaller ones stay words
- digits one by one: `five oh oh` 500, `double oh seven` 007; three or more digits
  become one number, two stay apart (`four five` 4 5)
- pairs: `one fifteen` 115, `one oh five` 105, `nineteen eighty four` 1984

`one` alone stays a word (`one of them`, `no one`), and so does the number before a
fraction (`two thirds`). A single small number becomes a digit: `dog nine`, dog 9.

Danish, Dutch, French, German, Italian, Portuguese, Spanish: cardinals, decimals and
ordinals by the library text2num, under the same two rules. In all other languages
there is no default ITN. Dates, times, money and the like stay as they are.

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/display-text-format
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from text_to_num import find_numbers  # type: ignore[import-untyped]

from engines.display.cardinals import (
    MULTIPLES,
    OH,
    SCALES,
    TEENS,
    TENS,
    UNIT,
    UNITS,
    below_hundred,
    cardinal,
    is_number_word,
    word_at,
)

_ORDINALS = {
    "first": "one",
    "second": "two",
    "third": "three",
    "fifth": "five",
    "eighth": "eight",
    "ninth": "nine",
    "twelfth": "twelve",
    **{f"{word}th": word for word in (*UNITS, *TEENS)},
    **{f"{word[:-1]}ieth": word for word in TENS},
}
_FRACTIONS = {
    *("half", "halves", "quarter", "quarters", "hundredth", "hundredths"),
    *(f"{word}s" for word in _ORDINALS if word not in ("first", "second")),
    *("thousandth", "thousandths"),
}
_LIBRARY = ("da", "de", "es", "fr", "it", "nl", "pt")
_MIN_ALONE = 3.0  # below, the library leaves a number alone in words: `ein Haus`
_MAX_WORDS = 30  # of an ordinal; of a cardinal the scales are the limit


class Span(NamedTuple):
    """Words that are written another way."""

    start: int  # the first word, from 0
    end: int  # behind the last
    written: str


class _Item(NamedTuple):
    """A part of a run of number words."""

    start: int
    end: int
    digits: str
    kind: str  # "digit", "oh", "multiple", "pair" (10-99), "number"


def default_spans(words: Sequence[str], locale_language: str) -> list[Span]:
    """What is written in digits, from left to right; `words` are folded.

    >>> default_spans("no one has three point one four".split(), "en")
    [Span(start=3, end=7, written='3.14')]
    """
    if locale_language == "en":
        return _english(words)
    if locale_language in _LIBRARY:
        return _of_library(words, locale_language)
    return []


def _english(words: Sequence[str]) -> list[Span]:
    spans: list[Span] = []
    at = 0
    while at < len(words):
        ordinal = _ordinal(words, at)
        if ordinal is not None:
            spans.append(ordinal)
            at = ordinal.end
            continue
        run = _run(words, at)
        found = _spans_of(words, run)
        spans += found
        ends = [run[-1].end] if run else [at + 1]
        at = max(ends + [span.end for span in found[-1:]])
    return spans


def _ordinal(words: Sequence[str], at: int) -> Span | None:
    def is_part(word: str) -> bool:
        known = is_number_word(word) or word in ("a", "and", "hundred", *SCALES)
        return known and word != "zero"

    last = at + len(list(takewhile(is_part, words[at : at + _MAX_WORDS])))
    if word_at(words, last) not in _ORDINALS:
        return None
    spoken = [*words[at:last], _ORDINALS[words[last]]]
    number = cardinal(spoken, 0)
    if number is None or number.end < len(spoken) or number.value <= 10:
        return None
    return Span(at, last + 1, f"{number.value}{_suffix(number.value)}")


def _suffix(value: int) -> str:
    """
    >>> [_suffix(value) for value in (11, 21, 22, 113)]
    ['th', 'st', 'nd', 'th']
    """
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _run(words: Sequence[str], at: int) -> list[_Item]:
    """Number words that follow each other; a decimal point is left to the end."""
    items: list[_Item] = []
    while (item := _item(words, at)) is not None:
        if items and _ordinal(words, at) is not None:
            break
        items.append(item)
        at = item.end
        if word_at(words, at) == "point" and _decimals(words, at + 1):
            break
    if items and items[0].kind == "oh" and _digit_count(items) < 3:
        return []
    if items and items[-1].kind == "oh" and _digit_count(items[::-1]) < 3:
        while items and items[-1].kind == "oh":
            items.pop()
    return items


def _digit_count(items: Sequence[_Item]) -> int:
    """Of the digits one by one with which these begin."""
    return sum(len(item.digits) for item in takewhile(_is_digit, items))


def _is_digit(item: _Item) -> bool:
    return item.kind in ("digit", "oh", "multiple")


def _item(words: Sequence[str], at: int) -> _Item | None:
    word = word_at(words, at)
    if word in OH or word == "zero":
        return _Item(at, at + 1, "0", "oh" if word in OH else "digit")
    if word in MULTIPLES:
        digit = (
            "0"
            if word_at(words, at + 1) in OH
            else str(UNIT.get(word_at(words, at + 1)))
        )
        is_part = digit.isdecimal() and word_at(words, at + 2) != "hundred"
        digits = digit * MULTIPLES[word]
        return _Item(at, at + 2, digits, "multiple") if is_part else None
    number = cardinal(words, at)
    if number is None:
        return None
    kind = "digit" if number.value < 10 else "pair" if number.value < 100 else "number"
    return _Item(at, number.end, str(number.value), kind)


def _spans_of(words: Sequence[str], run: list[_Item]) -> list[Span]:
    """How a run of number words is written."""
    if not run:
        return []
    end = run[-1].end
    decimals = _decimals(words, end + 1) if word_at(words, end) == "point" else None
    spans = _joined(run)
    if decimals is not None and spans:
        last = spans.pop()
        written = f"{last.written}.{decimals.digits}"
        return [*spans, *_scaled(words, Span(last.start, decimals.end, written))]
    if len(run) == 1 and _stays(words, run[0]):
        return []
    return [_rounded(words, span) for span in spans]


def _stays(words: Sequence[str], item: _Item) -> bool:
    """A number alone that stays in words."""
    if words[item.start : item.end] == ["one"] or item.kind == "multiple":
        return True
    return item.kind == "digit" and word_at(words, item.end) in _FRACTIONS


def _decimals(words: Sequence[str], at: int) -> _Item | None:
    """The digits behind `point`: one by one, or a number below 100."""
    end, digits = at, ""
    while (word := word_at(words, end)) in UNIT or word in OH:
        digits, end = digits + str(UNIT.get(word, 0)), end + 1
    if digits:
        return _Item(at, end, digits, "number")
    number = below_hundred(words, at)
    return _Item(at, number.end, str(number.value), "number") if number else None


def _scaled(words: Sequence[str], span: Span) -> list[Span]:
    """`three point five million`: the scale stays a word behind the digits."""
    scale = word_at(words, span.end)
    if scale not in SCALES:
        return [span]
    return [Span(span.start, span.end + 1, f"{span.written} {scale}")]


def _rounded(words: Sequence[str], span: Span) -> Span:
    """`five million` reads better with its last word than with six zeros."""
    scale = word_at(words, span.end - 1)
    if SCALES.get(scale, 0) < 10**6:
        return span
    number = int(span.written)
    whole, rest = divmod(number, SCALES[scale])
    is_round = not rest and whole < 10_000
    return span._replace(written=f"{whole} {scale}") if is_round else span


def _joined(run: list[_Item]) -> list[Span]:
    """Digits one by one and pairs become numbers."""
    spans: list[Span] = []
    at = 0
    while at < len(run):
        digits = _digits(run, at)
        if not digits:
            group = run[at : at + _pair_length(run, at)]
            spans.append(_one(group))
            at += len(group)
            continue
        at += len(digits)
        is_pair = _is_single_pair(run, at) and len(digits) != 3
        if is_pair and digits[-1].kind == "digit" and digits[-1].digits != "0":
            spans += _row(digits[:-1])
            spans.append(_one([digits[-1], run[at]]))
            at += 1
        else:
            spans += _row(digits)
    return spans


def _digits(run: Sequence[_Item], at: int) -> list[_Item]:
    end = at
    while end < len(run) and _is_digit(run[end]):
        end += 1
    return list(run[at:end])


def _one(items: Sequence[_Item]) -> Span:
    return Span(items[0].start, items[-1].end, "".join(i.digits for i in items))


def _row(digits: Sequence[_Item]) -> list[Span]:
    count = sum(len(item.digits) for item in digits)
    if count >= 3 or (count == 2 and digits[-1].kind == "oh"):
        return [_one(digits)]
    return [_one([item]) for item in digits if item.kind != "multiple"]


def _is_single_pair(run: Sequence[_Item], at: int) -> bool:
    """A number from 10 to 99 that no other such number follows: counting in tens
    (`five ten fifteen`) makes no pairs."""
    if at >= len(run) or run[at].kind != "pair":
        return False
    return at + 1 == len(run) or run[at + 1].kind != "pair"


def _pair_length(run: Sequence[_Item], at: int) -> int:
    """`nineteen oh five` and `nineteen eighty four` belong together."""
    kinds = [item.kind for item in run[at : at + 3]]
    if kinds == ["pair", "oh", "digit"]:
        return 3
    is_year = kinds[:2] == ["pair", "pair"] and 13 <= int(run[at].digits) <= 20
    is_first = at == 0 or run[at - 1].kind != "pair"
    return 2 if is_year and is_first and _is_single_pair(run, at + 1) else 1


class _Token(str):
    """What the library reads."""

    __slots__ = ()

    def text(self) -> str:
        return str(self)

    def nt_separated(self, previous: _Token) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return False


def _of_library(words: Sequence[str], locale_language: str) -> list[Span]:
    found = find_numbers([_Token(w) for w in words], locale_language, _MIN_ALONE)
    return [
        Span(number.start, number.end, number.text)
        for number in found
        if not (number.is_ordinal and number.value <= 10)
    ]
