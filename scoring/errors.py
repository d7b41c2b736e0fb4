"""Word errors between a human transcript and a recognised one.

One alignment (`alignment.py`) is behind every number and every mark: `align()` gives
it in pieces of the text for the page, `counts()` and `counts_many()` only add it up.
What a word is says a `Scale`; a locale in its place stands for its lexical level.
Keep counts, add counts, and take the rate of the sum: a mean of rates weighs a word of
a short utterance more.

An empty reference (or one of punctuation alone) has no rate; each word of the
hypothesis is an insertion then. In an empty hypothesis each word is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.alignment import Column, Edits, align_words, columns, events
from scoring.normalization import Token
from scoring.scale import Scale

Kind = Literal["equal", "substitution", "insertion", "deletion"]

_KINDS: dict[str, Kind] = {
    "C": "equal",
    "S": "substitution",
    "I": "insertion",
    "D": "deletion",
}


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
    A substitution may hold several errors, of other kinds as well: words that are not
    counted one to one (`twenty` for `2`), and a word that was heard as several.
    """

    kind: Kind
    reference: str
    hypothesis: str
    hypothesis_start: int
    hypothesis_end: int
    counts: ErrorCounts


def counts(reference: str, hypothesis: str, scale: Scale | str) -> ErrorCounts:
    """Errors of one utterance.

    >>> counts("call three five eight", "Call 3 5, 9!", "en-US")
    ErrorCounts(words=4, insertions=0, deletions=0, substitutions=1)
    """
    return counts_many([(reference, hypothesis)], scale)[0]


def counts_many(
    pairs: Iterable[tuple[str, str]], scale: Scale | str
) -> list[ErrorCounts]:
    """Errors of each (reference, hypothesis), in order.

    >>> counts_many([("yes", "yes"), ("no", "")], "en-US")[1].deletions
    1
    """
    scale = _scale(scale)
    result: list[ErrorCounts] = []
    for reference, hypothesis in pairs:
        said = scale.words(reference)
        heard = scale.reconciled(said, scale.words(hypothesis))
        result.append(counts_of(align_words(said, heard)))
    return result


def counts_of(edits: Edits) -> ErrorCounts:
    """What these edits add up to.

    >>> counts_of(align_words(["a", "b", "c"], ["a", "x"]))
    ErrorCounts(words=3, insertions=0, deletions=1, substitutions=1)
    """
    insertions = edits.count("I")
    return ErrorCounts(
        words=len(edits) - insertions,
        insertions=insertions,
        deletions=edits.count("D"),
        substitutions=edits.count("S"),
    )


def align(reference: str, hypothesis: str, scale: Scale | str) -> list[Piece]:
    """The pieces of both texts, as `scale.shown` has them, in order: right or wrong.

    Signs belong to the word before them; an opening quote behind a space, and what
    stands before the first word, to the word after. A text of signs alone is a
    first piece that counts nothing.

    >>> [(p.kind, p.hypothesis) for p in align("dial 3585", "Dial 3584.", "en-US")]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('equal', 'Dial'), ('equal', '3'), ('equal', '5'), ('equal', '8'),
     ('substitution', '4.')]
    """
    scale = _scale(scale)
    said = scale.tokenize(reference)
    heard = scale.reconciled_tokens(said, scale.tokenize(hypothesis))
    edits = align_words([t.text for t in said], [t.text for t in heard])
    sides = _Side(scale.shown(reference), said), _Side(scale.shown(hypothesis), heard)
    return _pieces(edits, *sides)


def _scale(scale: Scale | str) -> Scale:
    return Scale(scale) if isinstance(scale, str) else scale


class _Side:
    """One of the texts: where it may be cut, and what belongs to each word."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.words = [token.text for token in tokens]
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


def _pieces(edits: Edits, said: _Side, heard: _Side) -> list[Piece]:
    pieces = _wordless(said, heard)
    position = len(heard.text.rstrip()) if pieces and not heard.words else 0
    for block in _blocks(edits, said, heard):
        spoken = said.surface([column.reference for column in block]) or (0, 0)
        place = heard.surface([column.hypothesis for column in block])
        start, position = place or (position, position)
        kinds = {column.edit for column in block}
        pieces.append(
            Piece(
                kind=_KINDS[kinds.pop()] if len(kinds) == 1 else "substitution",
                reference=said.text[slice(*spoken)],
                hypothesis=heard.text[start:position],
                hypothesis_start=start,
                hypothesis_end=position,
                counts=counts_of(Edits("".join(column.edit for column in block))),
            )
        )
    return pieces


def _blocks(edits: Edits, said: _Side, heard: _Side) -> Iterator[list[Column]]:
    """Columns in groups that cut no word of either text and no event."""
    all_columns = columns(edits)
    joined = [False] * len(all_columns)  # to the column before
    for event in events(edits, said.words, heard.words):
        joined[event.start + 1 : event.stop] = [True] * (len(event) - 1)
    for side, name in ((said, "reference"), (heard, "hypothesis")):
        previous = 0
        for at, column in enumerate(all_columns):
            index: int | None = getattr(column, name)
            if index is None:
                continue
            if side.is_within(index):
                joined[previous + 1 : at + 1] = [True] * (at - previous)
            previous = at
    block: list[Column] = []
    for column, is_joined in zip(all_columns, joined, strict=True):
        if block and not is_joined:
            yield block
            block = []
        block.append(column)
    if block:
        yield block


def _wordless(said: _Side, heard: _Side) -> list[Piece]:
    """The piece of a text that has signs but no words; none if there is no such."""
    reference = "" if said.units else said.text.strip()
    hypothesis = "" if heard.units else heard.text.strip()
    if not reference and not hypothesis:
        return []
    start = len(heard.text) - len(heard.text.lstrip()) if hypothesis else 0
    end = start + len(hypothesis)
    return [Piece("equal", reference, hypothesis, start, end, ErrorCounts())]
