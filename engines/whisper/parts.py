"""Read clips ahead: so many windows at a time that some can be decoded together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engines.base import Clip, EngineError
from engines.whisper.sound import Window, windows, windows_of

_WINDOWS = 16
# Of a long recording: two windows of half the length are less work than one.
_LONGEST_SECONDS = 25


@dataclass(frozen=True)
class Part:
    """A window of a clip; without one, its end, or why it could not be read on."""

    key: str
    window: Window | None = None
    error: EngineError | None = None


def groups(clips: Sequence[Clip]) -> Iterator[list[Part]]:
    """All parts of the clips, in their order; at most 16 windows in a group.

    Hours of sound take no memory.
    """
    group: list[Part] = []
    held = 0
    for part in _parts(clips):
        group.append(part)
        held += part.window is not None
        if held == _WINDOWS:
            yield group
            group, held = [], 0
    if group:
        yield group


def _parts(clips: Sequence[Clip]) -> Iterator[Part]:
    for clip in clips:
        error = None
        try:
            for window in _windows(clip):
                yield Part(clip.key, window)
        except EngineError as e:
            error = e
        yield Part(clip.key, error=error)


def _windows(clip: Clip) -> Iterator[Window]:
    if clip.is_in_memory:
        return windows_of(clip.pcm, _LONGEST_SECONDS)
    return windows(clip.path, _LONGEST_SECONDS)
