"""Recognise a window as somebody does who knows what it is about.

The window is heard twice: plainly, and with text of the domain before it, which
Whisper goes on with. The encoder, which is most of the work, runs once. What was
heard with that text counts only if it is of the domain, by the model of its words:
so speech about anything else is recognised as ever. It may then be less sure than
the plain result, by as much as it fits the domain and as the domain weighs.

What this relies on in faster-whisper 1.2.1: `generate_segment_batched` gives the
encoded sound and one result for it, and the pipeline takes the words from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import TranscriptionOptions

from engines.whisper.adaptation import Adaptation

# Of a text that is as sure as this nothing is to be gained.
_SURE = -0.1  # nats per token
# As sure as this a text need not be doubted that has nothing of the domain.
_SURE_ENOUGH = -0.35
# Of the words' probability against that of the sound, at the full weight; and what
# each word gets. On digits and medical notes: the fewest errors at a weight of 0.3.
_SHARE = 2 / 3
_WORD_BONUS = 5.0  # nats
# Whisper's own limits for nobody speaking.
_NO_SPEECH = 0.6
_GUESSED = -1.0


@dataclass(frozen=True)
class Hypothesis:
    """A text that may have been said."""

    tokens: list[int]
    log_probability: float  # of all tokens and the end, in nats
    text: str

    @property
    def mean(self) -> float:
        return self.log_probability / (len(self.tokens) + 1)


class DomainPipeline(BatchedInferencePipeline):  # type: ignore[misc]
    """Decodes with the language of a domain."""

    def __init__(self, model: WhisperModel, adaptation: Adaptation) -> None:
        super().__init__(model)
        self._adaptation = adaptation

    def generate_segment_batched(
        self,
        features: npt.NDArray[np.float32],
        tokenizer: Tokenizer,
        options: TranscriptionOptions,
    ) -> tuple[ctranslate2.StorageView, list[dict[str, Any]]]:
        encoded = self.model.encode(features)
        (plain, *_), no_speech = self._decode(encoded, tokenizer, options, [])
        best = plain
        if not self._is_settled(plain, no_speech):
            before = tokenizer.encode(" " + self._adaptation.prompt)
            several, _ = self._decode(encoded, tokenizer, options, before)
            told = max(several, key=self._worth)
            bonus = self._adaptation.weight * self._adaptation.fit(told.text)
            if bonus and told.mean + bonus > plain.mean:
                best = told
        return encoded, [
            {
                "avg_logprob": best.mean,
                "no_speech_prob": no_speech,
                "tokens": best.tokens,
            }
        ]

    def _worth(self, told: Hypothesis) -> float:
        """Among the texts of one beam: how probable it is by sound and by words.
        Without something for each word, the shortest would win."""
        language = self._adaptation.language
        if language is None:
            return told.mean
        score = language.score(told.text)
        words = score.log_probability + _WORD_BONUS * score.words
        return told.log_probability + _SHARE * self._adaptation.weight * words

    def _is_settled(self, plain: Hypothesis, no_speech: float) -> bool:
        """Whether there is no need to hear the window once more."""
        if no_speech > _NO_SPEECH and plain.mean < _GUESSED:
            return True
        if plain.mean > _SURE:
            return True
        return plain.mean > _SURE_ENOUGH and not self._adaptation.fit(plain.text)

    def _decode(
        self,
        encoded: ctranslate2.StorageView,
        tokenizer: Tokenizer,
        options: TranscriptionOptions,
        before: list[int],
    ) -> tuple[list[Hypothesis], float]:
        """The best texts, best first, and how likely it is that nobody speaks."""
        prompt = self.model.get_prompt(tokenizer, before, without_timestamps=True)
        room = self.model.max_length - len(prompt)
        (result,) = self.model.model.generate(
            encoded,
            [prompt],
            beam_size=options.beam_size,
            num_hypotheses=options.beam_size,
            max_length=len(prompt) + min(options.max_new_tokens or room, room),
            suppress_blank=options.suppress_blank,
            suppress_tokens=options.suppress_tokens,
            return_scores=True,
            return_no_speech_prob=True,
        )
        texts = [
            Hypothesis(tokens, float(score) * len(tokens), tokenizer.decode(tokens))
            for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
        ]
        return texts, float(result.no_speech_prob)
