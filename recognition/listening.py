"""When a phrase begins and ends, told by how likely somebody speaks. Pure.

It is fed the shares of `LocalEngine.speech_of` one by one, each for a step of 32 ms,
and keeps no more of them than a phrase is long.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from engines.base import SPEECH_STEP_SECONDS
from engines.segments import BEGINS, GOES_ON

_SHORTEST = 3  # steps; less is a click or a breath
# Steps of sound that belong to a phrase before and behind what is spoken.
ROOM = 6
# So long a silence, and the phrase may have ended: it is worth recognising it then.
# Of three such pauses two are the end; more patience would make the answer later.
_PAUSE = 4
# A phrase is cut where speech is least likely within so many steps.
_CALM = 6


@dataclass(frozen=True)
class Timing:
    """In seconds."""

    pause: float = 0.5  # ends a phrase
    initial_silence: float = 15.0  # is told, once
    longest: float = 25.0


class Kind(Enum):
    BEGAN = auto()  # somebody speaks
    PAUSED = auto()  # and may have ended
    RESUMED = auto()  # but goes on
    ENDED = auto()
    CUT = auto()  # the phrase is too long, and what follows is another one
    SILENT = auto()  # nobody has spoken yet


@dataclass(frozen=True)
class Change:
    """What became known; the phrase, as far as it goes, in steps from the start."""

    kind: Kind
    start: int
    end: int


class Listening:
    """To one stream."""

    def __init__(self, timing: Timing) -> None:
        self._pause = max(_steps(timing.pause), 1)
        self._initial: int | None = _steps(timing.initial_silence)
        self._longest = _steps(timing.longest)
        self.at = 0  # steps heard
        self.start: int | None = None  # of the phrase, None when there is none
        self._free = 0  # the first step that belongs to no phrase
        self._run = 0  # steps in a row in which somebody spoke
        self.last = 0  # the step behind the last one in which somebody spoke
        self._shares = bytearray()  # of the phrase

    def hear(self, share: int) -> Change | None:
        """The next step, and what that changes."""
        self.at += 1
        if self.start is None:
            return self._wait(share)
        self._shares.append(share)
        return self._follow(self.start, share)

    def finish(self) -> Change | None:
        """There is no more sound: the end of the phrase, if there is one."""
        if self.start is None:
            return None
        return self._end(self.start)

    def _wait(self, share: int) -> Change | None:
        if share < (GOES_ON if self._run else BEGINS):
            self._run = 0
        else:
            self._run += 1
        if self._run >= _SHORTEST:
            self._initial = None
            self.start = max(self._free, self.at - self._run - ROOM)
            self.last = self.at
            self._shares = bytearray(self.at - self.start)
            self._run = 0
            return Change(Kind.BEGAN, self.start, self.at)
        if self._initial is not None and self.at >= self._initial:
            self._initial = None
            return Change(Kind.SILENT, 0, self.at)
        return None

    def _follow(self, start: int, share: int) -> Change | None:
        was_paused = self.at - 1 - self.last >= _PAUSE
        if share >= (BEGINS if was_paused else GOES_ON):
            self.last = self.at
        if self.at - start >= self._longest:
            return self._cut(start)
        if self.last == self.at:
            return Change(Kind.RESUMED, start, self.at) if was_paused else None
        silent = self.at - self.last
        if silent >= self._pause:
            return self._end(start)
        if silent == _PAUSE:
            return Change(Kind.PAUSED, start, self.at)
        return None

    def _end(self, start: int) -> Change:
        end = min(self.last + _PAUSE, self.at)
        self.start, self._free = None, end
        return Change(Kind.ENDED, start, end)

    def _cut(self, start: int) -> Change:
        """In the second half, where it is calmest: the later the better."""
        shares = self._shares
        places = range(len(shares) // 2, len(shares) - _CALM + 1)
        calmest = min(places, key=lambda at: (sum(shares[at : at + _CALM]), -at))
        cut = start + calmest + _CALM // 2
        if cut >= self.last:
            return self._end(start)
        self.start = self._free = cut
        del shares[: cut - start]
        return Change(Kind.CUT, start, cut)


def _steps(seconds: float) -> int:
    return round(seconds / SPEECH_STEP_SECONDS)
