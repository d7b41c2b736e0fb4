"""All that a training of a network needs while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from transformers import WhisperForConditionalGeneration

from engines.base import Pass, Progress
from engines.whisper import timetable
from engines.whisper.lessons import Example, Reader, Window
from engines.whisper.packing import Sound
from engines.whisper.settings import Settings
from engines.whisper.timetable import Plan, Timetable


@dataclass
class Course:
    """`passes` begins with what was heard before any."""

    net: WhisperForConditionalGeneration
    reader: Reader
    lessons: list[Example]
    held_out: list[Example]
    spoken: list[Example]
    settings: Settings
    seed: int
    report: Callable[[Progress], None]
    timetable: Timetable
    passes: list[Pass] = field(default_factory=list)


def windows_of(here: Course, number: int) -> Iterator[list[Window]]:
    """The windows of a pass, for a step at a time; the next are read meanwhile."""
    table = here.timetable

    def read(step: int, part: Plan) -> list[Window]:
        rng = np.random.default_rng([here.seed, number, step])
        strength = here.settings.augment
        return [here.reader.window(_of(here, w), rng, strength) for w in part]

    with ThreadPoolExecutor(1) as ahead:
        coming = None
        for step, part in enumerate(timetable.parts(table.plan(number), table.batch)):
            now, coming = coming, ahead.submit(read, step, part)
            if now:
                yield now.result()
        if coming:
            yield coming.result()


def _of(here: Course, window: Sequence[Sound]) -> list[Example]:
    return [(here.spoken if s.is_spoken else here.lessons)[s.number] for s in window]
