"""An engine that says what it was told to; for unit tests only.

engine = FakeEngine({"clip-1": "hello world"}, failing={"clip-2"})
with registry.replaced("whisper", engine):
    ...
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event

from engines.base import (
    SPEECH_STEP_SECONDS,
    BaseModel,
    Clip,
    Decoding,
    EngineError,
    Transcript,
    Word,
)


class FakeEngine:
    """Says `texts[clip.key]`, or nothing, its words spread evenly over the clip.

    A clip whose key is in `failing` gives a transcript with an error; `broken`
    is raised by every call; with `gate`, each clip waits until it is set, or
    for 30 seconds. `calls` lists the keys of each `transcribe`, `fetched` the
    models. A word has one piece for every four letters.
    """

    def __init__(
        self,
        texts: Mapping[str, str] | None = None,
        *,
        failing: Collection[str] = (),
        broken: EngineError | None = None,
        gate: Event | None = None,
        models: Sequence[BaseModel] = (
            BaseModel("fake", "Fake", frozenset(), is_on_disk=True),
        ),
    ) -> None:
        self.texts = dict(texts or {})
        self.failing = failing
        self.broken = broken
        self.gate = gate
        self.models = models
        self.calls: list[list[str]] = []
        self.fetched: list[str] = []

    def base_models(self) -> Sequence[BaseModel]:
        return self.models

    def fetch(self, reference: str, report: Callable[[int, int], None]) -> None:
        if self.broken:
            raise self.broken
        report(50_000_000, 100_000_000)
        report(100_000_000, 100_000_000)
        self.fetched.append(reference)

    def transcribe(
        self, reference: str, clips: Sequence[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        self.calls.append([clip.key for clip in clips])
        if self.broken:
            raise self.broken
        return (self._hear(clip) for clip in clips)

    def speech(self, path: Path) -> bytes:
        """Takes whatever is not silent for speech."""
        with wave.open(str(path), "rb") as audio:
            step = round(audio.getframerate() * SPEECH_STEP_SECONDS)
            steps = range(-(-audio.getnframes() // step))
            return bytes(255 * any(audio.readframes(step)) for _ in steps)

    def pieces(self, reference: str, words: Sequence[str]) -> list[int]:
        if self.broken:
            raise self.broken
        return [-(-len(word) // 4) for word in words]

    def _hear(self, clip: Clip) -> Transcript:
        if self.gate:
            self.gate.wait(timeout=30)
        if clip.key in self.failing:
            error = EngineError("The audio could not be read.", "BadAudio")
            return Transcript(clip.key, "", error=error)
        text = " ".join(self.texts.get(clip.key, "").split())
        return Transcript(clip.key, text, _spread(text.split(), _seconds(clip)))


def _spread(words: Sequence[str], seconds: float) -> tuple[Word, ...]:
    share = seconds / len(words) if words else 0.0
    return tuple(
        Word(f" {word}", share * number, share * (number + 1), 0.9)
        for number, word in enumerate(words)
    )


def _seconds(clip: Clip) -> float:
    """Length of the clip; one second when it is no WAV file or is not there."""
    try:
        with wave.open(str(clip.path), "rb") as audio:
            return audio.getnframes() / audio.getframerate()
    except (OSError, EOFError, wave.Error):
        return 1.0
