"""What a row of the reviewer's page shows: texts with marks and times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluations.models import Candidate, Evaluation, Hypothesis, Item
from evaluations.scoring import Piece, align

# Where time is known, a gap between two words is at least heard this long.
_MOMENT = 0.2  # seconds


@dataclass(frozen=True)
class Mark:
    """A piece of an alignment, with when it was said; times may be unknown."""

    piece: Piece
    start: float | None  # seconds
    end: float | None


@dataclass(frozen=True)
class Line:
    """What one model heard in an utterance."""

    candidate: Candidate
    hypothesis: Hypothesis
    marks: tuple[Mark, ...]

    @property
    def rate(self) -> float | None:
        return self.hypothesis.counts.rate


@dataclass(frozen=True)
class Row:
    item: Item
    lines: tuple[Line, ...]


def rows_of(
    evaluation: Evaluation, items: Sequence[Item], candidates: Sequence[Candidate]
) -> list[Row]:
    """The rows of these items; `item.utterance` must be loaded. One query."""
    locale = evaluation.project.locale
    heard: dict[tuple[int, int], Hypothesis] = {
        (h.item_id, h.candidate_id): h
        for h in Hypothesis.objects.filter(item__in=items)
    }
    return [
        Row(
            item,
            tuple(
                _line(candidate, heard[item.pk, candidate.pk], item, locale)
                for candidate in candidates
                if (item.pk, candidate.pk) in heard
            ),
        )
        for item in items
    ]


def _line(
    candidate: Candidate, hypothesis: Hypothesis, item: Item, locale: str
) -> Line:
    marks: tuple[Mark, ...] = ()
    if not hypothesis.error:
        pieces = align(item.utterance.transcript, hypothesis.text, locale)
        marks = tuple(with_times(pieces, hypothesis.text, hypothesis.timings))
    return Line(candidate, hypothesis, marks)


def with_times(
    pieces: Sequence[Piece], text: str, timings: Sequence[Sequence[object]]
) -> Iterator[Mark]:
    """Each piece with the time of the words that it covers.

    `timings` are [word, start, end, probability]; joined, the words are
    `text`. A missing word has the time of the gap that it is missing from.
    """
    words = list(_spans(text, timings))
    for piece in pieces:
        start, end = piece.hypothesis_start, piece.hypothesis_end
        inside = [w for w in words if w[0] < end and w[1] > start]
        if inside:
            yield Mark(piece, inside[0][2], inside[-1][3])
            continue
        before = [w[3] for w in words if w[1] <= start]
        after = [w[2] for w in words if w[0] >= end]
        if not words:
            yield Mark(piece, None, None)
            continue
        opens = before[-1] if before else max(0.0, after[0] - _MOMENT)
        closes = after[0] if after else opens + _MOMENT
        yield Mark(piece, opens, max(closes, opens))


def _spans(
    text: str, timings: Sequence[Sequence[object]]
) -> Iterator[tuple[int, int, float, float]]:
    """(first character, one after the last, start, end) of each timed word."""
    position = 0
    for word, start, end, _ in timings:
        bare = str(word).strip()
        found = text.find(bare, position)
        if not bare or found < 0:
            continue
        position = found + len(bare)
        yield found, position, float(str(start)), float(str(end))
