"""Draw loudness over time as the path of an SVG."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

_WIDTH, _HEIGHT = 1000, 48
_BARS = 100
_MIDDLE = _HEIGHT // 2
# A page draws thousands of points: how each loudness is written is known before.
_HEIGHTS = [0.5 + loudness / 255 * (_MIDDLE - 1) for loudness in range(256)]
_ABOVE = [f" {_MIDDLE - height:.3g}L" for height in _HEIGHTS]
_BELOW = [f" {_MIDDLE + height:.3g}L" for height in _HEIGHTS]


# Who filters, sorts and goes back sees the same utterances again and again.
@lru_cache(maxsize=2048)
def path(peaks: bytes, bars: int = _BARS) -> str:
    """The outline of the waveform in a box of 1000 x 48, mirrored at its middle.

    `peaks` has a value of 0 to 255 for each step of time; at most `bars` are drawn.

    >>> path(bytes([0, 255]))
    'M0 23.5L500 0.5L1000 24L500 47.5L0 24.5Z'
    >>> path(b"")
    ''
    """
    if not peaks:
        return ""
    tops = _fewer(peaks, bars)
    places = [str(i * _WIDTH // len(tops)) for i in range(len(tops))]
    upper = "".join([x + _ABOVE[top] for x, top in zip(places, tops, strict=True)])
    lower = "".join(
        [
            x + _BELOW[top]
            for x, top in zip(reversed(places), reversed(tops), strict=True)
        ]
    )
    return f"M{upper}{_WIDTH} {_MIDDLE}L{lower[:-1]}Z"


def _fewer(peaks: bytes, most: int) -> bytes:
    """The loudest of each run of neighbours, so that no burst is lost.

    >>> list(_fewer(bytes([1, 9, 2, 3]), 2))
    [9, 3]
    """
    if len(peaks) <= most:
        return peaks
    edges = [i * len(peaks) // most for i in range(most + 1)]
    return bytes([max(peaks[a:b]) for a, b in pairwise(edges)])
