from __future__ import annotations

import numpy as np
import pytest

from engines.whisper.packing import GAP_SECONDS, Sound, pack


def windows(
    lengths: list[float], spoken: int = 0, seed: int = 1, max_tokens: int = 200
) -> list[list[Sound]]:
    sounds = [Sound(n, seconds, 10) for n, seconds in enumerate(lengths)]
    others = [Sound(n, 3.0, 12, is_spoken=True) for n in range(spoken)]
    return pack(sounds, others, max_tokens, np.random.default_rng(seed))


def test_each_clip_comes_once_and_no_window_is_too_long() -> None:
    lengths = [0.3, 29.0, 12.0, 7.5, 4.0] * 20
    packed = windows(lengths, spoken=5)
    lessons = [s.number for w in packed for s in w if not s.is_spoken]
    assert sorted(lessons) == list(range(100))
    for window in packed:
        assert len(window) == 1 or (
            sum(s.seconds + GAP_SECONDS for s in window) <= 29.0
        )


def test_clips_share_windows_but_some_come_alone() -> None:
    packed = windows([3.0] * 200)
    alone = sum(len(window) == 1 for window in packed)
    assert len(packed) < 120
    assert alone > 0.1 * len(packed)


def test_spoken_sentences_come_between_and_in_windows_of_their_own() -> None:
    packed = windows([3.0] * 100, spoken=30)
    assert any(any(s.is_spoken for s in w) and len(w) > 1 for w in packed)
    assert any(all(s.is_spoken for s in w) for w in packed)
    assert not any(s.is_spoken for w in windows([3.0] * 100) for s in w)


def test_a_window_holds_no_more_text_than_the_decoder_writes() -> None:
    packed = windows([1.0] * 50, max_tokens=25)
    assert max(len(window) for window in packed) == 2


@pytest.mark.parametrize("count", [0, 1])
def test_few_clips_are_no_trouble(count: int) -> None:
    assert len(windows([2.0] * count, spoken=3)) == count


def test_the_same_seed_packs_the_same() -> None:
    assert windows([3.0] * 30, spoken=9) == windows([3.0] * 30, spoken=9)
    assert windows([3.0] * 30) != windows([3.0] * 30, seed=2)
