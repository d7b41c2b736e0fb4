"""What is heard when: the windows of a training, its passes and their steps.

All of it is decided before the training begins, by the seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engines.whisper import packing
from engines.whisper.packing import Sound
from engines.whisper.settings import Settings

HEARD_AT_ONCE = 4  # windows that the encoder hears in a step


# A step of all layers takes about so many times as long as one of the decoder.
WHOLE = 6

Plan = Sequence[Sequence[Sound]]


@dataclass(frozen=True)
class Timetable:
    """Passes of the decoder alone, then of all layers. Each plan has every lesson
    once; the passes of the decoder take turns with theirs."""

    plans: Sequence[Plan]
    decoder_passes: int
    whole: Sequence[Plan]
    batch: int  # windows that are learnt from in a step
    seed: int

    @property
    def passes(self) -> int:
        return self.decoder_passes + len(self.whole)

    @property
    def hearing(self) -> int:
        """The steps of the encoder, which hears every window once."""
        return sum(math.ceil(len(plan) / HEARD_AT_ONCE) for plan in self.plans)

    @property
    def total(self) -> int:
        return self.until(self.passes)

    def is_whole(self, number: int) -> bool:
        """Whether all layers learn in a pass."""
        return number > self.decoder_passes

    def until(self, number: int) -> int:
        """All steps up to the end of a pass, in steps of the decoder."""
        return self.hearing + sum(
            self.steps(n) * (WHOLE if self.is_whole(n) else 1)
            for n in range(1, number + 1)
        )

    def steps(self, number: int) -> int:
        """Steps of a pass."""
        return math.ceil(len(self.plan(number)) / self.batch)

    def plan(self, number: int) -> Plan:
        if self.is_whole(number):
            return self.whole[number - self.decoder_passes - 1]
        return self.plans[(number - 1) % len(self.plans)]

    def order(self, number: int) -> Iterator[list[int]]:
        """The windows of each step of a pass of the decoder, numbered through all
        plans."""
        plan = (number - 1) % len(self.plans)
        first = sum(len(before) for before in self.plans[:plan])
        rng = np.random.default_rng([self.seed, number])
        order = first + rng.permutation(len(self.plans[plan]))
        for start in range(0, len(order), self.batch):
            yield order[start : start + self.batch].tolist()


def parts(plans: Sequence[Plan], size: int) -> Iterator[Plan]:
    """The windows of plans in their order, so many at a time, never of two plans.

    >>> [len(part) for part in parts([["a", "b", "c"], ["d"]], 2)]
    [2, 1, 1]
    """
    for plan in plans:
        for start in range(0, len(plan), size):
            yield plan[start : start + size]


def make(
    lessons: Sequence[Sound], general: Sequence[Sound], settings: Settings, seed: int
) -> Timetable:
    """Plans with about as many fresh windows as are set, one plan at least; and so
    many passes, within their limits, that as many windows are learnt from as are set.

    >>> lessons = [Sound(n, 5.0, 10) for n in range(50)]
    >>> settings = Settings(fresh=60, windows=150, passes=(3, 9), whole_passes=2)
    >>> table = make(lessons, [], settings, seed=1)
    >>> len(table.plans), table.decoder_passes, table.passes
    (3, 9, 11)
    """

    def plan(number: int) -> Plan:
        rng = np.random.default_rng([seed, number])
        return packing.pack(lessons, general, settings.window_tokens, rng)

    plans = [plan(0)]
    while sum(map(len, plans)) + len(plans[0]) <= settings.fresh:
        plans.append(plan(len(plans)))
    fewest, most = settings.passes
    wanted = math.ceil(settings.windows * len(plans) / sum(map(len, plans)))
    whole = [plan(len(plans) + n) for n in range(settings.whole_passes)]
    passes = min(max(wanted, fewest), most)
    return Timetable(plans, passes, whole, settings.batch, seed)
