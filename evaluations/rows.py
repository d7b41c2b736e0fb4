"""What a row of the reviewer's page shows: texts with marks and times."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from evaluations.analysis.flags import flags_of_rows
from evaluations.levels import Scored
from evaluations.models import Candidate, Hypothesis, Item
from evaluations.tables import shown_text
from evaluations.timings import spans
from scoring.errors import ErrorCounts, Piece, align
from scoring.scale import Scale

# Where time is known, a gap between two words is at least heard this long.
_MOMENT = 0.2  # seconds
# A list shows so many words of a recording; its own page shows them all.
MOST_WORDS = 300
# Rows are tall: these are some screens, and who reviews by keyboard comes to the next
# page without a stop.
ROWS_ON_A_PAGE = 15
# Of longer pairs of texts, in characters, the pieces of few are kept in memory.
_LONG = 2000


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
    counts: ErrorCounts
    is_cut: bool = False
    # As it is to be read, where that is different from what is marked.
    other: str = ""
    # Why it may be made up.
    flags: Sequence[str] = ()

    @property
    def rate(self) -> float | None:
        return self.counts.rate

    @property
    def display(self) -> str:
        """As it is to be read, as long as the marks."""
        words = self.other.split(" ")
        most = len(self.marks) if self.is_cut else len(words)
        return " ".join(words[:most]) + (" …" if most < len(words) else "")


@dataclass(frozen=True)
class Row:
    """A row of the page; of a long recording, as much as a list can show."""

    item: Item
    reference: str
    lines: tuple[Line, ...]
    is_cut: bool


def rows_of(
    shown: Scored,
    items: Sequence[Item],
    against: Candidate | None = None,
    most_words: int = MOST_WORDS,
) -> list[Row]:
    """The rows of these items; `item.utterance` must be loaded. One query.

    What was heard is compared with the reference, or with what the model `against`
    heard.
    """
    heard: dict[tuple[int, int], Hypothesis] = {
        (h.item_id, h.candidate_id): h
        for h in Hypothesis.objects.filter(item__in=items)
    }
    positions = [item.position for item in items]
    flags = {} if against else flags_of_rows(shown, positions)
    rows = []
    for item in items:
        told = [heard[item.pk, candidate.pk] for candidate in shown.models]
        said = heard[item.pk, against.pk] if against else None
        reference = said.text if said else item.utterance.transcript
        of_item = flags.get(item.position, {})
        lines = [
            # What a model could not recognise is compared with nothing.
            replace(
                _line(
                    one,
                    h,
                    h.text if said and said.error else reference,
                    shown.scale,
                    most_words,
                ),
                flags=of_item.get(one.pk, ()),
            )
            for one, h in zip(shown.models, told, strict=True)
        ]
        rows.append(_row(item, reference, lines, most_words))
    return rows


def _row(item: Item, reference: str, lines: Sequence[Line], most_words: int) -> Row:
    words = reference.split()
    is_cut = len(words) > most_words or any(line.is_cut for line in lines)
    if not is_cut:
        return Row(item, reference, tuple(lines), is_cut)
    cut = (replace(line, is_cut=True) for line in lines)
    return Row(item, " ".join(words[:most_words]), tuple(cut), is_cut)


def _line(
    candidate: Candidate,
    hypothesis: Hypothesis,
    reference: str,
    scale: Scale,
    most_words: int,
) -> Line:
    if hypothesis.error:
        return Line(candidate, hypothesis, (), ErrorCounts())
    text = shown_text(hypothesis.text, hypothesis.display, scale)
    pieces = _pieces(reference, text, scale)
    some = pieces[:most_words]
    return Line(
        candidate,
        hypothesis,
        tuple(with_times(some, scale.shown(text), hypothesis.timings)),
        sum((piece.counts for piece in pieces), ErrorCounts()),
        is_cut=len(some) < len(pieces),
        other=hypothesis.display if hypothesis.display != text else "",
    )


def _pieces(reference: str, hypothesis: str, scale: Scale) -> Sequence[Piece]:
    if len(reference) + len(hypothesis) > _LONG:
        return _long_pieces(reference, hypothesis, scale)
    return _short_pieces(reference, hypothesis, scale)


# Who filters, sorts and goes back sees the same utterances again and again.
_short_pieces = lru_cache(maxsize=512)(align)
_long_pieces = lru_cache(maxsize=24)(align)


def with_times(
    pieces: Sequence[Piece], text: str, timings: Sequence[Sequence[object]]
) -> Iterator[Mark]:
    """Each piece with the time of the words that it covers.

    `timings` are [word, start, end, probability]; joined, the words are
    `text`. A missing word has the time of the gap that it is missing from.
    """
    words = list(spans(text, timings))
    firsts, ends = [w.start for w in words], [w.end for w in words]
    for piece in pieces:
        # Of the words that the piece covers, the first and the one after the last.
        first = bisect_right(ends, piece.hypothesis_start)
        after = bisect_left(firsts, piece.hypothesis_end)
        if first < after:
            yield Mark(piece, words[first].begins, words[after - 1].ends)
        elif not words:
            yield Mark(piece, None, None)
        else:
            opens = words[first - 1].ends if first else words[0].begins - _MOMENT
            closes = words[after].begins if after < len(words) else opens + _MOMENT
            yield Mark(piece, max(0.0, opens), max(0.0, opens, closes))
