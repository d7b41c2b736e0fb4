"""What a network is shown: spectrograms of windows, and the tokens said in them."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer as Prompting
from tokenizers import Tokenizer
from torch import Tensor

from engines.base import EngineError, Lesson
from engines.whisper import augment, catalog, network, packing
from engines.whisper.packing import Sound
from engines.whisper.sound import RATE_HZ, Samples, windows

_MULTILINGUAL = 51865  # tokens, and more in later models
_WINDOW = network.FRAMES * RATE_HZ // 100  # samples of a window
Window = tuple[Samples, list[int]]  # log-mel spectrogram and tokens


@dataclass(frozen=True)
class Example:
    """A lesson that can be learnt from."""

    path: Path
    text: str
    tokens: list[int]
    seconds: float

    def sound(
        self, number: int, strength: augment.Strength, *, is_spoken: bool = False
    ) -> Sound:
        seconds = self.seconds * strength.slowest
        return Sound(number, seconds, len(self.tokens), is_spoken)


class Reader:
    """Reads clips and texts as the model of a folder takes them."""

    def __init__(
        self,
        folder: Path,
        locale: str,
        vocabulary: int,
        mels: int,
        device: torch.device,
    ) -> None:
        self.locale = locale
        self.device = device
        self.language = catalog.language(locale)
        prompting = Prompting(
            Tokenizer.from_file(str(folder / "tokenizer.json")),
            vocabulary >= _MULTILINGUAL,
            task="transcribe",
            language=self.language,
        )
        self.start = [*prompting.sot_sequence, prompting.no_timestamps]
        self.end = prompting.eot
        self._prompting = prompting
        self._mels = FeatureExtractor(feature_size=mels)

    def example(self, path: Path, text: str, seconds: float) -> Example:
        """Whisper's words begin with their space."""
        tokens = self._prompting.encode(" " + " ".join(text.split()))
        return Example(path, text, tokens, seconds)

    def decode(self, tokens: list[int]) -> str:
        text: str = self._prompting.decode(tokens)
        return text.strip()

    def window(
        self,
        examples: Sequence[Example],
        rng: np.random.Generator | None = None,
        strength: augment.Strength | None = None,
    ) -> Window:
        """Clips one after the other, changed when there is a strength."""
        sounds = []
        for example in examples:
            samples = next(windows(example.path)).samples
            if rng is not None and strength is not None:
                pause = int(rng.uniform(0, packing.GAP_SECONDS) * RATE_HZ)
                sounds += [np.zeros(pause, np.float32)]
                left = _WINDOW - sum(map(len, sounds))
                samples = augment.sound(samples, strength, rng, max(left, 1))
            sounds.append(samples)
        mels = self._mels(np.concatenate(sounds), padding=0)[:, : network.FRAMES]
        if rng is not None and strength is not None:
            mels = augment.spectrogram(mels, strength, rng)
        text = " ".join(example.text for example in examples)
        return mels, self.example(Path(), text, 0.0).tokens

    def sounds(self, windows: Sequence[Window]) -> Tensor:
        """See `network.sounds`."""
        return network.sounds([mels for mels, _ in windows], self.device)

    def tokens(self, texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """See `network.teaching`."""
        return network.teaching(texts, self.start, self.end, self.device)


def read_lessons(
    reader: Reader, lessons: Sequence[Lesson], most_tokens: int
) -> tuple[list[Example], list[tuple[str, str]]]:
    """The lessons that can be learnt from; the keys of the others, and why not."""
    examples: list[Example] = []
    dropped: list[tuple[str, str]] = []
    for lesson in lessons:
        reason = _unreadable(lesson.clip.path)
        example = reader.example(lesson.clip.path, lesson.text, lesson.seconds)
        if not reason and len(example.tokens) > most_tokens:
            reason = (
                f"Its transcript has {len(example.tokens)} tokens; the model writes "
                f"{most_tokens} at most for 30 seconds."
            )
        if reason:
            dropped.append((lesson.clip.key, reason))
        else:
            examples.append(example)
    return examples, dropped


def _unreadable(path: Path) -> str:
    """Why a clip cannot be heard; empty when it can. Looks at its first window."""
    try:
        with wave.open(str(path), "rb") as audio:
            return "" if audio.getnframes() else "There is no sound in the file."
    except (OSError, EOFError, wave.Error):
        pass
    try:
        next(windows(path))
    except EngineError as e:
        return str(e)
    return ""
