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
    SAMPLE_RATE_HZ,
    SPEECH_STEP_SECONDS,
    BaseModel,
    Clip,
    Corpus,
    Decoding,
    EngineError,
    Pass,
    Progress,
    Recipe,
    Trained,
    Transcript,
    Word,
)
from engines.display.rules import Rules


class FakeEngine:
    """Says `texts[clip.key]`, or nothing, its words spread evenly over the clip. For
    sound in memory, whose keys nobody knows before, `texts[""]` stands in.

    A clip whose key is in `failing` gives a transcript with an error; `broken`
    is raised by every call; with `gate`, each clip waits until it is set, or
    for 30 seconds. `calls` lists the keys of each `transcribe`, `fetched` the
    models, `trained` what each custom model was made from, `removed` those that
    are gone. `custom_texts` is what custom models say instead of `texts`. With
    `english`, which is what is said instead in English, base models translate. A word
    has one piece for every four letters.
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
        custom_texts: Mapping[str, str] | None = None,
        english: Mapping[str, str] | None = None,
    ) -> None:
        self.texts = dict(texts or {})
        self.failing = failing
        self.broken = broken
        self.gate = gate
        self.models = models
        self.calls: list[list[str]] = []
        self.fetched: list[str] = []
        self.custom_texts = dict(custom_texts or {})
        self.english = dict(english or {})
        self.trained: dict[str, tuple[str, Corpus, Recipe]] = {}
        self.removed: list[str] = []
        self.settled: list[str] = []
        self.loaded: list[str] = []
        self.decodings: list[Decoding] = []

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
        self.decodings.append(options)
        if self.broken:
            raise self.broken
        if options.to_english and not self.translates(reference):
            raise EngineError(f"{reference} does not translate.", "NotAllowed")
        custom = reference in self.trained
        texts = self.texts | self.custom_texts if custom else self.texts
        texts = self.english if options.to_english else texts
        return (self._hear(clip, texts, options) for clip in clips)

    def translates(self, reference: str) -> bool:
        return bool(self.english) and reference not in self.trained

    def load(self, reference: str) -> None:
        if self.broken:
            raise self.broken
        self.loaded.append(reference)

    def rules(self, reference: str) -> Rules:
        if self.broken:
            raise self.broken
        _, corpus, _ = self.trained.get(reference, ("", Corpus(""), Recipe()))
        return corpus.rules

    def cannot_train(self) -> str:
        return ""

    def train(
        self,
        base: str,
        corpus: Corpus,
        recipe: Recipe,
        reference: str,
        report: Callable[[Progress], None],
    ) -> Trained:
        """Three passes that get better, the second the best."""
        if self.broken:
            raise self.broken
        report(Progress("Preparing", 0, 30))
        for number, loss in enumerate((2.0, 1.0, 0.5, 0.6)):
            passed = Pass(number, loss if number else None, loss, 3 - number, 10)
            report(Progress("Training", 10 * number, 30, passed))
        self.trained[reference] = (base, corpus, recipe)
        return Trained(best=2 if corpus.lessons else None, settings={"passes": 3})

    def remove(self, reference: str) -> None:
        self.trained.pop(reference, None)
        self.removed.append(reference)

    def settle(self, reference: str) -> None:
        self.settled.append(reference)

    def tidy(self, keep: Collection[str]) -> None:
        for reference in self.trained.keys() - set(keep):
            self.remove(reference)

    def copy(self, source: str, target: str) -> None:
        if self.broken:
            raise self.broken
        self.trained[target] = self.trained[source]

    def take_in(self, folder: Path, reference: str, locale: str) -> None:
        """Takes a folder with a file `model.bin`."""
        if self.broken:
            raise self.broken
        if not (folder / "model.bin").is_file():
            raise EngineError("The folder has no model.bin.", "BadModel")
        self.trained[reference] = ("", Corpus(locale), Recipe())

    def speech(self, path: Path) -> bytes:
        """Takes whatever is not silent for speech."""
        with wave.open(str(path), "rb") as audio:
            return self.speech_of(audio.readframes(audio.getnframes()))

    def speech_of(self, pcm: bytes) -> bytes:
        step = 2 * round(SAMPLE_RATE_HZ * SPEECH_STEP_SECONDS)  # bytes
        starts = range(0, len(pcm), step)
        return bytes(255 * any(pcm[at : at + step]) for at in starts)

    def pieces(self, reference: str, words: Sequence[str]) -> list[int]:
        if self.broken:
            raise self.broken
        return [-(-len(word) // 4) for word in words]

    def _hear(
        self, clip: Clip, texts: Mapping[str, str], options: Decoding
    ) -> Transcript:
        if self.gate:
            self.gate.wait(timeout=30)
        if clip.key in self.failing:
            error = EngineError("The audio could not be read.", "BadAudio")
            return Transcript(clip.key, "", error=error)
        name = "" if clip.is_in_memory and clip.key not in texts else clip.key
        text = " ".join(texts.get(name, "").split())
        if options.is_draft:
            return Transcript(clip.key, text, display=text)
        words = _spread(text.split(), _seconds(clip))
        return Transcript(clip.key, text, words, display=text)


def _spread(words: Sequence[str], seconds: float) -> tuple[Word, ...]:
    share = seconds / len(words) if words else 0.0
    return tuple(
        Word(f" {word}", share * number, share * (number + 1), 0.9)
        for number, word in enumerate(words)
    )


def _seconds(clip: Clip) -> float:
    """Length of the clip; one second when it is no WAV file or is not there."""
    if clip.is_in_memory:
        return len(clip.pcm) / 2 / SAMPLE_RATE_HZ
    try:
        with wave.open(str(clip.path), "rb") as audio:
            return audio.getnframes() / audio.getframerate()
    except (OSError, EOFError, wave.Error):
        return 1.0
