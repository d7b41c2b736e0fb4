"""Word errors between a human transcript and a recognised one.

One alignment is behind every number and every mark: `align()` gives it in pieces of
the text for the page, `counts()` and `counts_many()` only add it up. Words are what
`normalization.tokenize` makes of a text. Keep counts, add counts, and take the rate
of the sum: a mean of rates weighs a word of a short utterance more.

An empty reference (or one of punctuation alone) has no rate; each word of the
hypothesis is an insertion then. In an empty hypothesis each word is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import jiwer

from scoring.normalization import Token, tokenize, words

Kind = Literal["equal", "substitution", "insertion", "deletion"]

_SPLIT = jiwer.ReduceToListOfListOfWords()
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Errors in words. Add counts up and take the rate once; never average rates.

    >>> counts("the cat sat", "the cat", "en-US") + ErrorCounts(words=3, insertions=1)
    ErrorCounts(words=6, insertions=1, deletions=1, substitutions=0)
    >>> sum([ErrorCounts(words=2), ErrorCounts(words=3)], ErrorCounts()).words
    5
    """

    words: int = 0
    insertions: int = 0
    deletions: int = 0
    substitutions: int = 0

    def __post_init__(self) -> None:
        if min(self.words, self.insertions, self.deletions, self.substitutions) < 0:
            raise ValueError(f"Counts are never negative: {self}")
        if self.deletions + self.substitutions > self.words:
            raise ValueError(f"More words wrong than there are: {self}")

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(
            self.words + other.words,
            self.insertions + other.insertions,
            self.deletions + other.deletions,
            self.substitutions + other.substitutions,
        )

    @property
    def errors(self) -> int:
        """Insertions, deletions and substitutions.

        >>> ErrorCounts(words=173, insertions=2, deletions=1, substitutions=2).errors
        5
        """
        return self.insertions + self.deletions + self.substitutions

    @property
    def correct(self) -> int:
        """Words of the reference that were recognised.

        >>> ErrorCounts(words=173, insertions=2, deletions=1, substitutions=2).correct
        170
        """
        return self.words - self.substitutions - self.deletions

    @property
    def rate(self) -> float | None:
        """Errors per word of the reference, above 1 at times; None without words.

        >>> ErrorCounts(words=5, insertions=1, deletions=1, substitutions=1).rate
        0.6
        >>> ErrorCounts(insertions=2).rate is None
        True
        """
        return self.errors / self.words if self.words else None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of both texts that belongs together, as it is written there.

    The hypotheses of all pieces are the hypothesis, spaces apart, and so for the
    reference. A deletion stands between two characters: start and end are the same.
    A substitution of words that are not counted one to one (`twenty` for `2`) may
    hold several errors, of other kinds as well.
    """

    kind: Kind
    reference: str
    hypothesis: str
    hypothesis_start: int
    hypothesis_end: int
    counts: ErrorCounts


@dataclass(frozen=True, slots=True)
class _Column:
    """An edit of one word: indexes of its tokens, None where there is none."""

    kind: Kind
    reference: int | None
    hypothesis: int | None


def counts(reference: str, hypothesis: str, locale: str) -> ErrorCounts:
    """Errors of one utterance.

    >>> counts("call three five eight", "Call 3 5, 9!", "en-US")
    ErrorCounts(words=4, insertions=0, deletions=0, substitutions=1)
    """
    return counts_many([(reference, hypothesis)], locale)[0]


def counts_many(pairs: Iterable[tuple[str, str]], locale: str) -> list[ErrorCounts]:
    """Errors of each (reference, hypothesis), in order.

    >>> counts_many([("yes", "yes"), ("no", "")], "en-US")[1].deletions
    1
    """
    result: list[ErrorCounts] = []
    remaining = iter(pairs)
    while batch := list(islice(remaining, _BATCH)):
        result += _count([(words(r, locale), words(h, locale)) for r, h in batch])
    return result


def align(reference: str, hypothesis: str, locale: str) -> list[Piece]:
    """The pieces of both texts in order, each right or wrong.

    Signs belong to the word before them; an opening quote behind a space, and what
    stands before the first word, to the word after. A text of signs alone is a
    first piece that counts nothing.

    >>> [(p.kind, p.hypothesis) for p in align("dial 3585", "Dial 3584.", "en-US")]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('equal', 'Dial'), ('equal', '3'), ('equal', '5'), ('equal', '8'),
     ('substitution', '4.')]
    """
    tokens = tokenize(reference, locale), tokenize(hypothesis, locale)
    texts = [token.text for token in tokens[0]], [token.text for token in tokens[1]]
    columns = _columns(_edits([texts])[0])
    sides = _Side(reference, tokens[0]), _Side(hypothesis, tokens[1])
    pieces = _wordless(*sides)
    position = len(hypothesis.rstrip()) if pieces and not tokens[1] else 0
    for block in _blocks(columns, *sides):
        said = sides[0].surface([c.reference for c in block])
        heard = sides[1].surface([c.hypothesis for c in block]) or (position, position)
        position = heard[1]
        pieces.append(
            Piece(
                kind=_kind(block),
                reference=reference[slice(*said)] if said else "",
                hypothesis=hypothesis[slice(*heard)],
                hypothesis_start=heard[0],
                hypothesis_end=heard[1],
                counts=_total(block),
            )
        )
    return pieces


def _edits(
    pairs: Sequence[tuple[list[str], list[str]]],
) -> list[list[jiwer.AlignmentChunk]]:
    """The alignment: the one place where words are compared."""
    references = [" ".join(reference) for reference, _ in pairs]
    hypotheses = [" ".join(hypothesis) for _, hypothesis in pairs]
    output = jiwer.process_words(references, hypotheses, _SPLIT, _SPLIT)
    return list(output.alignments)


def _count(pairs: Sequence[tuple[list[str], list[str]]]) -> list[ErrorCounts]:
    result: list[ErrorCounts] = []
    for (reference, _), edits in zip(pairs, _edits(pairs), strict=True):
        sizes = {"insert": 0, "delete": 0, "substitute": 0, "equal": 0}
        for edit in edits:
            size = edit.ref_end_idx - edit.ref_start_idx
            size = size or edit.hyp_end_idx - edit.hyp_start_idx
            sizes[edit.type] += size
        found = sizes["insert"], sizes["delete"], sizes["substitute"]
        result.append(ErrorCounts(len(reference), *found))
    return result


def _columns(edits: Sequence[jiwer.AlignmentChunk]) -> list[_Column]:
    columns: list[_Column] = []
    for edit in edits:
        said = range(edit.ref_start_idx, edit.ref_end_idx)
        heard = range(edit.hyp_start_idx, edit.hyp_end_idx)
        if edit.type == "insert":
            columns += [_Column("insertion", None, index) for index in heard]
        elif edit.type == "delete":
            columns += [_Column("deletion", index, None) for index in said]
        else:
            kind: Kind = "equal" if edit.type == "equal" else "substitution"
            both = zip(said, heard, strict=True)
            columns += [_Column(kind, i, j) for i, j in both]
    return columns


class _Side:
    """One of the texts: where it may be cut, and what belongs to each word."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.units: list[int] = []  # tokens of one unit stem from the same characters
        reach = 0
        for token in tokens:
            if not self.units:
                self._begin(len(text) - len(text.lstrip()))
            elif token.start >= reach:
                end, start = _cut(text, reach, token.start)
                self.ends[-1] = end
                self._begin(start)
            self.units.append(len(self.starts) - 1)
            reach = max(reach, token.end)
        if self.ends:
            self.ends[-1] = len(text.rstrip())

    def _begin(self, start: int) -> None:
        self.starts.append(start)
        self.ends.append(start)

    def surface(self, indexes: Sequence[int | None]) -> tuple[int, int] | None:
        """The characters that belong to these tokens; None if there are none."""
        units = [self.units[index] for index in indexes if index is not None]
        return (self.starts[units[0]], self.ends[units[-1]]) if units else None

    def is_within(self, index: int) -> bool:
        """Whether this token stems from characters of the one before."""
        return index > 0 and self.units[index] == self.units[index - 1]


def _cut(text: str, end: int, start: int) -> tuple[int, int]:
    """Share the signs between two words: those behind a space open the next word."""
    gap = text[end:start]
    behind = len(gap)
    while behind and not gap[behind - 1].isspace():
        behind -= 1
    if not behind:
        return start, start
    return end + len(gap[:behind].rstrip()), end + behind


def _blocks(
    columns: Sequence[_Column], said: _Side, heard: _Side
) -> Iterator[list[_Column]]:
    """Columns grouped so that no word of either text is cut."""
    joined = [False] * len(columns)  # to the column before
    for side, name in ((said, "reference"), (heard, "hypothesis")):
        previous = 0
        for at, column in enumerate(columns):
            index: int | None = getattr(column, name)
            if index is None:
                continue
            if side.is_within(index):
                joined[previous + 1 : at + 1] = [True] * (at - previous)
            previous = at
    block: list[_Column] = []
    for column, is_joined in zip(columns, joined, strict=True):
        if block and not is_joined:
            yield block
            block = []
        block.append(column)
    if block:
        yield block


def _kind(block: Sequence[_Column]) -> Kind:
    kinds = {column.kind for column in block}
    return kinds.pop() if len(kinds) == 1 else "substitution"


def _total(block: Sequence[_Column]) -> ErrorCounts:
    kinds = [column.kind for column in block]
    insertions = kinds.count("insertion")
    return ErrorCounts(
        words=len(kinds) - insertions,
        insertions=insertions,
        deletions=kinds.count("deletion"),
        substitutions=kinds.count("substitution"),
    )


def _wordless(said: _Side, heard: _Side) -> list[Piece]:
    """The piece of a text that has signs but no words; none if there is no such."""
    reference = "" if said.units else said.text.strip()
    hypothesis = "" if heard.units else heard.text.strip()
    if not reference and not hypothesis:
        return []
    start = len(heard.text) - len(heard.text.lstrip()) if hypothesis else 0
    end = start + len(hypothesis)
    return [Piece("equal", reference, hypothesis, start, end, ErrorCounts())]
