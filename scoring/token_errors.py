"""What the errors in display text come from: the split of the token error rate.

An error that is gone without signs is one of punctuation, one that is gone without
case as well one of capitalisation, one that is gone when numbers are compared as they
are spoken one of number format ("inverse text normalisation"); the words that are
still different are lexical errors. Words that are the same in another spelling
(`don't`, `do not`) are others. The parts add up to the errors of the display level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from scoring import display
from scoring.alignment import align_words
from scoring.locale import language_of
from scoring.normalization import Token, fold_case, unit, words
from scoring.reconciliation import rewritings
from scoring.rewriting import rewritten


@dataclass(frozen=True, slots=True)
class TokenErrors:
    """Numbers of errors in tokens; add them up before taking shares.

    >>> (TokenErrors(punctuation=1) + TokenErrors(lexical=3)).total
    4
    """

    punctuation: int = 0
    capitalization: int = 0
    number_format: int = 0
    lexical: int = 0
    others: int = 0

    def __add__(self, other: TokenErrors) -> TokenErrors:
        return TokenErrors(
            self.punctuation + other.punctuation,
            self.capitalization + other.capitalization,
            self.number_format + other.number_format,
            self.lexical + other.lexical,
            self.others + other.others,
        )

    @property
    def total(self) -> int:
        """All errors at the display level."""
        edits = self.punctuation + self.capitalization + self.number_format
        return edits + self.lexical + self.others


@dataclass(frozen=True, slots=True)
class _Side:
    """A stretch of one of the texts, and its tokens."""

    text: str
    tokens: Sequence[Token]

    def part(self, start: int, end: int) -> _Side:
        return _Side(self.text, self.tokens[start:end])

    def display(self) -> list[str]:
        return [token.text for token in self.tokens]

    def unsigned(self) -> list[str]:
        return [token.text for token in display.unsigned(self.tokens)]

    def words(self, locale: str) -> list[str]:
        if not self.tokens:
            return []
        return words(self.text[self.tokens[0].start : self.tokens[-1].end], locale)


def token_errors(reference: str, hypothesis: str, locale: str) -> TokenErrors:
    """What the errors of this utterance come from.

    >>> token_errors("He paid $5, twice.", "he paid five dollars, once", "en-US")
    TokenErrors(punctuation=1, capitalization=1, number_format=2, lexical=1, others=0)
    """
    said = _Side(reference, display.tokenize(reference, locale))
    heard = _Side(hypothesis, display.tokenize(hypothesis, locale))
    parts = [_split(one, other, locale) for one, other in _wrong(said, heard)]
    total = sum(parts, TokenErrors())
    if len(parts) < 2 or not total.lexical:
        return total
    # A number may be written around a word that is right: "$5 million", "5 million
    # dollars". As a whole such texts say the same; in parts they do not.
    whole = _split(said, heard, locale)
    return whole if whole.lexical < total.lexical else total


def _wrong(said: _Side, heard: _Side) -> Iterator[tuple[_Side, _Side]]:
    """The stretches between tokens that are right."""
    i = j = first_i = first_j = 0
    for edit in (*align_words(said.display(), heard.display()), "C"):
        if edit == "C":
            if (i, j) != (first_i, first_j):
                yield said.part(first_i, i), heard.part(first_j, j)
            first_i, first_j = i + 1, j + 1
        i += edit != "I"
        j += edit != "D"


def _split(said: _Side, heard: _Side, locale: str) -> TokenErrors:
    """The errors that are left at each step; no step can add any."""
    every = _distance(said.display(), heard.display())
    one, other = said.unsigned(), heard.unsigned()
    unsigned = _distance(one, other)
    if not unsigned:
        return TokenErrors(punctuation=every)
    language = language_of(locale)
    one = [fold_case(text, language) for text in one]
    other = [fold_case(text, language) for text in other]
    plain = _distance(one, other)
    numbers, lexical = _spoken(said, heard, locale, plain) if plain else (0, 0)
    return TokenErrors(
        punctuation=every - unsigned,
        capitalization=unsigned - plain,
        number_format=plain - numbers,
        others=numbers - lexical,
        lexical=lexical,
    )


def _spoken(said: _Side, heard: _Side, locale: str, plain: int) -> tuple[int, int]:
    """What is left with numbers as they are spoken, and then in any spelling.

    A number that was misheard is one token but several words, hence the minimum.
    """
    reference, hypothesis = said.words(locale), heard.words(locale)
    numbers = min(plain, _distance(reference, hypothesis))
    if not numbers or unit(locale) == "character":
        return numbers, numbers
    respelled = rewritings(reference, hypothesis, language_of(locale))
    if not respelled:
        return numbers, numbers
    same = rewritten(hypothesis, respelled)
    return numbers, min(numbers, _distance(reference, same))


def _distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    return int(Levenshtein.distance(reference, hypothesis))
