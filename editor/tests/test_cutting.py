from __future__ import annotations

import itertools
import wave
from pathlib import Path

import pytest

from editor import cutting
from editor.clips import cut
from engines.base import SPEECH_STEP_SECONDS
from engines.fake import FakeEngine
from speechstudio.test import tone


def voice(*parts: tuple[bool, float]) -> tuple[bytes, float]:
    """Speech and silence of these seconds, and how long that is."""
    made = b"".join(
        (b"\xff" if speaks else b"\x00") * round(seconds / SPEECH_STEP_SECONDS)
        for speaks, seconds in parts
    )
    return made, len(made) * SPEECH_STEP_SECONDS


def lengths(times: list[float], seconds: float) -> list[float]:
    return [b - a for a, b in itertools.pairwise([0.0, *times, seconds])]


def test_it_cuts_in_the_middle_of_each_long_silence() -> None:
    speech, seconds = voice(
        (True, 8), (False, 0.96), (True, 8), (False, 1.6), (True, 8)
    )
    assert cutting.cuts(speech, seconds) == pytest.approx([8.48, 17.76], abs=0.02)


def test_a_silence_that_is_too_short_is_left_alone() -> None:
    speech, seconds = voice((True, 8), (False, 0.4), (True, 8))
    assert cutting.cuts(speech, seconds) == []


def test_the_longest_silence_wins_when_a_part_would_get_too_short() -> None:
    speech, seconds = voice((True, 6), (False, 0.8), (True, 1), (False, 1.2), (True, 6))
    (time,) = cutting.cuts(speech, seconds)
    assert 7.8 < time < 9.0


def test_a_part_that_is_too_long_is_cut_at_its_longest_breath() -> None:
    speech, seconds = voice(
        (True, 18), (False, 0.32), (True, 4), (False, 0.16), (True, 9)
    )
    times = cutting.cuts(speech, seconds)
    assert max(lengths(times, seconds)) <= cutting.LONGEST_SECONDS
    assert 18 < times[0] < 18.4


def test_who_speaks_without_taking_breath_is_cut_where_speech_is_least_likely() -> None:
    speech, seconds = voice((True, 40))
    dip = round(20 / SPEECH_STEP_SECONDS)
    speech = speech[:dip] + bytes([120] * 6) + speech[dip + 6 :]
    (time,) = cutting.cuts(speech, seconds)
    assert time == pytest.approx(20.1, abs=0.1)


def test_a_very_long_silence_becomes_a_part_of_its_own() -> None:
    speech, seconds = voice((True, 10), (False, 60), (True, 10))
    first, second = cutting.cuts(speech, seconds)
    assert cutting.spoken(speech, first, second) == 0
    assert (first, second) == pytest.approx((10.5, 69.5), abs=0.1)


def test_mere_silence_is_not_cut() -> None:
    speech, seconds = voice((False, 300))
    assert all(
        cutting.spoken(speech, a, b) == 0
        for a, b in itertools.pairwise([0, *cutting.cuts(speech, seconds), seconds])
    )


@pytest.mark.parametrize("shape", [(5.0, 0.3), (2.0, 1.0), (28.0, 0.8), (0.2, 0.2)])
def test_no_cut_is_in_speech_and_no_part_is_too_long(
    shape: tuple[float, float],
) -> None:
    speech, seconds = voice(*[(True, shape[0]), (False, shape[1])] * 40)
    times = cutting.cuts(speech, seconds)
    assert times == sorted(times)
    if shape[0] < cutting.LONGEST_SECONDS:
        assert max(lengths(times, seconds)) <= cutting.LONGEST_SECONDS
        assert all(speech[int(t / SPEECH_STEP_SECONDS)] == 0 for t in times)


def test_two_hours_are_cut_in_a_moment() -> None:
    speech, seconds = voice(*[(True, 3), (False, 0.5)] * 2057)
    assert seconds > 7000
    times = cutting.cuts(speech, seconds)
    assert len(times) > 7000 / cutting.LONGEST_SECONDS


def test_a_shorter_silence_can_be_asked_for() -> None:
    speech, seconds = voice((True, 4), (False, 0.4), (True, 4), (False, 0.4), (True, 4))
    assert len(cutting.cuts(speech, seconds, min_silence=0.3)) == 2


def test_tones_and_silence_are_told_apart_by_the_fake_engine(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        for _ in range(2):
            out.writeframes(tone(4.0)[44:])
            out.writeframes(bytes(2 * 16_000))
    speech = FakeEngine().speech(path)
    (time,) = cutting.cuts(speech, 10.0)
    assert time == pytest.approx(4.5, abs=0.05)


def test_a_clip_is_cut_out_to_the_sample(tmp_path: Path) -> None:
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    source.write_bytes(tone(2.0))
    assert cut(source, 0.5, 1.25, target) == 0.75
    with wave.open(str(source)) as a, wave.open(str(target)) as b:
        a.setpos(8_000)
        assert b.readframes(12_000) == a.readframes(12_000)
        assert b.getnframes() == 12_000


def test_a_clip_ends_where_its_source_does(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    source.write_bytes(tone(1.0))
    assert cut(source, 0.5, 9.0, tmp_path / "b.wav") == 0.5
    assert cut(source, 3.0, 9.0, tmp_path / "c.wav") == 0.0
