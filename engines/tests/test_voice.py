from __future__ import annotations

import wave
from pathlib import Path

import pytest

from engines.base import EngineError
from engines.voices import get_voice


@pytest.mark.real
def test_the_voice_says_the_same_text_the_same_way(tmp_path: Path) -> None:
    voice = get_voice("en-GB")
    one, two = tmp_path / "one.wav", tmp_path / "two.wav"
    voice.speak("Good morning.", one)
    voice.speak("Good morning.", two)
    assert one.read_bytes() == two.read_bytes()
    with wave.open(str(one)) as sound:
        assert 1.5 < sound.getnframes() / sound.getframerate() < 4


@pytest.mark.real
@pytest.mark.parametrize("text", ["", "...", " \t"])
def test_what_cannot_be_spoken_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(EngineError, match="nothing in it to speak"):
        get_voice("en-US").speak(text, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.real
def test_a_number_without_a_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot say it"):
        get_voice("en-US").speak("9" * 60, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_there_is_no_voice_for_a_language_that_none_speaks() -> None:
    with pytest.raises(EngineError, match="no voice for de-DE"):
        get_voice("de-DE")
