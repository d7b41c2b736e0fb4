"""Where a long recording is cut into utterances: at its longest silences.

Works on how likely somebody speaks in each step of time (`LocalEngine.speech`),
which is stored once: cutting anew is arithmetic and takes no engine. A cut is in
the middle of a silence, so that no word is cut; the parts cover the whole
recording. A silence so long that it would be a part of its own becomes one.

Two rounds: first at every silence of the wanted length, the longest first, as long
as no part gets too short; then parts that are still too long once more, at their
longest shorter silence. Somebody who speaks on without taking breath is cut where
the speech is least likely.
"""

from __future__ import annotations

import re
from bisect import bisect, insort
from itertools import accumulate, pairwise

from engines.base import SPEECH_STEP_SECONDS

# Recordings up to this length stay whole when they are imported.
WHOLE_SECONDS = 30.0
SHORTEST_SECONDS = 3.0
SHORTEST_BY_HAND_SECONDS = 0.5  # for who says which silences to cut at
LONGEST_SECONDS = 25.0
MIN_SILENCE_SECONDS = 0.5
# Less is no part by itself: the import of a dataset refuses it, too.
PART_SECONDS = 0.1

_SILENCE = 90  # less than this of 255 is silence: 35 %
_BREATH_SECONDS = 0.1
_MARGIN_SECONDS = 0.5  # of silence, left beside speech


def cuts(
    speech: bytes,
    seconds: float,
    min_silence: float = MIN_SILENCE_SECONDS,
    shortest: float = SHORTEST_SECONDS,
    longest: float = LONGEST_SECONDS,
) -> list[float]:
    """The times to cut at, in seconds and in order.

    >>> talk, pause = b"\\xff" * 125, b"\\x00" * 25  # 4 s and 0.8 s
    >>> cuts(talk + pause + talk + pause + talk, 13.6)
    [4.4, 9.2]
    """
    made = [0.0, seconds]
    for time in _by_length(pauses(speech, min_silence), seconds, shortest):
        place = bisect(made, time)
        if time - made[place - 1] >= shortest and made[place] - time >= shortest:
            insort(made, time)
    more = [t for part in pairwise(made) for t in _halved(speech, *part, longest)]
    return sorted([*made[1:-1], *more])


def pauses(speech: bytes, least: float, first: int = 0) -> list[tuple[float, float]]:
    """Start and end of each silence of at least `least` seconds."""
    steps = max(1, round(least / SPEECH_STEP_SECONDS))
    found = re.finditer(rb"[\x00-%c]{%d,}" % (_SILENCE - 1, steps), speech)
    return [
        (
            (first + match.start()) * SPEECH_STEP_SECONDS,
            (first + match.end()) * SPEECH_STEP_SECONDS,
        )
        for match in found
    ]


def quiet_near(speech: bytes, time: float, start: float, end: float) -> float:
    """The time between `start` and `end`, near `time`, where speech is least likely.

    >>> quiet_near(b"\\xff" * 30 + b"\\x00" * 10 + b"\\xff" * 30, 1.2, 0.0, 2.2)
    1.12
    """
    low, high = max(start, time - 1.0), min(end, time + 1.0)
    first, last = _step(low), max(_step(low) + 1, _step(high))
    found = _quietest(speech[first:last])
    return round(min(max((first + found) * SPEECH_STEP_SECONDS, low), high), 3)


def spoken(speech: bytes, start: float, end: float) -> float:
    """How many seconds of speech there are in a part.

    >>> spoken(b"\\xff" * 50 + b"\\x00" * 50, 0.8, 3.2)
    0.8
    """
    part = speech[_step(start) : _step(end)]
    return round(sum(share >= _SILENCE for share in part) * SPEECH_STEP_SECONDS, 3)


def _by_length(
    silences: list[tuple[float, float]], seconds: float, shortest: float
) -> list[float]:
    """Where the silences would be cut, the longest first."""
    times = []
    for start, end in sorted(silences, key=lambda s: s[0] - s[1]):
        end = min(end, seconds)
        if end - start >= shortest + 2 * _MARGIN_SECONDS:
            times += [start + _MARGIN_SECONDS, end - _MARGIN_SECONDS]
        else:
            times.append((start + end) / 2)
    return [round(time, 3) for time in times]


def _halved(speech: bytes, start: float, end: float, longest: float) -> list[float]:
    """Cuts that leave no part longer than `longest`, unless it is mere silence."""
    made = []
    parts = [(start, end)]
    while parts:
        low, high = parts.pop()
        if high - low <= longest or not spoken(speech, low, high):
            continue
        time = _best(speech, low, high, min(SHORTEST_SECONDS, longest / 4))
        made.append(time)
        parts += [(low, time), (time, high)]
    return made


def _best(speech: bytes, start: float, end: float, shortest: float) -> float:
    """The middle of the longest silence that leaves something on both sides."""
    first, last = _step(start + shortest), _step(end - shortest)
    inner = speech[first:last]
    found = pauses(inner, _BREATH_SECONDS, first)
    if found:
        low, high = max(found, key=lambda pause: pause[1] - pause[0])
        return round((low + high) / 2, 3)
    return round((first + _quietest(inner)) * SPEECH_STEP_SECONDS, 3)


def _quietest(speech: bytes) -> int:
    """The middle step of the quietest fifth of a second."""
    width = 6
    if len(speech) <= width:
        return len(speech) // 2
    sums = list(accumulate(speech, initial=0))
    totals = [high - low for low, high in zip(sums, sums[width:], strict=False)]
    least = min(totals)
    # In the middle of a long silence rather than at its edge.
    places = [place for place, total in enumerate(totals) if total == least]
    return places[len(places) // 2] + width // 2


def _step(time: float) -> int:
    return max(0, round(time / SPEECH_STEP_SECONDS))
