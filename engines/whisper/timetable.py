"""How often a training goes over its lessons, and in what order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engines.whisper import packing
from engines.whisper.packing import Sound
from engines.whisper.settings import Settings

Plan = Sequence[Sequence[Sound]]
T = TypeVar("T")


@dataclass(frozen=True)
class Timetable:
    """The windows of each pass. A pass has every lesson once, put together anew."""

    plans: Sequence[Plan]
    batch: int  # windows that are learnt from in a step

    @property
    def passes(self) -> int:
        return len(self.plans)

    @property
    def total(self) -> int:
        """Steps of all passes."""
        return self.until(self.passes)

    def until(self, number: int) -> int:
        """Steps up to the end of a pass; passes count from 1."""
        return sum(self.steps(n) for n in range(1, number + 1))

    def steps(self, number: int) -> int:
        """Steps of a pass."""
        return math.ceil(len(self.plan(number)) / self.batch)

    def plan(self, number: int) -> Plan:
        return self.plans[number - 1]


def parts(plan: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The windows of a plan in their order, so many at a time.

    >>> [len(part) for part in parts(["a", "b", "c"], 2)]
    [2, 1]
    """
    for start in range(0, len(plan), size):
        yield plan[start : start + size]


def make(
    lessons: Sequence[Sound], spoken: Sequence[Sound], settings: Settings, seed: int
) -> Timetable:
    """So many passes, within their limits, that as many windows are learnt from as
    are set.

    >>> lessons = [Sound(n, 5.0, 10) for n in range(50)]
    >>> make(lessons, [], Settings(windows=1, passes=(3, 9)), seed=1).passes
    3
    """
    fewest, most = settings.passes
    plans: list[Plan] = []
    windows = 0
    while len(plans) < fewest or (windows < settings.windows and len(plans) < most):
        rng = np.random.default_rng([seed, len(plans)])
        plan = packing.pack(lessons, spoken, settings.window_tokens, rng)
        plans.append(plan)
        windows += len(plan)
    return Timetable(plans, settings.batch)
