"""Where the words that were timed stand in the recognised text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_SIGNS = re.compile(r"[^\w']+")


class TimedWord(NamedTuple):
    """Characters `start` to `end` of the text, said from `begins` to `ends` seconds."""

    start: int
    end: int
    begins: float
    ends: float
    probability: float  # 0 to 1


def spans(text: str, timings: Sequence[Sequence[object]]) -> Iterator[TimedWord]:
    """The words of `timings` ([word, start, end, probability]) that are in the text.

    The text may be in lower case and without signs, as one that is normalised.

    >>> next(spans("so long", [[" so", 0.1, 0.4, 0.9]]))
    TimedWord(start=0, end=2, begins=0.1, ends=0.4, probability=0.9)
    """
    position = 0
    for word, start, end, probability in timings:
        bare = str(word).strip()
        found = text.find(bare, position)
        if found < 0:
            bare = _SIGNS.sub("", bare).lower()
            found = text.find(bare, position)
        if not bare or found < 0:
            continue
        position = found + len(bare)
        times = (float(str(start)), float(str(end)), float(str(probability)))
        yield TimedWord(found, position, *times)
