"""What can be done with the segments of a recording, as values.

The pieces of a recording follow each other without gaps and cover all of it. What
should not be in a dataset, such as a cough, gets a piece without text. Nothing
here loses a word: where pieces change, their texts are joined or divided.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

from editor import cutting

MAX_CHARACTERS = 200_000  # as in the transcript of a dataset

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
# Thai, Lao, Tibetan; Chinese, Japanese and their neighbours.
_UNSPACED = re.compile("[\u0e00-\u0fff\u2e80-\U0010ffff]")


class Refused(Exception):
    """It cannot be done; the message says why and what can."""


@dataclass(frozen=True)
class Piece:
    """A part of a recording and what is said in it; times in seconds."""

    id: int | None  # of its row; None for a new one
    start: float
    end: float
    text: str = ""
    is_draft: bool = False  # by the machine, and nobody has looked at it
    is_waiting: bool = False  # for its draft

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def is_still(self, former: Piece) -> bool:
        """Whether nobody has changed what it was; its draft may have arrived."""
        same_span = (self.start, self.end) == (former.start, former.end)
        drafted = former.is_waiting and (self.is_draft or self.is_waiting)
        return same_span and (self.text == former.text or drafted)


def clean(text: str) -> str:
    """As a transcript can hold it: one line without control characters.

    Raises Refused when it is too long.

    >>> clean("  two\\nlines\\tand\\x00 more ")
    'two lines and more'
    """
    line = " ".join(_CONTROLS.sub(" ", text).split())
    if len(line) > MAX_CHARACTERS:
        raise Refused(
            f"The text has {len(line):,} characters; {MAX_CHARACTERS:,} is the limit. "
            "Split the segment."
        )
    return line


def write(piece: Piece, text: str) -> Piece:
    return replace(piece, text=clean(text), is_draft=False, is_waiting=False)


def split(piece: Piece, at: float, head: str, tail: str) -> list[Piece]:
    """Two pieces; the first keeps the row. Raises Refused at an edge.

    >>> [p.text for p in split(Piece(1, 0.0, 4.0, "one two"), 2.0, "one", "two")]
    ['one', 'two']
    """
    least = cutting.PART_SECONDS
    if not piece.start + least <= at <= piece.end - least:
        raise Refused(
            f"There is nothing to split at {at:.2f} s. Play to a place inside the "
            "segment, and pause there."
        )
    at = round(at, 3)
    return [
        replace(write(piece, head), end=at),
        Piece(None, at, piece.end, clean(tail)),
    ]


def merge(first: Piece, second: Piece) -> Piece:
    """One piece of two neighbours."""
    text = clean(f"{first.text} {second.text}")
    return replace(write(first, text), end=second.end)


def move(pair: Sequence[Piece], at: float) -> list[Piece]:
    """Move the border between two neighbours. Raises Refused when none remains."""
    first, second = pair
    at = round(at, 3)
    least = cutting.PART_SECONDS
    low, high = first.start + least, second.end - least
    if not low <= at <= high:
        raise Refused(
            f"The border can be between {low:.2f} and {high:.2f} s; each segment "
            f"keeps at least {least} s."
        )
    return [replace(first, end=at), replace(second, start=at)]


def recut(
    pieces: Sequence[Piece], times: Sequence[float], speech: bytes, is_anew: bool
) -> list[Piece]:
    """The same recording cut at `times`, with its words, or waiting for drafts.

    Words go where they are about spoken: those of a piece are spread evenly over
    the speech in it. `is_anew` drops them; what is mere silence waits for nothing.
    """
    edges = [pieces[0].start, *times, pieces[-1].end]
    spans = list(pairwise(edges))
    if is_anew:
        return [
            Piece(None, *span, is_waiting=cutting.spoken(speech, *span) > 0)
            for span in spans
        ]
    texts: list[list[str]] = [[] for _ in spans]
    for piece in pieces:
        shares = [_common(span, piece, speech) for span in spans]
        for text, words in zip(texts, _spread(piece.text, shares), strict=True):
            text.append(words)
    return [
        Piece(None, *span, clean(" ".join(filter(None, text))))
        for span, text in zip(spans, texts, strict=True)
    ]


def _common(span: tuple[float, float], piece: Piece, speech: bytes) -> float:
    start, end = max(span[0], piece.start), min(span[1], piece.end)
    if end <= start:
        return 0.0
    # Without any speech the time itself must do.
    return cutting.spoken(speech, start, end) + (end - start) / 1000


def _spread(text: str, shares: Sequence[float]) -> list[str]:
    """Divide a text by these shares; languages without spaces by characters.

    >>> _spread("one two three four", [1.0, 0.0, 3.0])
    ['one', '', 'two three four']
    """
    gap = " " if " " in text else ""
    words = text.split(" ") if gap or not _UNSPACED.search(text) else list(text)
    ends = list(accumulate(shares))
    made: list[list[str]] = [[] for _ in shares]
    place = 0
    for number, word in enumerate(words):
        at = (number + 0.5) / len(words) * ends[-1]
        while ends[place] < at:
            place += 1
        made[place].append(word)
    return [gap.join(part) for part in made]
