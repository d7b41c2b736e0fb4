"""The training of a network, on one of 2 MB with random weights."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE

from engines.base import Clip, Corpus, EngineError, Lesson, Pass, Progress, Recipe
from engines.tests import small_whisper
from engines.whisper import weights
from speechstudio.test import tone

pytest.importorskip("torch")
pytest.importorskip("transformers")

from engines.whisper import finetune as module
from engines.whisper.finetune import Tuned, finetune
from engines.whisper.settings import Settings

SHAPE = replace(
    small_whisper.SHAPE, encoder_layers=1, audio_positions=1500, text_positions=96
)
FEW = Settings(windows=1, passes=(3, 3), checked=4)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = small_whisper.make(tmp_path_factory.mktemp("models") / "base")
    state = small_whisper.state(SHAPE)
    small = {name: array / np.float16(50) for name, array in state.items()}
    weights.write_file(small, folder / "model.bin")
    words = {token: number for number, token in enumerate(small_whisper.LETTERS)}
    tokenizer = Tokenizer(BPE(words, [("a", "b")]))
    tokenizer.add_special_tokens(small_whisper.TOKENS[len(words) :])
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def lessons(folder: Path, texts: Sequence[str], start: int = 0) -> list[Lesson]:
    found = []
    for number, text in enumerate(texts, start=start):
        path = folder / f"{number}.wav"
        path.write_bytes(tone(0.4, pitch_hz=200 + 40 * number))
        found.append(Lesson(Clip(path.name, path), text, 0.4))
    return found


def corpus(folder: Path, *, held_out: int = 3) -> Corpus:
    # Too few to tell whether the transcripts are theirs: the weights are random.
    texts = ["a b", "c a b", "b b", "a", "c c a"]
    taught = lessons(folder, texts)
    kept = lessons(folder, ["a c b", "b", "c a"][:held_out], start=50)
    return Corpus("de-DE", lessons=taught, held_out=kept)


def tune(
    base: Path,
    work: Path,
    taught: Corpus,
    report: Callable[[Progress], None] = lambda progress: None,
    seed: int = 1,
    settings: Settings = FEW,
) -> Tuned:
    return finetune(base, taught, Recipe(seed=seed), work, report, 1, settings)


def is_same(one: Tuned, other: Tuned) -> bool:
    return all(np.array_equal(one.state[n], other.state[n]) for n in one.state)


def test_it_works(base: Path, tmp_path: Path) -> None:
    heard: list[Progress] = []
    tuned = tune(base, tmp_path, corpus(tmp_path), heard.append)
    passes = [p.passed for p in heard if p.passed]
    assert [p.number for p in passes] == [0, 1, 2, 3]
    assert all(math.isfinite(p.held_out_loss) and p.words == 6 for p in passes)
    assert passes[0].loss is None
    before = weights.read(base)
    learnt = {n for n in before if not np.array_equal(tuned.state[n], before[n])}
    assert "model.decoder.layers.0.encoder_attn.q_proj.weight" in learnt
    assert "model.encoder.conv1.weight" in learnt
    assert not any("embed" in name for name in learnt)
    assert weights.checked(tuned.state)
    json.dumps(tuned.settings)
    assert heard[-1].done == heard[-1].total


def test_the_same_seed_gives_the_same_model(base: Path, tmp_path: Path) -> None:
    taught = corpus(tmp_path)
    one, again, other = (
        tune(base, tmp_path / name, taught, seed=seed)
        for name, seed in (("one", 1), ("again", 1), ("other", 2))
    )
    assert is_same(one, again)
    assert not is_same(one, other)


class Killed(Exception):
    pass


def test_a_killed_training_ends_as_one_in_one_go(base: Path, tmp_path: Path) -> None:
    taught = corpus(tmp_path)
    whole = tune(base, tmp_path / "whole", taught)

    def die(progress: Progress) -> None:
        # In the midst of the second pass.
        if progress.stage.startswith("Training, pass 2"):
            raise Killed

    with pytest.raises(Killed):
        tune(base, tmp_path / "cut", taught, die)
    heard: list[Progress] = []
    resumed = tune(base, tmp_path / "cut", taught, heard.append)
    assert is_same(whole, resumed)
    assert next(p for p in heard if p.total).done == 0  # the figures of the base
    assert not any(p.stage.startswith("Training, pass 1") for p in heard)
    assert [p.passed.number for p in heard if p.passed] == [0, 1, 2, 3]


def test_what_was_left_of_other_lessons_is_not_gone_on_with(
    base: Path, tmp_path: Path
) -> None:
    taught = corpus(tmp_path)
    tune(base, tmp_path, taught)
    heard: list[Progress] = []
    tune(base, tmp_path, replace(taught, lessons=taught.lessons[:4]), heard.append)
    assert any(p.stage.startswith("Training, pass 1") for p in heard)


def test_it_stops_when_no_pass_gets_better(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(here: object, number: int, loss: float | None) -> Pass:
        return Pass(number, loss, 1.0 + abs(number - 1), abs(number - 1), 10)

    monkeypatch.setattr("engines.whisper.finetune._look", look)
    settings = replace(FEW, passes=(9, 9), patience=2)
    heard: list[Progress] = []
    tuned = tune(base, tmp_path, corpus(tmp_path), heard.append, settings=settings)
    assert tuned.best == 1
    assert [p.passed.number for p in heard if p.passed] == [0, 1, 2, 3]


def test_a_model_that_only_got_worse_is_the_base(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(here: object, number: int, loss: float | None) -> Pass:
        return Pass(number, loss, 1.0 + number, number, 10)

    monkeypatch.setattr("engines.whisper.finetune._look", look)
    tuned = tune(base, tmp_path, corpus(tmp_path))
    assert tuned.best == 0
    before = weights.read(base)
    assert all(np.array_equal(tuned.state[n], before[n]) for n in before)


def test_without_held_out_clips_the_last_pass_is_kept(
    base: Path, tmp_path: Path
) -> None:
    tuned = tune(base, tmp_path, corpus(tmp_path, held_out=0))
    assert tuned.best == 3


def test_a_loss_that_is_no_number_ends_it(base: Path, tmp_path: Path) -> None:
    wild = replace(FEW, rate=1e30, batch=1)
    with pytest.raises(EngineError) as caught:
        tune(base, tmp_path, corpus(tmp_path), settings=wild)
    assert caught.value.code == "TrainingUnstable"


def test_what_cannot_be_learnt_from_is_named(base: Path, tmp_path: Path) -> None:
    taught = corpus(tmp_path)
    (tmp_path / "0.wav").write_bytes(b"")
    (tmp_path / "1.wav").unlink()
    long = replace(taught.lessons[2], text="ab " * 60)
    some = replace(taught, lessons=[*taught.lessons[:2], long, *taught.lessons[3:]])
    tuned = tune(base, tmp_path / "work", some)
    reasons = dict(tuned.dropped)
    assert set(reasons) == {"0.wav", "1.wav", "2.wav"}
    assert "tokens" in reasons["2.wav"]
    assert "missing" in reasons["1.wav"]


def test_no_lesson_that_can_be_learnt_from_is_an_error(
    base: Path, tmp_path: Path
) -> None:
    taught = corpus(tmp_path)
    for number in range(5):
        (tmp_path / f"{number}.wav").write_bytes(b"RIFF")
    with pytest.raises(EngineError) as caught:
        tune(base, tmp_path / "work", taught)
    assert caught.value.code == "NothingToTrainOn"


def test_of_passes_that_are_as_good_the_last_is_kept(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four errors are no more than three, in a few clips; six are."""
    errors = [9, 3, 4, 6]

    def look(here: object, number: int, loss: float | None) -> Pass:
        return Pass(number, loss, 1.0, errors[number], 60)

    monkeypatch.setattr("engines.whisper.finetune._look", look)
    assert tune(base, tmp_path, corpus(tmp_path)).best == 2


@pytest.mark.parametrize(("weight", "expected"), [(1, 1), (30, 18), (100, 60)])
def test_as_many_sentences_of_the_texts_are_spoken_as_they_weigh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weight: int, expected: int
) -> None:
    spoken: list[str] = []

    def speak(locale: str, sentences: list[str], folder: Path) -> list[object]:
        spoken.extend(sentences)
        return []

    monkeypatch.setattr("engines.whisper.rehearsal.speak", speak)
    said = [Lesson(Clip(str(n), tmp_path), f"said {n}", 1.0) for n in range(99)]
    taught = Corpus("en-US", said, texts=lambda: (f"read {n}" for n in range(99)))
    recipe = Recipe(text_weight=weight)
    module._spoken(Mock(), taught, recipe, Settings(spoken=60), tmp_path)
    of_texts = sum(sentence.startswith("read ") for sentence in spoken)
    assert of_texts == expected
    assert sum(s.startswith("said ") for s in spoken) == 60 - expected
