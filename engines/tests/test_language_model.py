from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.whisper import language_model
from engines.whisper.language_model import LanguageModel

DIGITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
]


def _strings(seed: int, number: int) -> list[str]:
    chance = random.Random(seed)
    lengths = [chance.randint(4, 8) for _ in range(number)]
    return [" ".join(chance.choices(DIGITS, k=length)) for length in lengths]


def test_texts_of_the_domain_are_far_more_probable_than_others() -> None:
    model = LanguageModel.build(_strings(1, 400), "en-US")
    inside = [model.score(text).per_word for text in _strings(2, 50)]
    assert math.exp(-sum(inside) / len(inside)) < 16
    assert model.score("Pretty cool. Keep going.").per_word < -10
    assert model.score("Pretty cool. Keep going.").unknown == 4


def test_what_follows_what_is_known() -> None:
    model = LanguageModel.build(["the cat sat", "the cat ran", "a dog sat"], "en-US")
    order = ["the cat sat", "the dog sat", "cat the sat", "sat dog cat"]
    scores = [model.score(text).log_probability for text in order]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4


def test_probabilities_after_a_context_sum_to_one() -> None:
    model = LanguageModel.build(_strings(1, 30), "en-US")
    before = model.score("five two").log_probability
    end = math.exp(before - _without_end(model, "five two"))
    following = sum(
        math.exp(_without_end(model, f"five two {word}"))
        for word in [*DIGITS, *map(str, ())]
    ) / math.exp(_without_end(model, "five two"))
    assert following + end == pytest.approx(1, abs=0.01)


def test_numbers_are_words_however_they_are_written() -> None:
    model = LanguageModel.build(_strings(1, 400), "en-US")
    assert model.score("5289") == model.score("Five, two, eight, nine.")


def test_it_is_the_same_after_saving_and_of_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for file in files:
        LanguageModel.build(_strings(1, 50), "en-US").save(file)
    assert files[0].read_bytes() == files[1].read_bytes()
    model = LanguageModel.build(_strings(1, 50), "en-US")
    assert LanguageModel.load(files[0]).score("one two x") == model.score("one two x")


def test_no_more_is_read_than_is_counted() -> None:
    read = 0

    def texts() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield "one two three"

    assert not LanguageModel.build(texts(), "en-US", most_words=300).is_empty
    assert read == 100


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "_MOST_NGRAMS", 50)
    monkeypatch.setattr(language_model, "_MOST_DIFFERENT", 60)
    monkeypatch.setattr(language_model, "_BLOCK", 100)
    texts = [f"the cat {'x' * (1 + n % 90)} {'y' * (1 + n % 70)}" for n in range(500)]
    model = LanguageModel.build(texts, "en-US")
    assert len(model._vocabulary) == 60
    assert len(model._pairs[0]) == len(model._triples[0]) == 50
    assert model.score("the cat").per_word > model.score("cat the").per_word


@pytest.mark.parametrize("texts", [[], ["", "..."]])
def test_nothing_can_be_counted(texts: list[str], tmp_path: Path) -> None:
    model = LanguageModel.build(texts, "en-US")
    assert model.is_empty
    model.save(tmp_path / "a.npz")
    assert LanguageModel.load(tmp_path / "a.npz").is_empty


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"text", None])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "a.npz"
    LanguageModel.build(["one two"], "en-US").save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ValueError, match="no language model"):
        LanguageModel.load(file)


def _without_end(model: LanguageModel, text: str) -> float:
    """Log probability of the words of a text, without that of its end."""
    found = model._chances(model.words(text))
    return float(found[:-1].sum())
