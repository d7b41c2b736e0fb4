from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from django.conf import settings

from engines.base import Clip, Corpus, Decoding, Recipe
from engines.whisper import domain
from engines.whisper.adaptation import Adaptation
from engines.whisper.decoder import Decoder, Hypothesis
from engines.whisper.engine import WhisperEngine
from engines.whisper.language_model import LanguageModel
from speechstudio.tests.samples import CLIPS, extracted

SENTENCE = "The patient takes metoprolol in the morning."


def said(text: str, nats_per_token: float, tokens: int) -> Hypothesis:
    return Hypothesis([7] * tokens, nats_per_token * (tokens + 1), text, 0.0)


class FakeDecoder:
    """Hears `plain`; after the prompt `told`, which by sound is as likely as said."""

    beam_size = 1

    def __init__(self, plain: Hypothesis, told: Hypothesis, by_sound: float) -> None:
        self.plain, self.told, self.sound = plain, told, by_sound
        self.asked = 0

    def decode(
        self, memory: Sequence[Any], limit: int, before: str = "", count: int = 1
    ) -> list[list[Hypothesis]]:
        return [[self.told if before else self.plain] for _ in memory]

    def by_sound(self, memory: Sequence[Any], said: Sequence[Any]) -> list[float]:
        self.asked += len(said)
        return [self.sound for _ in said]


def heard(decoder: FakeDecoder) -> str:
    language = LanguageModel.build([SENTENCE] * 20, "en-US")
    adaptation = Adaptation(
        "en-US", weight=0.3, prompt=SENTENCE, language=language, expected=-3.0
    )
    memory = np.zeros((1, 600, 4), np.float32)
    (best,) = domain.decode(cast(Decoder, decoder), memory, 50, adaptation)
    return best.text


PLAIN = said("Taper gabapentin and continue sertralin.", -0.44, 10)


def test_a_sentence_that_was_read_does_not_replace_what_was_heard() -> None:
    told = said(SENTENCE, -0.1, 10)
    assert heard(FakeDecoder(PLAIN, told, by_sound=-65.0)) == PLAIN.text


def test_a_term_that_was_put_right_does() -> None:
    told = said(SENTENCE, -0.1, 10)
    assert heard(FakeDecoder(PLAIN, told, by_sound=-14.0)) == SENTENCE


def test_the_sound_is_asked_only_about_what_would_win() -> None:
    decoder = FakeDecoder(PLAIN, said("Nothing of it", -0.1, 10), by_sound=0.0)
    assert heard(decoder) == PLAIN.text
    assert decoder.asked == 0


def test_nothing_at_all_replaces_nothing() -> None:
    decoder = FakeDecoder(PLAIN, said("", -0.1, 0), by_sound=0.0)
    assert heard(decoder) == PLAIN.text


@pytest.mark.parametrize(
    ("tokens", "plain_tokens", "by_sound", "expected"),
    [
        (12, 12, -14.0, False),  # one name put right
        (60, 60, -60.0, False),  # several, in a long window
        (7, 2, -33.0, True),  # half a word, and a sentence that begins so
        (12, 60, -70.0, True),  # one sentence for all that was said
        (60, 12, -105.0, True),  # one that is repeated
    ],
)
def test_what_is_made_up(
    tokens: int, plain_tokens: int, by_sound: float, expected: bool
) -> None:
    told, plain = said("a", -0.1, tokens), said("b", -0.4, plain_tokens)
    assert domain.is_made_up(told, by_sound, plain) is expected


@pytest.mark.real
def test_a_model_of_one_sentence_hears_what_is_said(tmp_path: Path) -> None:
    engine = WhisperEngine(["tiny.en"], settings.ENGINE_THREADS, tmp_path)
    corpus = Corpus("en-US", texts=lambda: iter([SENTENCE] * 20))
    engine.train("tiny.en", corpus, Recipe(), "custom:1", lambda progress: None)
    names = ["david_105.ogg", "henry_112.ogg", "david_125.ogg", "anna_134.ogg"]
    clips = [Clip(name, extracted(CLIPS, name, tmp_path)) for name in names]
    heard = list(engine.transcribe("custom:1", clips, Decoding("en-US")))
    assert [one.key for one in heard if "patient" in one.text] == []
    assert "cholesterol" in heard[0].text
