"""Change how a clip sounds without changing what is said in it.

A model that learns from few speakers learns their voices as well. Each time that it
hears a clip, the clip is said faster or slower (which moves its pitch too), louder
or softer, by a longer or shorter throat, and with some noise; then stretches of its
spectrogram are blanked out. Nothing here knows of torch.

References: speed perturbation, Ko et al. 2015; vocal tract length perturbation,
Jaitly and Hinton 2013; SpecAugment, Park et al. 2019 (arXiv:1904.08779).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.whisper.sound import Samples


@dataclass(frozen=True)
class Strength:
    """How far a clip is changed, at most."""

    speed: float = 0.2  # share of the speed
    gain_db: float = 6.0
    throat: float = 0.1  # share of the frequency
    noise_share: float = 0.4  # of the clips that get noise
    noise_snr_db: tuple[float, float] = (6.0, 30.0)  # against the clip's own power
    bands: int = 2  # blanked bands of the spectrogram, and how many mels wide
    band_mels: int = 12
    gaps: int = 2  # blanked stretches of time, and how long
    gap_seconds: float = 0.2

    @property
    def slowest(self) -> float:
        """How many times as long as it is a clip may become."""
        return 1 / (1 - self.speed)


def sound(
    samples: Samples,
    strength: Strength,
    rng: np.random.Generator,
    longest: int | None = None,
) -> Samples:
    """The clip, said a little differently. Its length changes with its speed, up to
    so many samples.

    >>> rng = np.random.default_rng(1)
    >>> said = sound(np.ones(16000, np.float32), Strength(), rng)
    >>> said.dtype, 13000 < len(said) < 20500
    (dtype('float32'), True)
    """
    if not len(samples):
        return samples
    speed = rng.uniform(1 - strength.speed, 1 + strength.speed)
    if longest:
        speed = max(speed, len(samples) / longest)
    gain = 10 ** (rng.uniform(-strength.gain_db, strength.gain_db) / 20)
    changed = _resampled(samples, speed) * np.float32(gain)
    if rng.random() < strength.noise_share:
        changed = changed + _noise(changed, strength, rng)
    return changed


def spectrogram(mels: Samples, strength: Strength, rng: np.random.Generator) -> Samples:
    """A log-mel spectrogram, shape (mels, frames), 10 ms a frame, as by a longer
    or shorter throat and with stretches blanked out."""
    changed = _warped(mels, rng.uniform(1 - strength.throat, 1 + strength.throat))
    blank = changed.mean()
    for _ in range(strength.bands):
        changed[_stretch(changed.shape[0], strength.band_mels, rng)] = blank
    for _ in range(strength.gaps):
        frames = round(strength.gap_seconds * 100)
        changed[:, _stretch(changed.shape[1], frames, rng)] = blank
    return changed


def _resampled(samples: Samples, speed: float) -> Samples:
    count = max(1, round(len(samples) / speed))
    places = np.linspace(0, len(samples) - 1, count, dtype=np.float32)
    said = np.interp(places, np.arange(len(samples)), samples)
    return said.astype(np.float32)


def _noise(samples: Samples, strength: Strength, rng: np.random.Generator) -> Samples:
    """White or dull noise, so much softer than the clip as was drawn."""
    noise = rng.standard_normal(len(samples), np.float32)
    if rng.random() < 0.5:
        noise = np.convolve(noise, np.full(8, 1 / 8, np.float32), "same")
    snr_db = rng.uniform(*strength.noise_snr_db)
    share = _power(samples) / max(_power(noise), 1e-9) / 10 ** (snr_db / 10)
    scaled: Samples = (noise * np.sqrt(share)).astype(np.float32)
    return scaled


def _power(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float32).mean()) if len(samples) else 0.0


def _warped(mels: Samples, factor: float) -> Samples:
    """Each band as it was `factor` times as high; a new array."""
    last = mels.shape[0] - 1
    places = np.clip(np.arange(last + 1) * factor, 0, last)
    low = places.astype(int)
    share = (places - low)[:, None].astype(np.float32)
    warped: Samples = mels[low] * (1 - share) + mels[np.minimum(low + 1, last)] * share
    return warped


def _stretch(length: int, longest: int, rng: np.random.Generator) -> slice:
    size = int(rng.integers(0, min(longest, length) + 1))
    start = int(rng.integers(0, length - size + 1))
    return slice(start, start + size)
