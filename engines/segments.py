"""Where somebody speaks in a stretch of sound.

Works on how likely that is in each step of time (`LocalEngine.speech`), as the
utterances of a stream do (`recognition.listening`). Speech begins at a share of one
half and goes on down to a third, so that a soft syllable ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from engines.base import SPEECH_STEP_SECONDS

BEGINS = 128  # of 255
GOES_ON = 90
# Less is a click or a breath.
_SHORTEST_SECONDS = 0.1
# Of sound around speech, so that no soft beginning or end is lost.
_ROOM_SECONDS = 0.2


def segments(
    shares: bytes, longest_seconds: float = 25.0, pause_seconds: float = 0.5
) -> list[tuple[float, float]]:
    """Start and end of each segment in seconds, in order, without overlap.

    Between two of them somebody is silent for `pause_seconds` or longer, unless one
    would be longer than `longest_seconds`: that is cut where speech is least likely.

    >>> talk, pause = b"\\xff" * 125, b"\\x00" * 25  # 4 s and 0.8 s
    >>> segments(pause + talk + pause + talk)
    [(0.608, 4.992), (5.408, 9.6)]
    """
    room = round(_ROOM_SECONDS / SPEECH_STEP_SECONDS)
    longest = max(1, int(longest_seconds / SPEECH_STEP_SECONDS))
    pause = max(1, round(pause_seconds / SPEECH_STEP_SECONDS))
    spoken = list(_joined(_spoken(shares), pause))
    if not spoken:
        return []
    edges = [0, *((one[1] + two[0]) // 2 for one, two in pairwise(spoken)), len(shares)]
    found: list[tuple[float, float]] = []
    for (start, end), (before, behind) in zip(spoken, pairwise(edges), strict=True):
        first, last = max(start - room, before), min(end + room, behind)
        for low, high in _parts(shares, first, last, longest):
            found.append((_seconds(low), _seconds(high)))
    return found


def _spoken(shares: bytes) -> Iterator[tuple[int, int]]:
    """Runs of steps in which somebody speaks."""
    start: int | None = None
    for at, share in enumerate(shares + b"\x00"):
        if start is None and share >= BEGINS:
            start = at
        elif start is not None and share < GOES_ON:
            if _seconds(at - start) >= _SHORTEST_SECONDS:
                yield start, at
            start = None


def _joined(runs: Iterator[tuple[int, int]], pause: int) -> Iterator[tuple[int, int]]:
    """One run of those with less than a pause between them."""
    held: tuple[int, int] | None = None
    for start, end in runs:
        if held and start - held[1] < pause:
            held = (held[0], end)
            continue
        if held:
            yield held
        held = (start, end)
    if held:
        yield held


def _parts(
    shares: bytes, start: int, end: int, longest: int
) -> Iterator[tuple[int, int]]:
    """Cut in the second half of what may be, where speech is least likely."""
    while end - start > longest:
        places = range(start + max(1, longest // 2), start + longest)
        cut = min(places, key=lambda at: (shares[at], -at))
        yield start, cut
        start = cut
    yield start, end


def _seconds(steps: int) -> float:
    return round(steps * SPEECH_STEP_SECONDS, 3)
