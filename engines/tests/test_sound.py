from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from engines.whisper import sound


def test_windows_are_cut_in_pauses_and_lose_nothing(tmp_path: Path) -> None:
    samples = np.full(70 * 16_000, 0.5)
    for pause in (25, 48):
        samples[pause * 16_000 : (pause + 1) * 16_000] = 0
    windows = list(sound.windows(_wav(tmp_path, "a", samples)))
    assert [int(window.offset) for window in windows] == [0, 25, 48]
    assert all(window.seconds <= 30 for window in windows)
    whole = np.concatenate([window.samples for window in windows])
    assert np.allclose(whole, samples, atol=1e-4)


@pytest.mark.parametrize("seconds", [0.1, 29.9, 30.0])
def test_a_clip_of_one_window_is_not_cut(tmp_path: Path, seconds: float) -> None:
    path = _wav(tmp_path, "a", np.zeros(int(seconds * 16_000)))
    (window,) = sound.windows(path)
    assert window.offset == 0
    assert window.seconds == pytest.approx(seconds)


def test_a_clip_of_another_rate_is_converted(tmp_path: Path) -> None:
    path = _wav(tmp_path, "a", np.zeros(8_000 * 40), rate_hz=8_000)
    windows = list(sound.windows(path))
    assert len(windows) == 2
    assert sum(window.seconds for window in windows) == pytest.approx(40, abs=0.1)


def test_a_clip_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = _wav(tmp_path, "a", np.zeros(16_000 * 40))
    path.write_bytes(path.read_bytes()[: 44 + 16_000 * 2 * 35 + 1])
    windows = list(sound.windows(path))
    assert sum(window.seconds for window in windows) == pytest.approx(35, abs=0.1)


def _wav(folder: Path, name: str, samples: np.ndarray, rate_hz: int = 16_000) -> Path:
    path = folder / f"{name}.wav"
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(rate_hz)
        audio.writeframes((samples * 32767).astype("<i2").tobytes())
    return path
