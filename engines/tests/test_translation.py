"""What is asked of the network when a text is to be English. The weights are random:
that a published model translates well is not shown here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.base import Clip, Decoding, EngineError
from engines.tests import small_whisper
from engines.whisper import catalog, hear
from engines.whisper.engine import WhisperEngine

GERMAN = Decoding("de-DE", beam_size=2)
ENGLISH = replace(GERMAN, to_english=True)
# Of the published models.
START, TRANSLATE, TRANSCRIBE = 50_258, 50_358, 50_359


class Spy:
    """The network, and the prompts that it is given."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.prompts: list[list[int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, memory: Any, prompts: list[list[int]], **options: Any) -> Any:
        self.prompts += prompts
        return self._model.generate(memory, prompts, **options)

    def align(self, memory: Any, start: list[int], *more: Any, **options: Any) -> Any:
        self.prompts.append(start)
        return self._model.align(memory, start, *more, **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_whisper.make_multilingual(tmp_path_factory.mktemp("m") / "many")


@pytest.fixture(scope="module")
def engine(folder: Path) -> WhisperEngine:
    return WhisperEngine([str(folder)], 1, folder.parent)


@pytest.fixture
def spy(engine: WhisperEngine, folder: Path) -> Iterator[Spy]:
    network = engine._loaded(str(folder)).model._model
    plain = network.model
    network.model = Spy(plain)
    yield network.model
    network.model = plain


def clip() -> Clip:
    noise = np.random.default_rng(0).normal(0, 3_000, 32_000)
    return Clip("a", pcm=noise.astype("<i2").tobytes())


@pytest.mark.parametrize(
    ("options", "task", "other"),
    [(ENGLISH, TRANSLATE, TRANSCRIBE), (GERMAN, TRANSCRIBE, TRANSLATE)],
)
@pytest.mark.parametrize("look", ["first", "second", "draft"])
def test_every_look_is_told_the_language_and_the_task(
    engine: WhisperEngine,
    folder: Path,
    spy: Spy,
    monkeypatch: pytest.MonkeyPatch,
    options: Decoding,
    task: int,
    other: int,
    look: str,
) -> None:
    monkeypatch.setattr(hear, "is_silence", lambda text: False)
    monkeypatch.setattr(hear, "is_doubtful", lambda text, limit: look == "second")
    options = replace(options, is_draft=look == "draft")
    (heard,) = engine.transcribe(str(folder), [clip()], options)
    assert heard.error is None
    # The first look decodes and aligns, the second one does so once more.
    assert len(spy.prompts) >= (1 if look == "draft" else 2)
    german = small_whisper.token(folder, "<|de|>")
    for prompt in spy.prompts:
        start = prompt.index(START)
        assert prompt[start : start + 3] == [START, german, task]
        assert other not in prompt


def test_phrases_are_told_in_the_same_task(
    engine: WhisperEngine, folder: Path, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hear, "is_silence", lambda text: False)
    monkeypatch.setattr(hear, "is_doubtful", lambda text, limit: False)
    monkeypatch.setattr(hear.PhraseList, "near", lambda self, text: ["ab"])
    options = replace(ENGLISH, phrases=("ab",))
    list(engine.transcribe(str(folder), [clip()], options))
    told = [one for one in spy.prompts if one[0] != START]
    assert told
    assert all(TRANSLATE in one and TRANSCRIBE not in one for one in told)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("small", True),
        ("large-v3", True),
        ("owner/whisper-xy", True),
        ("tiny.en", False),
        ("owner/whisper-xy.en", False),
        ("distil-large-v3", False),
        ("turbo", False),
        ("large-v3-turbo", False),
        ("custom:0a7c6a34-0000-4000-8000-000000000000", False),
    ],
)
def test_who_translates_by_name(tmp_path: Path, reference: str, expected: bool) -> None:
    assert catalog.translates(reference, tmp_path) is expected
    assert WhisperEngine([], 1, tmp_path).translates(reference) is expected


def test_what_was_adapted_to_one_language_does_not(tmp_path: Path) -> None:
    folder = small_whisper.make_multilingual(tmp_path / "many")
    engine = WhisperEngine([], 1, tmp_path)
    assert engine.translates(str(folder))
    (folder / "adaptation.json").write_text("{}")
    assert not engine.translates(str(folder))


def test_a_model_that_cannot_says_so_and_hears_nothing(tmp_path: Path) -> None:
    engine = WhisperEngine([], 1, tmp_path)
    options = Decoding("en-US", to_english=True)
    with pytest.raises(EngineError, match=r"tiny\.en does not translate") as caught:
        engine.transcribe("tiny.en", [], options)
    assert caught.value.code == "NotAllowed"


def test_a_network_without_the_tokens_is_not_asked(
    engine: WhisperEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hear.Listener, "is_multilingual", False)
    with pytest.raises(EngineError, match="does not translate"):
        engine.transcribe(str(folder), [clip()], ENGLISH)
    assert list(engine.transcribe(str(folder), [], GERMAN)) == []


def test_translations_are_not_taken_for_transcripts() -> None:
    assert ENGLISH.settings != GERMAN.settings
    assert ENGLISH.written_in == "en-US"
