from __future__ import annotations

from pathlib import Path

import pytest

from engines.base import EngineError
from engines.whisper import catalog
from engines.whisper.engine import WhisperEngine


def test_common_words_are_one_piece_and_rare_ones_several(tmp_path: Path) -> None:
    engine = WhisperEngine(["tiny.en"], 1, tmp_path)
    words = ["the", "patient", "bedtime", "metoprolol", "COPD"]
    assert engine.pieces("tiny.en", words) == [1, 1, 2, 4, 2]
    assert engine.pieces("tiny.en", []) == []
    assert not engine._memory.paths  # the weights are not loaded for it


def test_a_model_that_is_not_here_says_so(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="not on this disk") as caught:
        WhisperEngine(["small"], 1, tmp_path).pieces("small", ["the"])
    assert caught.value.code == "ModelNotFound"


def test_a_vocabulary_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    for name in (*catalog.missing(tmp_path),):
        (tmp_path / name).write_text("{")
    with pytest.raises(EngineError, match="could not be read") as caught:
        WhisperEngine([], 1, tmp_path).pieces(str(tmp_path), ["the"])
    assert caught.value.code == "BadModel"
