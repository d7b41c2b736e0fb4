"""Cutting real speech: the clips of the sample project, one after the other."""

from __future__ import annotations

import itertools
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import decode_audio

from editor import cutting
from engines.base import SPEECH_STEP_SECONDS, EngineError
from engines.whisper import activity
from speechstudio.tests.samples import CLIPS

pytestmark = pytest.mark.real
RATE_HZ = 16_000


def write_speech(
    path: Path, clips: int, pause_seconds: float
) -> list[tuple[float, float]]:
    """Write that many clips with pauses between them; gives where the pauses are."""
    pauses, at = [], 0.0
    with wave.open(str(path), "wb") as out, zipfile.ZipFile(CLIPS) as archive:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        names = [n for n in archive.namelist() if not n.endswith(".txt")]
        for name in names[:clips]:
            with archive.open(name) as file:
                samples = decode_audio(file)
            out.writeframes((samples * 32767).astype(np.int16).tobytes())
            out.writeframes(bytes(2 * int(pause_seconds * RATE_HZ)))
            end = at + len(samples) / RATE_HZ
            pauses.append((end, end + pause_seconds))
            at = end + pause_seconds
    return pauses


def test_speech_is_cut_in_its_pauses(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    pauses = write_speech(path, clips=12, pause_seconds=1.5)
    seconds = pauses[-1][1]
    speech = activity.speech(path)
    assert len(speech) == pytest.approx(seconds / SPEECH_STEP_SECONDS, abs=1)
    times = cutting.cuts(speech, seconds, min_silence=1.2, shortest=1.0)
    # The clips themselves begin and end with some silence.
    for low, high in pauses[:-1]:
        assert any(low - 0.6 <= time <= high + 0.6 for time in times)
    parts = [b - a for a, b in itertools.pairwise([0.0, *times, seconds])]
    assert max(parts) <= cutting.LONGEST_SECONDS


def test_no_cut_is_where_somebody_speaks(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    seconds = write_speech(path, clips=20, pause_seconds=0.0)[-1][1]
    speech = activity.speech(path)
    times = cutting.cuts(speech, seconds)
    assert len(times) >= seconds / cutting.LONGEST_SECONDS - 1
    for time in times:
        assert speech[int(time / SPEECH_STEP_SECONDS)] < 128


def test_windows_leave_no_seam(tmp_path: Path) -> None:
    """Around the end of a window the network says about what it says elsewhere."""
    path, shifted = tmp_path / "a.wav", tmp_path / "b.wav"
    write_speech(path, clips=20, pause_seconds=0.5)
    steps = round(20 / SPEECH_STEP_SECONDS)
    with wave.open(str(path)) as whole, wave.open(str(shifted), "wb") as out:
        out.setparams(whole.getparams())
        whole.setpos(steps * round(SPEECH_STEP_SECONDS * RATE_HZ))
        out.writeframes(whole.readframes(whole.getnframes()))
    a = np.frombuffer(activity.speech(path), np.uint8)[steps:].astype(int)
    b = np.frombuffer(activity.speech(shifted), np.uint8).astype(int)
    seam = round(40 / SPEECH_STEP_SECONDS)  # 60 s in the one, 40 s in the other
    near = slice(seam - 30, seam + 30)
    assert np.mean((a[near] > 128) == (b[near] > 128)) > 0.95


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with pytest.raises(EngineError, match="missing"):
        activity.speech(path)
    path.write_bytes(b"no sound")
    with pytest.raises(EngineError, match="could not be read"):
        activity.speech(path)
