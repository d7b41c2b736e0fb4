"""What a speech engine is: the values that cross the fence, and the protocol.

An engine knows nothing of projects, rows or pages; the rooms above it know
nothing of Whisper. Times are seconds from the start of the clip.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class EngineError(Exception):
    """An expected failure, with a message fit for the user and a code."""

    def __init__(self, message: str, code: str = "EngineError") -> None:
        super().__init__(message)
        self.code = code


# How long each value of `LocalEngine.speech` stands for.
SPEECH_STEP_SECONDS = 0.032


@dataclass(frozen=True)
class Clip:
    """One audio file to recognise: a 16 kHz mono WAV on the local disk."""

    key: str  # given back on the transcript
    path: Path


@dataclass(frozen=True)
class Word:
    """A recognised word. `text` keeps its leading space and punctuation, so
    that joining all words gives the transcript's text."""

    text: str
    start: float  # seconds
    end: float  # seconds
    probability: float  # 0 to 1


@dataclass(frozen=True)
class Transcript:
    """What an engine heard in one clip; `error` says why it heard nothing."""

    key: str
    text: str
    words: tuple[Word, ...] = ()
    error: EngineError | None = None


@dataclass(frozen=True)
class Decoding:
    """How to recognise. `locale` is BCP 47, such as `en-US`."""

    locale: str
    beam_size: int = 5


@dataclass(frozen=True)
class BaseModel:
    """A model that an engine offers before any training.

    `locales` holds language tags without region (`en`); empty means every one.
    """

    reference: str  # what the engine calls it
    name: str
    locales: frozenset[str]
    is_on_disk: bool

    def speaks(self, locale: str) -> bool:
        return speaks(self.locales, locale)


def speaks(languages: Collection[str], locale: str) -> bool:
    """Whether a model of these languages fits the locale; none means every one.

    >>> speaks({"en"}, "en-GB"), speaks({"en"}, "de-DE"), speaks([], "de-DE")
    (True, False, True)
    """
    return not languages or locale.split("-")[0].lower() in languages


class LocalEngine(Protocol):
    """Computes inside the worker."""

    def base_models(self) -> Sequence[BaseModel]:
        """The models that the settings name; loads nothing."""

    def fetch(self, reference: str, report: Callable[[int, int], None]) -> None:
        """Bring a model to this disk. `report(done, total)` counts bytes.

        Raises `EngineError` when it cannot be had.
        """

    def transcribe(
        self, reference: str, clips: Sequence[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        """Yield a transcript for each clip, in any order, as soon as it is known.

        A clip that cannot be read gives a transcript with `error`; an engine
        that cannot work at all raises `EngineError`.
        """

    def pieces(self, reference: str, words: Sequence[str]) -> list[int]:
        """Into how many units of the model's vocabulary each word is cut, as it is
        written in the middle of a sentence. Does not load the model.

        Raises `EngineError` when the model is not on this disk.
        """

    def speech(self, path: Path) -> bytes:
        """How likely somebody speaks, from 0 to 255, in each step of a clip.

        A step is `SPEECH_STEP_SECONDS`; the last one may go beyond the end.
        Constant memory. Raises `EngineError` when the clip cannot be read.
        """


class Voice(Protocol):
    """Speaks text inside the worker."""

    def speak(self, text: str, target: Path) -> None:
        """Write `text`, spoken, to `target` as a mono WAV.

        Raises `EngineError` when nothing in it can be spoken.
        """
