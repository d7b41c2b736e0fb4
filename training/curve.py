"""The curves of a training as an SVG can draw them, and the same in figures.

`SpeechModel.curve` is a list of passes, each an `engines.base.Pass` as a dict; pass 0
is the model before any. Losses and error rates have a chart each, one above the
other in time: two scales in one chart are misread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# In units of the view box; the page scales it.
WIDTH, HEIGHT = 440, 236
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 426, 12, 190
_MOST_TICKS = 5


@dataclass(frozen=True)
class Tick:
    at: str
    label: str


@dataclass(frozen=True)
class Line:
    """One curve: its class in the style sheet, its name, its points."""

    style: str
    name: str
    points: str  # as `polyline` takes them
    dots: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Chart:
    title: str
    unit: str
    lines: Sequence[Line]
    across: Sequence[Tick]  # passes
    up: Sequence[Tick]
    best: str = ""  # where the pass stands that was kept

    view_box = f"0 0 {WIDTH} {HEIGHT}"
    left, right, top, bottom = _LEFT, _RIGHT, _TOP, _BOTTOM


@dataclass(frozen=True)
class Row:
    """One pass in figures."""

    number: int
    loss: str
    held_out_loss: str
    rate: float | None
    is_best: bool


def rows(curve: Sequence[Mapping[str, Any]], best: int | None) -> list[Row]:
    """The passes as a table shows them.

    >>> first = {"number": 0, "loss": None, "held_out_loss": 2, "errors": 1, "words": 4}
    >>> rows([first], best=0)
    [Row(number=0, loss='', held_out_loss='2.000', rate=0.25, is_best=True)]
    """
    return [
        Row(
            one["number"],
            _figure(one["loss"]),
            _figure(one["held_out_loss"]),
            _rate(one),
            one["number"] == best,
        )
        for one in curve
    ]


def charts(curve: Sequence[Mapping[str, Any]], best: int | None) -> list[Chart]:
    """The curves so far; none before there is a line to draw."""
    if len(curve) < 2:
        return []
    losses = [
        ("training", "Training", [(one["number"], one["loss"]) for one in curve]),
        (
            "held-out",
            "Held-out part",
            [(one["number"], one["held_out_loss"]) for one in curve],
        ),
    ]
    rates = [("held-out", "Held-out part", [(o["number"], _rate(o)) for o in curve])]
    last = curve[-1]["number"]
    return [
        _chart("Loss", "nats per token", losses, last, best, "{:g}".format),
        _chart("Errors", "of the words", rates, last, best, _percent),
    ]


_Points = list[tuple[int, float | None]]


def _chart(
    title: str,
    unit: str,
    series: Sequence[tuple[str, str, _Points]],
    last: int,
    best: int | None,
    label: Callable[[float], str],
) -> Chart:
    drawn = [(style, name, _finite(points)) for style, name, points in series]
    values = [value for _, _, points in drawn for _, value in points]
    step = _step(max([*values, 0.0]))
    # Up to the first tick that nothing goes beyond.
    highest = step * max(1, math.ceil(max([*values, 0.0]) / step - 1e-9))

    def x(number: float) -> str:
        return f"{_LEFT + (_RIGHT - _LEFT) * number / max(1, last):.1f}"

    def y(value: float) -> str:
        return f"{_BOTTOM - (_BOTTOM - _TOP) * value / highest:.1f}"

    lines = []
    for style, name, points in drawn:
        dots = [(x(number), y(value)) for number, value in points]
        lines.append(Line(style, name, " ".join(map(",".join, dots)), dots))
    apart = max(1, math.ceil(last / 10))
    return Chart(
        title,
        unit,
        lines,
        [Tick(x(number), str(number)) for number in range(0, last + 1, apart)],
        [
            Tick(y(step * number), label(step * number))
            for number in range(round(highest / step) + 1)
        ],
        "" if best is None else x(best),
    )


def _finite(points: _Points) -> list[tuple[int, float]]:
    """What can be drawn: a training that breaks leaves NaN."""
    return [
        (n, value) for n, value in points if value is not None and _is_finite(value)
    ]


def _step(highest: float) -> float:
    """The distance of ticks: 1, 2 or 5 times a power of ten.

    >>> _step(0.19), _step(3.2), _step(0)
    (0.05, 1.0, 0.5)
    """
    if highest <= 0:
        return 0.5
    power: float = 10.0 ** math.floor(math.log10(highest / _MOST_TICKS))
    fits = (factor * power for factor in (1, 2, 5, 10))
    return next(step for step in fits if highest / step <= _MOST_TICKS)


def _rate(one: Mapping[str, Any]) -> float | None:
    return one["errors"] / one["words"] if one["words"] else None


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if _is_finite(value) else "not a number"


def _is_finite(value: float) -> bool:
    return math.isfinite(value)


def _percent(rate: float) -> str:
    return f"{rate * 100:g} %"
