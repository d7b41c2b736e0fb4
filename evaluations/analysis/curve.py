"""The reliability curve of a model as an SVG draws it.

Across is how sure the model is of a word, up is how many of such words are right. A
dot is as large as its share of all words; the keys stand in the drawing, which may be
downloaded as a picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scoring.reliability import Highlight, Reliability

# In units of the view box; the page scales it.
_WIDTH, _HEIGHT = 440, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 408, 14, 250
_LARGEST, _LEAST = 14.0, 3.0  # radius of a dot
_TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True)
class Tick:
    at: str
    label: str


@dataclass(frozen=True)
class Dot:
    """`title` says it in words to whoever points at it."""

    x: str
    y: str
    radius: str
    title: str


@dataclass(frozen=True)
class Curve:
    """`threshold`: where it stands, empty without one that helps."""

    id: str
    points: str  # as `polyline` takes them
    dots: list[Dot]
    threshold: str
    threshold_name: str

    view_box = f"0 0 {_WIDTH} {_HEIGHT}"
    left, right, top, bottom = _LEFT, _RIGHT, _TOP, _BOTTOM
    middle = (_LEFT + _RIGHT) // 2
    across = [Tick(f"{_LEFT + (_RIGHT - _LEFT) * n / 100:g}", f"{n} %") for n in _TICKS]
    up = [Tick(f"{_BOTTOM - (_BOTTOM - _TOP) * n / 100:g}", f"{n} %") for n in _TICKS]


def curve(found: Reliability, name: str, best: Highlight | None) -> Curve:
    """`name` is that of the drawing in the page."""
    dots = [
        Dot(
            _x(one.confidence),
            _y(one.right),
            f"{max(_LEAST, _LARGEST * math.sqrt(one.words / found.words)):.1f}",
            f"{one.low:.0%} to {one.high:.0%} sure: {one.right:.0%} of {one.words:,} "
            "words are right".replace("%", " %"),
        )
        for one in found.bins
        if one.confidence is not None and one.right is not None
    ]
    return Curve(
        id=name,
        points=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        dots=dots,
        threshold=_x(best.threshold) if best else "",
        threshold_name=f"{best.threshold:.0%}".replace("%", " %") if best else "",
    )


def _x(share: float) -> str:
    return f"{_LEFT + (_RIGHT - _LEFT) * share:.1f}"


def _y(share: float) -> str:
    return f"{_BOTTOM - (_BOTTOM - _TOP) * share:.1f}"
