"""The alignment of an utterance word by word, with the times of what was heard.

It is made of the same words by the same function as the figures of the page.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from evaluations.export.utterances import Exported, Heard
from evaluations.timings import TimedWord as Timed
from evaluations.timings import spans
from scoring.alignment import Edits, align_words, columns
from scoring.errors import ErrorCounts, Kind, counts_of
from scoring.exchange import TimedWord
from scoring.normalization import Token
from scoring.scale import Scale

_KINDS: dict[str, Kind] = {
    "C": "equal",
    "S": "substitution",
    "I": "insertion",
    "D": "deletion",
}
_Place = tuple[int, int]  # the first recognised word, and the one after the last


class Column(NamedTuple):
    """A word of one or both sides, "" where there is none; times in seconds.

    A missing word has the time of the gap that it is missing from.
    """

    kind: Kind
    reference: str
    hypothesis: str
    start: float
    end: float


@dataclass(frozen=True)
class Alignment:
    """The compared words of both sides: the hypothesis in the reference's spelling."""

    reference: list[str]
    hypothesis: list[TimedWord]
    edits: Edits
    seconds: float

    @property
    def counts(self) -> ErrorCounts:
        return counts_of(self.edits)

    def columns(self) -> Iterator[Column]:
        end = 0.0  # of the word that was heard last
        heard = 0
        for edit, i, j in columns(self.edits):
            said = "" if i is None else self.reference[i]
            if j is None:
                rest = self.hypothesis[heard:]
                gap = rest[0].start if rest else self.seconds
                yield Column(_KINDS[edit], said, "", end, max(end, gap))
                continue
            heard = j + 1
            text, start, end, _ = self.hypothesis[j]
            yield Column(_KINDS[edit], said, text, start, end)


def aligned(exported: Exported, heard: Heard, scale: Scale) -> Alignment | None:
    """None where there is nothing to compare: one of both could not be recognised."""
    reference = exported.reference
    if heard.error or reference is None:
        return None
    said = scale.tokenize(reference)
    tokens = scale.reconciled_tokens(said, scale.tokenize(heard.text))
    words, seconds = [token.text for token in said], exported.item.utterance.seconds
    edits = align_words(words, [token.text for token in tokens])
    text, timings = scale.shown(heard.text), heard.hypothesis.timings
    return Alignment(words, timed(tokens, text, timings, seconds), edits, seconds)


def timed(
    tokens: Sequence[Token],
    text: str,
    timings: Sequence[Sequence[object]],
    seconds: float,
) -> list[TimedWord]:
    """When each compared word was said, within the recording and in order.

    Words that stem from the same recognised word share its time; those that nobody
    knows a time of share the gap that they are in.

    >>> tokens = [Token("two", 0, 2), Token("one", 0, 2), Token("now", 3, 6)]
    >>> timed(tokens, "21 now", [["21", 0.0, 1.0, 0.9]], 2.0)
    ... # doctest: +NORMALIZE_WHITESPACE
    [TimedWord(text='two', start=0.0, end=0.5, confidence=0.9),
     TimedWord(text='one', start=0.5, end=1.0, confidence=0.9),
     TimedWord(text='now', start=1.0, end=2.0, confidence=None)]
    """
    known = list(spans(text, timings))
    firsts, ends = [word.start for word in known], [word.end for word in known]

    def place(token: Token) -> _Place:
        return bisect_right(ends, token.start), bisect_left(firsts, token.end)

    result: list[TimedWord] = []
    reached = 0.0
    for found, group in groupby(tokens, key=place):
        begins, finish, confidence = _span(known, found, seconds)
        begins = min(max(begins, reached), seconds)
        reached = min(max(finish, begins), seconds)
        words = [token.text for token in group]
        share = (reached - begins) / len(words)
        result += [
            TimedWord(word, begins + share * n, begins + share * (n + 1), confidence)
            for n, word in enumerate(words)
        ]
    return result


def _span(
    known: Sequence[Timed], place: _Place, seconds: float
) -> tuple[float, float, float | None]:
    """From when to when these words were said, and how sure; or the gap they are in."""
    first, after = place
    if first < after:
        return known[first].begins, known[after - 1].ends, known[first].probability
    begins = known[first - 1].ends if first else 0.0
    return begins, known[first].begins if first < len(known) else seconds, None
