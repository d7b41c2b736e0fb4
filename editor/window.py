"""The part of a recording that its page shows: of two hours not all at once."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from datasets import waveform
from editor.models import Recording

SHOWN = 100  # segments
_MOST = 300  # where others have cut what is shown into more
_BARS, _LEAST_BARS = 100, 24  # of a segment
_ALL_BARS = 6000  # of all that are shown, about


def places_of(recording: Recording) -> list[tuple[int, float]]:
    """Key and start, in seconds, of every segment, in order."""
    return list(recording.segments.values_list("pk", "start"))


def span_of(asked: Mapping[str, str]) -> tuple[float, float] | None:
    """The seconds that an open page shows, as it says itself."""
    low, high = _seconds(asked.get("from", "")), _seconds(asked.get("to", ""))
    return None if low is None or high is None else (low, high)


def window(starts: Sequence[float], asked: Mapping[str, str]) -> tuple[int, int]:
    """Which segments to show: the index of the first, and that after the last.

    Those around `at`; or what lies between `from` and `to`; or the first ones.

    >>> starts = [float(second) for second in range(500)]
    >>> window(starts, {}), window(starts, {"at": "200.5"})
    ((0, 100), (150, 250))
    >>> window(starts, {"at": "1e9"})
    (400, 500)
    >>> window(starts, {"from": "150", "to": "250"})
    (150, 250)
    """
    at, span = _seconds(asked.get("at", "")), span_of(asked)
    if at is None and span is not None:
        first = max(0, bisect_right(starts, span[0]) - 1)
        last = min(max(bisect_left(starts, span[1]), first + 1), first + _MOST)
        return first, min(last, len(starts))
    here = bisect_right(starts, at or 0.0) - 1
    first = max(0, min(here - SHOWN // 2, len(starts) - SHOWN))
    return first, min(first + SHOWN, len(starts))


def shown(
    recording: Recording,
    places: Sequence[tuple[int, float]],
    asked: Mapping[str, str],
) -> dict[str, Any]:
    """What the templates need: the segments, what is drawn of them, what is beside."""
    starts = [start for _, start in places]
    first, last = window(starts, asked)
    return {
        "rows": _drawn(recording, first, last, len(starts)),
        "earlier": first,
        "earlier_at": starts[first - 1] if first else 0.0,
        "later": len(starts) - last,
        "later_at": starts[last] if last < len(starts) else 0.0,
    }


def _drawn(
    recording: Recording, first: int, last: int, total: int
) -> list[dict[str, Any]]:
    peaks = bytes(recording.sound.peaks)
    rate = len(peaks) / (recording.seconds or 1)
    rows = recording.segments.select_related("edited_by")[first:last]
    bars = max(_LEAST_BARS, min(_BARS, _ALL_BARS // ((last - first) or 1)))
    return [
        {
            "segment": row,
            "number": number,
            "is_last": number == total,
            "wave": waveform.path(
                peaks[int(row.start * rate) : int(row.end * rate)], bars
            ),
        }
        for number, row in enumerate(rows, start=first + 1)
    ]


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
