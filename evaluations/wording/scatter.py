"""The accuracy of words as a picture: by one model across, by another one up.

A point is all words of one accuracy by both, as points upon each other hide each other;
its size is how often they are said. What the new model hears better is above the
diagonal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from evaluations.wording.accuracy import STEPS, Numbers, Pair
from scoring.table import Mask

MOST_WORDS = 2000
_MOST_LABELS = 16
_MOST_TRIED = 100  # points, for which there may be no room
_MOST_OVER_POINTS = 8  # that are named even where the name covers other points
_MOST_NAMED = 6  # words of a point in its title
_MOST_LETTERS = 18  # of a label
# In units of the view box; the page scales it.
_WIDTH, _HEIGHT = 480, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 456, 16, 402
_LETTER, _LINE = 6.6, 14  # width and height of letters, about


@dataclass(frozen=True)
class Point:
    """Some words of one accuracy; `style` is "better", "worse" or "same"."""

    x: float
    y: float
    radius: float
    style: str
    title: str
    url: str


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    anchor: str
    style: str
    text: str


@dataclass(frozen=True)
class Scatter:
    points: Sequence[Point]
    labels: Sequence[Label]
    words: int
    better: int
    worse: int

    view_box = f"0 0 {_WIDTH} {_HEIGHT}"
    left, right, top, bottom = _LEFT, _RIGHT, _TOP, _BOTTOM

    @property
    def same(self) -> int:
        return self.words - self.better - self.worse

    @property
    def ticks(self) -> list[tuple[float, float, str]]:
        """Where 0 % to 100 % are across and up."""
        return [(*_at(n, n), f"{n} %") for n in range(0, 101, 25)]


@dataclass(frozen=True)
class _Spot:
    """The words at one place, the most frequent first."""

    words: Numbers
    old: int  # percent
    new: int
    said: int
    gained: int


def scatter(
    pair: Pair,
    mask: Mask,
    word_address: str,
    place_address: str,
) -> Scatter:
    """The most frequent of these words. A point of one word leads to its utterances,
    one of several to its words, at an address with the word or the place behind it."""
    numbers = np.flatnonzero(mask)[:MOST_WORDS]
    spots = list(_spots(pair, numbers))

    def url(spot: _Spot) -> str:
        if len(spot.words) == 1:
            return (
                f"{word_address}{quote(pair.texts[spot.words[0]], safe='')}#utterances"
            )
        return f"{place_address}{spot.old}.{spot.new}#words"

    gained = pair.gained[numbers]
    return Scatter(
        [
            Point(
                *_at(spot.old, spot.new),
                _radius(spot),
                _style(spot),
                _title(pair, spot),
                url(spot),
            )
            for spot in sorted(spots, key=lambda spot: -spot.said)
        ],
        _labels(pair, spots),
        len(numbers),
        int(np.count_nonzero(gained > 0)),
        int(np.count_nonzero(gained < 0)),
    )


def _spots(pair: Pair, numbers: Numbers) -> Iterator[_Spot]:
    places = pair.places[numbers]
    order = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    for words in np.split(numbers[order], starts[1:]) if len(numbers) else ():
        old, new = divmod(int(pair.places[words[0]]), STEPS)
        said, gained = int(pair.said[words].sum()), int(pair.gained[words].sum())
        yield _Spot(words, old, new, said, gained)


def _at(old: float, new: float) -> tuple[float, float]:
    """Where these shares in percent are in the picture."""
    x = _LEFT + (_RIGHT - _LEFT) * old / 100
    return round(x, 1), round(_BOTTOM - (_BOTTOM - _TOP) * new / 100, 1)


def _radius(spot: _Spot) -> float:
    return round(3 + 0.9 * float(np.log(spot.said)), 1)


def _style(spot: _Spot) -> str:
    if spot.old == spot.new:
        return "same"
    return "better" if spot.new > spot.old else "worse"


def _title(pair: Pair, spot: _Spot) -> str:
    named = [_cut(pair.texts[number]) for number in spot.words[:_MOST_NAMED]]
    more = len(spot.words) - len(named)
    words = ", ".join(named) + (f" and {more:,} more" if more else "")
    times = "once" if spot.said == 1 else f"{spot.said:,} times"
    rates = f"{pair.old} {spot.old} %, {pair.new} {spot.new} % right"
    return f"{words}: said {times}; {rates}"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"


def _labels(pair: Pair, spots: Sequence[_Spot]) -> list[Label]:
    """Names of the points where most was won or lost, as far as there is room."""
    apart = [spot for spot in spots if spot.old != spot.new and spot.gained]
    apart.sort(key=lambda spot: (-abs(spot.gained), -abs(spot.new - spot.old)))
    points = np.array([_box(spot) for spot in spots]).reshape(-1, 4)
    taken = points[:0]  # by labels
    labels: list[Label] = []
    for rank, spot in enumerate(apart[:_MOST_TRIED]):
        more = len(spot.words) - 1
        text = _cut(pair.texts[spot.words[0]]) + (f" +{more:,}" if more else "")
        places = list(_beside(spot, _LETTER * len(text)))
        free = [p for p in places if _is_inside(p.box) and _is_free(p.box, taken)]
        clear = [p for p in free if _is_free(p.box, points)]
        if rank >= _MOST_OVER_POINTS:
            free = clear
        if free:
            box, place = (clear or free)[0]
            taken = np.vstack([taken, box])
            labels.append(Label(*place, _style(spot), text))
        if len(labels) == _MOST_LABELS:
            break
    return labels


_Box = tuple[float, float, float, float]  # left, top, right, bottom


def _box(spot: _Spot) -> _Box:
    (x, y), radius = _at(spot.old, spot.new), _radius(spot)
    return x - radius, y - radius, x + radius, y + radius


class _Place(NamedTuple):
    """Room for a label: what it takes, and x, y and anchor of the text."""

    box: _Box
    at: tuple[float, float, str]


def _beside(spot: _Spot, width: float) -> Iterator[_Place]:
    """On the right, on the left, above and below a point."""
    (x, y), gap = _at(spot.old, spot.new), _radius(spot) + 3

    def place(start: float, base: float, x: float, anchor: str) -> _Place:
        box = (start, base - _LINE + 3, start + width, base + 3)
        return _Place(box, (round(x, 1), round(base, 1), anchor))

    yield place(x + gap, y + 4, x + gap, "start")
    yield place(x - gap - width, y + 4, x - gap, "end")
    yield place(x - width / 2, y - gap - 1, x, "middle")
    yield place(x - width / 2, y + gap + _LINE - 3, x, "middle")


def _is_inside(box: _Box) -> bool:
    left, top, right, bottom = box
    return left >= _LEFT and right <= _RIGHT and top >= 0 and bottom <= _BOTTOM


def _is_free(box: _Box, others: npt.NDArray[np.float64]) -> bool:
    left, top, right, bottom = box
    across = (others[:, 0] < right) & (others[:, 2] > left)
    return not np.any(across & (others[:, 1] < bottom) & (others[:, 3] > top))
