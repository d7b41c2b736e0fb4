"""Where somebody speaks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from engines.base import SPEECH_STEP_SECONDS
from engines.segments import segments


def shares(*parts: tuple[int, float]) -> bytes:
    """Of (share, seconds)."""
    return b"".join(bytes([s]) * round(t / SPEECH_STEP_SECONDS) for s, t in parts)


def test_silence_has_none() -> None:
    assert segments(b"") == []
    assert segments(shares((0, 10.0))) == []
    assert segments(shares((100, 10.0))) == []


def test_speech_is_found_with_a_little_room() -> None:
    ((start, end),) = segments(shares((0, 2.0), (255, 3.0), (0, 2.0)))
    assert start == pytest.approx(1.8, abs=0.04)
    assert end == pytest.approx(5.2, abs=0.04)


def test_a_short_pause_ends_nothing_and_a_long_one_does() -> None:
    speech = shares((255, 2.0), (0, 0.4), (255, 2.0), (0, 0.7), (255, 2.0))
    assert len(segments(speech)) == 2
    assert len(segments(speech, pause_seconds=0.3)) == 3
    assert len(segments(speech, pause_seconds=1.0)) == 1


def test_a_click_is_no_speech() -> None:
    assert segments(shares((0, 1.0), (255, 0.06), (0, 1.0))) == []


def test_a_soft_syllable_ends_nothing() -> None:
    speech = shares((255, 1.0), (100, 1.0), (255, 1.0))
    assert len(segments(speech, pause_seconds=0.3)) == 1


def test_none_is_longer_than_wanted_and_nothing_is_lost() -> None:
    speech = shares((255, 20.0), (150, 0.1), (255, 30.0), (0, 1.0), (255, 1.0))
    found = segments(speech, longest_seconds=25.0)
    assert all(0 < end - start <= 25 for start, end in found)
    assert found[0][1] == pytest.approx(20.1, abs=0.1)
    starts = [start for start, _ in found]
    assert starts == sorted(starts)
    for (_, end), (start, _) in pairwise(found):
        assert start >= end
    spoken = sum(end - start for start, end in found)
    assert spoken >= 51


def test_room_stays_inside_of_the_sound() -> None:
    assert segments(shares((255, 2.0)))[0][0] == 0
