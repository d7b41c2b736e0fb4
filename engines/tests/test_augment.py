from __future__ import annotations

import numpy as np
import pytest

from engines.whisper import augment
from engines.whisper.augment import Strength

NONE = Strength(0.0, 0.0, 0.0, 0.0, (0.0, 0.0), 0, 0, 0, 0.0)


def test_without_strength_nothing_is_changed() -> None:
    rng = np.random.default_rng(1)
    samples = rng.standard_normal(4000).astype(np.float32)
    mels = rng.standard_normal((80, 50)).astype(np.float32)
    assert np.allclose(augment.sound(samples, NONE, rng), samples, atol=1e-6)
    assert np.array_equal(augment.spectrogram(mels, NONE, rng), mels)


def test_what_it_was_given_stays_as_it_was() -> None:
    rng = np.random.default_rng(1)
    samples = np.ones(4000, np.float32)
    mels = np.ones((80, 50), np.float32)
    augment.sound(samples, Strength(), rng)
    augment.spectrogram(mels, Strength(), rng)
    assert (samples == 1).all()
    assert (mels == 1).all()


def test_noise_is_as_soft_as_it_was_drawn() -> None:
    rng = np.random.default_rng(3)
    time = np.arange(16000) / 16000
    samples = np.sin(2 * np.pi * 300 * time).astype(np.float32)
    noisy = Strength(0.0, 0.0, 0.0, 1.0, (10.0, 10.0))
    noise = augment.sound(samples, noisy, rng) - samples
    snr_db = 10 * np.log10(np.square(samples).mean() / np.square(noise).mean())
    assert snr_db == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("length", [0, 1, 2, 399, 16000])
def test_any_length_is_taken(length: int) -> None:
    rng = np.random.default_rng(length)
    said = augment.sound(np.zeros(length, np.float32), Strength(), rng)
    assert np.isfinite(said).all()


def test_silence_stays_silent_but_for_its_noise() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        said = augment.sound(np.zeros(1000, np.float32), Strength(), rng)
        assert np.abs(said).max() < 1e-3


def test_the_same_seed_changes_the_same() -> None:
    mels = np.random.default_rng(1).standard_normal((80, 300)).astype(np.float32)
    one, other = (
        augment.spectrogram(mels, Strength(), np.random.default_rng(7))
        for _ in range(2)
    )
    assert np.array_equal(one, other)


def test_a_clip_gets_no_longer_than_its_window() -> None:
    rng = np.random.default_rng(3)
    samples = np.ones(1000, np.float32)
    said = [augment.sound(samples, Strength(speed=0.5), rng, 1100) for _ in range(50)]
    assert max(map(len, said)) <= 1101
    assert min(map(len, said)) < 900
