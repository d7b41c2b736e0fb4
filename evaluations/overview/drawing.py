"""Charts as shapes that `templates/evaluations/overview/_drawing.html` writes as SVG.

Lengths are units of the view box, which the page scales; how a shape looks says its
class in static/css/overview.css. Keys and what the figures were scored with stand in
the drawing itself: it may be downloaded as a picture, and has to speak for itself.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

WIDTH = 360  # as narrow as a telephone, so that text is not scaled down there
_LINE = 15  # from one line of text to the next
# Columns of text that fit beside a value, alone, and alone where it is bold.
NAME, _CAPTION, _BOLD = 38, 62, 52
_MOST_TICKS = 5
_STYLES = 6  # series look different up to here

# Of the trend: left, right, and the height of what is between the axes.
_LEFT, _RIGHT, _TALL = 38, 346, 150


@dataclass(frozen=True)
class Text:
    x: str
    y: str
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    style: str = ""


@dataclass(frozen=True)
class Box:
    x: str
    y: str
    width: str
    height: str
    style: str


@dataclass(frozen=True)
class Stroke:
    x1: str
    y1: str
    x2: str
    y2: str
    style: str


@dataclass(frozen=True)
class Dot:
    x: str
    y: str
    title: str
    style: str


@dataclass(frozen=True)
class Curve:
    points: str  # as `polyline` takes them
    style: str


@dataclass
class Drawing:
    """A chart; `about` says in words what it shows."""

    title: str
    about: str
    height: float = 0
    boxes: list[Box] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)  # behind the boxes
    marks: list[Stroke] = field(default_factory=list)  # before them
    curves: list[Curve] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    @property
    def view_box(self) -> str:
        return f"0 0 {WIDTH} {self.height:.0f}"

    def write(
        self,
        text: str,
        x: float,
        y: float,
        anchor: Literal["start", "middle", "end"] = "start",
        style: str = "",
    ) -> None:
        self.texts.append(Text(_at(x), _at(y), text, anchor, style))

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        self.strokes.append(Stroke(_at(x1), _at(y1), _at(x2), _at(y2), style))

    def mark(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        self.marks.append(Stroke(_at(x1), _at(y1), _at(x2), _at(y2), style))

    def box(self, x: float, y: float, width: float, height: float, style: str) -> None:
        self.boxes.append(Box(_at(x), _at(y), _at(width), _at(height), style))


@dataclass(frozen=True)
class Bar:
    """A rate, or several that are stacked: (class, share) of each part.

    `value` is what is written beside it; `low` and `high` are its interval.
    """

    name: str
    value: str
    parts: Sequence[tuple[str, float]]
    low: float | None = None
    high: float | None = None
    is_faint: bool = False

    @property
    def end(self) -> float:
        return max(sum(share for _, share in self.parts), self.high or 0)


@dataclass(frozen=True)
class Group:
    name: str
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Point:
    """A rate at a moment, with its interval; `title` says of what."""

    at: datetime
    rate: float
    low: float | None
    high: float | None
    title: str


@dataclass(frozen=True)
class Series:
    name: str
    points: Sequence[Point]  # oldest first


def bars(
    title: str,
    about: str,
    groups: Sequence[Group],
    caption: str,
    keys: Sequence[tuple[str, str]] = (),
) -> Drawing | None:
    """Bars one below the other; None where there is nothing to draw.

    `keys` are (class, name) of the parts; the caption says what was scored, and how.
    """
    groups = [group for group in groups if group.bars]
    every = [bar for group in groups for bar in group.bars]
    if not every:
        return None
    drawing = Drawing(title, about)
    step = tick_step(max(bar.end for bar in every))
    highest = step * max(1, math.ceil(max(bar.end for bar in every) / step - 1e-9))
    scale = (WIDTH - 16) / highest
    y = _key_line(drawing, keys)
    top = y
    for group in groups:
        y += _LINE + 6
        drawing.write(fitted(group.name, _BOLD), 0, y, style="strong")
        for bar in group.bars:
            y = _bar(drawing, bar, y + 2, scale)
    for number in range(round(highest / step) + 1):
        x = step * number * scale
        drawing.line(x, top + 4, x, y + 4, "grid")
        drawing.write(_percent(step * number), x, y + 16, _anchor(number, 99))
    return _ended(drawing, y + 16, caption)


def _bar(drawing: Drawing, bar: Bar, y: float, scale: float) -> float:
    """Draw a bar below `y`; where it ends."""
    faint = " faint" if bar.is_faint else ""
    y += _LINE
    drawing.write(fitted(bar.name, NAME), 0, y, style=faint.strip())
    drawing.write(bar.value, WIDTH, y, "end", style=faint.strip())
    y += 5
    x = 0.0
    for style, share in bar.parts:
        drawing.box(x, y, share * scale, 9, style + faint)
        x += share * scale
    if bar.low is not None and bar.high is not None:
        low, high = bar.low * scale, bar.high * scale
        drawing.mark(low, y + 4.5, high, y + 4.5, "whisker")
        for end in (low, high):
            drawing.mark(end, y + 1, end, y + 8, "whisker")
    return y + 9


def _key_line(drawing: Drawing, keys: Sequence[tuple[str, str]]) -> float:
    """Draw what the colours of parts mean; where that ends."""
    x = 0.0
    for style, name in keys:
        drawing.box(x, 3, 9, 9, style)
        drawing.write(name, x + 13, 11)
        x += 13 + 6.2 * len(name) + 12
    return _LINE if keys else 0


def trend(
    title: str, about: str, series: Sequence[Series], caption: str
) -> Drawing | None:
    """Rates over time, a line for each series; None with fewer than two moments."""
    every = [point for one in series for point in one.points]
    moments = sorted({point.at for point in every})
    if len(moments) < 2:
        return None
    drawing = Drawing(title, about)
    top = _legend(drawing, series) + 8
    bottom = top + _TALL
    ends = [point.rate if point.high is None else point.high for point in every]
    step = tick_step(max(ends))
    highest = step * max(1, math.ceil(max(ends) / step - 1e-9))
    for number in range(round(highest / step) + 1):
        y = bottom - _TALL * step * number / highest
        drawing.line(_LEFT, y, _RIGHT, y, "grid")
        drawing.write(_percent(step * number), _LEFT - 5, y + 4, "end")
    first, last = moments[0], moments[-1]
    for number, (share, label) in enumerate(dates(first, last)):
        x = _LEFT + (_RIGHT - _LEFT) * share
        drawing.write(label, x, bottom + 15, _anchor(number, len(dates(first, last))))
    for number, one in enumerate(series):
        # Whiskers of one test stand beside each other.
        aside = 4 * (number - (len(series) - 1) / 2) if len(series) < 4 else 0
        _curve(drawing, one, number, (first, last), highest, bottom, aside)
    span = f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"
    return _ended(drawing, bottom + 15, caption, span)


def _curve(
    drawing: Drawing,
    series: Series,
    number: int,
    span: tuple[datetime, datetime],
    highest: float,
    bottom: float,
    aside: float,
) -> None:
    style = f"series-{number % _STYLES + 1}"
    first, last = span
    places = []
    for point in series.points:
        share = (point.at - first) / (last - first)
        x = _LEFT + 8 + (_RIGHT - _LEFT - 16) * share + aside
        y = bottom - _TALL * point.rate / highest
        places.append((_at(x), _at(y)))
        drawing.dots.append(Dot(_at(x), _at(y), point.title, style))
        if point.low is not None and point.high is not None:
            low, high = (
                bottom - _TALL * end / highest for end in (point.low, point.high)
            )
            drawing.mark(x, low, x, high, f"{style} range")
    drawing.curves.append(Curve(" ".join(map(",".join, places)), style))


def _legend(drawing: Drawing, series: Sequence[Series]) -> float:
    """Draw a line for the name of each series; where that ends."""
    y = 0.0
    for number, one in enumerate(series):
        y += _LINE
        style = f"series-{number % _STYLES + 1}"
        drawing.line(0, y - 4, 24, y - 4, style)
        drawing.write(fitted(one.name, _CAPTION - 6), 30, y)
    return y


def _ended(drawing: Drawing, y: float, caption: str, span: str = "") -> Drawing:
    """Write what was scored below `y`, then when, and what the whiskers are."""
    whiskers = "thin lines are 95 % intervals" if drawing.marks else ""
    more = "; ".join(filter(None, (span, whiskers)))
    y += 4
    for line in filter(None, (caption, more)):
        y += _LINE
        drawing.write(fitted(line, _CAPTION), 0, y, style="caption")
    drawing.height = y + 6
    return drawing


def dates(first: datetime, last: datetime) -> list[tuple[float, str]]:
    """Up to four moments: how far from first to last, and how they are written.

    >>> dates(datetime(2026, 1, 5), datetime(2026, 4, 5))
    [(0.0, '5 Jan'), (0.3333333333333333, '4 Feb'), (0.6666666666666666, '6 Mar'), \
(1.0, '5 Apr')]
    >>> dates(datetime(2026, 1, 5, 9), datetime(2026, 1, 5, 15))[0]
    (0.0, '09:00')
    """
    span = last - first
    number = 4 if span > timedelta(days=4) or span < timedelta(days=1) else 2
    shares = [n / (number - 1) for n in range(number)]
    return [(share, _date(first + span * share, span)) for share in shares]


def _date(moment: datetime, span: timedelta) -> str:
    if span < timedelta(days=1):
        return f"{moment:%H:%M}"
    if span > timedelta(days=300):
        return f"{moment:%b %Y}"
    return f"{moment.day} {moment:%b}"


def tick_step(highest: float) -> float:
    """The distance of ticks: 1, 2 or 5 times a power of ten.

    >>> tick_step(0.19), tick_step(3.2), tick_step(0)
    (0.05, 1.0, 0.5)
    """
    if highest <= 0:
        return 0.5
    power: float = 10.0 ** math.floor(math.log10(highest / _MOST_TICKS))
    fits = (factor * power for factor in (1, 2, 5, 10))
    return next(step for step in fits if highest / step <= _MOST_TICKS)


def fitted(text: str, columns: int) -> str:
    """The text, cut where it is wider; letters of Chinese and such take two columns.

    >>> fitted("call centre", 20), fitted("call centre", 6), fitted("呼叫中心", 5)
    ('call centre', 'call…', '呼叫…')
    """
    widths = [2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text]
    if sum(widths) <= columns:
        return text
    end, width = 0, widths[0]
    while width < columns:
        end += 1
        width += widths[end]
    return f"{text[:end].rstrip()}…"


def _anchor(number: int, count: int) -> Literal["start", "middle", "end"]:
    """How the first and the last of some labels stay inside."""
    if number == 0:
        return "start"
    return "end" if number == count - 1 else "middle"


def _percent(rate: float) -> str:
    return f"{rate * 100:g} %"


def _at(length: float) -> str:
    return f"{length:.1f}"
