"""Draw loudness over time as the path of an SVG."""

from __future__ import annotations

from itertools import pairwise

_WIDTH, _HEIGHT = 1000, 48
_BARS = 125


def path(peaks: bytes) -> str:
    """The outline of the waveform in a box of 1000 x 48, mirrored at its middle.

    `peaks` has a value of 0 to 255 for each step of time.

    >>> path(bytes([0, 255]))
    'M0 24L0 23.5L500 0.5L1000 23.5L1000 24.5L500 47.5L0 24.5Z'
    >>> path(b"")
    ''
    """
    if not peaks:
        return ""
    tops = _fewer(peaks, _BARS)
    middle = _HEIGHT / 2
    step = _WIDTH / len(tops)
    heights = [0.5 + top / 255 * (middle - 1) for top in tops] + [0.5]
    points = [(round(i * step), height) for i, height in enumerate(heights)]
    upper = "".join(f"L{x} {middle - h:.3g}" for x, h in points)
    lower = "".join(f"L{x} {middle + h:.3g}" for x, h in reversed(points))
    return f"M0 {middle:g}{upper}{lower}Z"


def _fewer(peaks: bytes, most: int) -> list[int]:
    """The loudest of each run of neighbours, so that no burst is lost.

    >>> _fewer(bytes([1, 9, 2, 3]), 2)
    [9, 3]
    """
    if len(peaks) <= most:
        return list(peaks)
    edges = [i * len(peaks) // most for i in range(most + 1)]
    return [max(peaks[a:b]) for a, b in pairwise(edges)]
