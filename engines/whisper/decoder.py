"""What a network makes of encoded sound: texts, and the times of their words.

What this relies on in faster-whisper 1.2.1: `add_word_timestamps` takes any number of
windows, one list of segments each, and is told by `seek` where in the recording a
window begins.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from engines.base import Word
from engines.whisper.encoder import Memory, span, stored
from engines.whisper.sound import Window

_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001
_FRAMES_PER_SECOND = 100
# The windows of a batch are put far apart on one time line: faster-whisper looks at
# the end of the window before, which is no neighbour.
_APART_SECONDS = 100
# What has the probability zero has no logarithm.
_LEAST = 1e-9


@dataclass(frozen=True)
class Hypothesis:
    """A text that may have been said."""

    tokens: list[int]
    log_probability: float  # of all tokens and the end, in nats
    text: str
    no_speech: float  # how likely it is that nobody speaks

    @property
    def mean(self) -> float:
        """Nats per token."""
        return self.log_probability / (len(self.tokens) + 1)

    @property
    def compression(self) -> float:
        """How much shorter zlib makes it: more for what is repeated."""
        text = self.text.encode()
        return len(text) / len(zlib.compress(text))


class Decoder:
    """Beam search without time stamps in the text, a whole window in one go."""

    def __init__(
        self,
        model: WhisperModel,
        language: str,
        beam_size: int,
        *,
        to_english: bool = False,
    ) -> None:
        self.beam_size = beam_size
        self._model = model
        self._tokenizer = Tokenizer(
            model.hf_tokenizer,
            model.model.is_multilingual,
            task=task_of(to_english=to_english),
            language=language if model.model.is_multilingual else "en",
        )
        self._suppressed = get_suppressed_tokens(self._tokenizer, [-1])

    def decode(
        self, memory: Memory, limit: int, before: str = "", count: int = 1
    ) -> list[list[Hypothesis]]:
        """For each window the most probable texts, best first, of at most `limit`
        tokens; `before` is a text that is said to come before."""
        told = self._tokenizer.encode(f" {before}") if before else []
        prompt = self._model.get_prompt(self._tokenizer, told, without_timestamps=True)
        results = self._model.model.generate(
            stored(memory),
            [prompt] * len(memory),
            beam_size=self.beam_size,
            num_hypotheses=count,
            max_length=min(len(prompt) + limit, self._model.max_length),
            suppress_tokens=self._suppressed,
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [
            [
                Hypothesis(
                    tokens,
                    float(score) * len(tokens),
                    self._tokenizer.decode(tokens),
                    float(result.no_speech_prob),
                )
                for tokens, score in zip(
                    result.sequences_ids, result.scores, strict=True
                )
            ]
            for result in results
        ]

    def tokens(self, text: str) -> list[int]:
        """As the decoder would have written it."""
        tokens: list[int] = self._tokenizer.encode(f" {text.strip()}")
        return tokens

    def by_sound(self, memory: Memory, said: Sequence[Hypothesis]) -> list[float]:
        """How probable each window's text is to somebody who was told nothing before:
        nats of all its tokens, without the end."""
        # So many frames are surely there; what they say of times is not asked for.
        frames = [memory.shape[1]] * len(memory)
        found = self._model.model.align(
            stored(memory),
            self._tokenizer.sot_sequence,
            [one.tokens for one in said],
            frames,
        )
        return [
            float(np.log(np.maximum(one.text_token_probs, _LEAST)).sum())
            for one in found
        ]

    def words(
        self,
        memory: Memory,
        windows: Sequence[Window],
        said: Sequence[Hypothesis],
    ) -> list[list[Word]]:
        """The words of each window's text, in seconds from the start of the window,
        by where the decoder looks as it writes them.

        The windows have one `span`, or their company would change the times a little.
        """
        # With less than the longest needs, CTranslate2 reads beyond the memory.
        near = np.ascontiguousarray(memory[:, : max(span(w.seconds) for w in windows)])
        starts = [_APART_SECONDS * (at + 1) for at in range(len(windows))]
        segments: list[list[dict[str, Any]]] = [
            [
                {
                    "seek": start * _FRAMES_PER_SECOND,
                    "start": float(start),
                    "end": start + window.seconds,
                    "tokens": one.tokens,
                }
            ]
            for start, window, one in zip(starts, windows, said, strict=True)
        ]
        self._model.add_word_timestamps(
            segments,
            self._tokenizer,
            stored(near),
            [math.ceil(one.seconds) * _FRAMES_PER_SECOND for one in windows],
            _PREPENDED,
            _APPENDED,
            last_speech_timestamp=0.0,
        )
        return [
            [_word(word, start) for word in segment["words"]]
            for start, (segment,) in zip(starts, segments, strict=True)
        ]


def task_of(*, to_english: bool) -> str:
    """What Whisper calls it, and has a token for."""
    return "translate" if to_english else "transcribe"


def _word(word: dict[str, Any], start: float) -> Word:
    """As faster-whisper has it, in seconds from the `start` of its window."""
    begins, ends = word["start"] - start, word["end"] - start
    return Word(word["word"], begins, ends, float(word["probability"]))
