"""Put clips together into the windows of 30 seconds that Whisper hears at once.

The encoder always reads 30 seconds, whether there is speech in them or not, and is
most of the work. So a few clips come alone, as they will be heard later, and the
others several in a window, which costs as much as one of them would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_ALONE = 0.15
_SPOKEN = 0.5  # share of the windows that get a spoken sentence, where one fits
_TOGETHER = (3, 8)  # clips in a window, both included
_WINDOW_SECONDS = 29.0
GAP_SECONDS = 0.6  # at most, between two clips


@dataclass(frozen=True)
class Sound:
    """What the packing has to know of a clip."""

    number: int  # in the list it came from
    seconds: float  # as slowly as it may be said
    tokens: int
    is_spoken: bool = False  # of the rehearsal, not of the lessons


def pack(
    sounds: Sequence[Sound],
    spoken: Sequence[Sound],
    max_tokens: int,
    rng: np.random.Generator,
) -> list[list[Sound]]:
    """Windows with every sound once, in random order, and spoken sentences between.

    >>> rng = np.random.default_rng(1)
    >>> windows = pack([Sound(n, 4.0, 9) for n in range(40)], [], 200, rng)
    >>> sorted(s.number for w in windows for s in w) == list(range(40))
    True
    >>> max(map(len, windows)) <= 6
    True
    """
    left = [sounds[int(i)] for i in rng.permutation(len(sounds))]
    windows = []
    while left:
        window = _window(left, max_tokens, rng)
        _rehearse(window, spoken, max_tokens, rng)
        windows.append(window)
    for _ in range(len(windows) // 10 if spoken else 0):
        window = []
        for _ in range(int(rng.integers(1, 4))):
            _rehearse(window, spoken, max_tokens, rng, share=1.0)
        windows.append(window)
    return [windows[int(i)] for i in rng.permutation(len(windows))]


def _window(
    left: list[Sound], max_tokens: int, rng: np.random.Generator
) -> list[Sound]:
    """Takes its sounds from the end of `left`."""
    first, last = _TOGETHER
    count = 1 if rng.random() < _ALONE else int(rng.integers(first, last + 1))
    window = [left.pop()]
    while left and len(window) < count and _fits(window, left[-1], max_tokens):
        window.append(left.pop())
    return window


def _rehearse(
    window: list[Sound],
    spoken: Sequence[Sound],
    max_tokens: int,
    rng: np.random.Generator,
    share: float = _SPOKEN,
) -> None:
    if not spoken or rng.random() >= share:
        return
    sound = spoken[int(rng.integers(len(spoken)))]
    if not window or _fits(window, sound, max_tokens):
        window.insert(0 if rng.random() < 0.5 else len(window), sound)


def _fits(window: Sequence[Sound], sound: Sound, max_tokens: int) -> bool:
    seconds = sum(s.seconds + GAP_SECONDS for s in [*window, sound])
    tokens = sum(s.tokens for s in [*window, sound])
    return seconds <= _WINDOW_SECONDS and tokens <= max_tokens
