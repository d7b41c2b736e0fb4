"""Inverse text normalization: the default of the language, then custom patterns.

The output of the default is what custom patterns read: a match neither begins nor
ends inside of what the default has written as one. Within a match the spoken words
count as well, so that a pattern does not depend on how the default parts numbers.
No number and no match reaches over punctuation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engines.display.automaton import Automaton
from engines.display.cardinals import is_number_word
from engines.display.lattice import Lattice
from engines.display.match import Budget, find
from engines.display.numbers import Span, default_spans
from engines.display.patterns import Pattern
from engines.display.words import Word, fold
from scoring.locale import language_of


class Itn:
    """Writes numbers in digits, and what matches a pattern as the pattern says."""

    def __init__(self, patterns: Sequence[Pattern], locale: str) -> None:
        self._language = language_of(locale)
        self._automaton = Automaton(patterns, locale) if patterns else None

    def apply(self, words: Sequence[Word]) -> list[Word]:
        """The words as they are written; a core may then hold spaces."""
        result: list[Word] = []
        budget = Budget()
        for segment in _segments(words):
            if self._language == "en":
                segment = list(_parted(segment))
            for word in self._write(segment, budget):
                if word.core:
                    result.append(word)
                elif result and not result[-1].tail:
                    result[-1] = result[-1]._replace(tail=word.tail)
        return result

    def _write(self, words: list[Word], budget: Budget) -> list[Word]:
        folded = [fold(word.core) for word in words]
        spans = default_spans(folded, self._language)
        if self._automaton is not None:
            is_english = self._language == "en"
            lattice = Lattice([word.core for word in words], spans, is_english)
            inner = {at for s in spans for at in range(s.start + 1, s.end)}
            matches = find(self._automaton, lattice, inner, budget)
            taken = {at for m in matches for at in range(m.start, m.end)}
            spans = matches + [span for span in spans if span.start not in taken]
        return list(_replaced(words, sorted(spans)))


def _segments(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words between punctuation."""
    segment: list[Word] = []
    for word in words:
        if segment and (segment[-1].tail or word.lead):
            yield segment
            segment = []
        segment.append(word)
    if segment:
        yield segment


def _parted(words: Sequence[Word]) -> Iterator[Word]:
    """`twenty-one` is two words."""
    for word in words:
        parts = word.core.split("-")
        if len(parts) == 1 or not all(is_number_word(fold(part)) for part in parts):
            yield word
            continue
        yield word._replace(core=parts[0], tail="")
        yield from (Word("", part, "") for part in parts[1:-1])
        yield Word("", parts[-1], word.tail)


def _replaced(words: Sequence[Word], spans: Sequence[Span]) -> Iterator[Word]:
    at = 0
    for span in spans:
        yield from words[at : span.start]
        first, last = words[span.start], words[span.end - 1]
        yield first._replace(core=span.written, tail=last.tail)
        at = span.end
    yield from words[at:]
