"""Windows of many clips, so many at a time."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from engines.base import Clip
from engines.whisper import parts
from engines.whisper.sound import RATE_HZ


def clip(folder: Path, key: str, seconds: float) -> Clip:
    path = folder / f"{key}.wav"
    noise = np.random.default_rng(0).integers(-99, 99, int(seconds * RATE_HZ))
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE_HZ)
        audio.writeframes(noise.astype("<i2").tobytes())
    return Clip(key, path)


def test_all_windows_come_in_order_and_each_clip_has_its_end(tmp_path: Path) -> None:
    lengths = {"a": 1.0, "long": 200.0, "b": 2.0}
    clips = [clip(tmp_path, key, seconds) for key, seconds in lengths.items()]
    found = list(parts.groups(clips))
    windows = [[part.window for part in group if part.window] for group in found]
    assert all(len(some) <= 16 for some in windows)
    everything = [part for group in found for part in group]
    ends = [part.key for part in everything if part.window is None]
    assert ends == ["a", "long", "b"]
    for key, seconds in lengths.items():
        own = [part.window for part in everything if part.key == key and part.window]
        assert sum(len(window.samples) for window in own) == seconds * RATE_HZ
        assert all(window.seconds <= 25 for window in own)


def test_many_clips_come_in_groups(tmp_path: Path) -> None:
    clips = [clip(tmp_path, f"{number}", 0.1) for number in range(20)]
    sizes = [sum(part.window is not None for part in g) for g in parts.groups(clips)]
    assert sizes == [16, 4]


def test_a_clip_that_cannot_be_read_says_so_among_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    clips = [
        clip(tmp_path, "a", 1),
        Clip("bad", tmp_path / "bad.wav"),
        clip(tmp_path, "b", 1),
    ]
    (group,) = parts.groups(clips)
    codes = [part.error and part.error.code for part in group if part.window is None]
    assert codes == [None, "BadAudio", None]


def test_nothing_gives_nothing() -> None:
    assert list(parts.groups([])) == []
