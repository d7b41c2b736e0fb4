"""How a network is trained: what was found to work, the same for all data."""

from __future__ import annotations

from dataclasses import dataclass, field

from engines.whisper import augment


@dataclass(frozen=True)
class Settings:
    # Of learning, for Whisper tiny: while the decoder learns alone, and then.
    rate: float = 1e-4
    whole_rate: float = 5e-5
    encoder_rate: float = 3e-5
    warm_up: float = 0.1  # share of the steps
    weight_decay: float = 0.01
    largest_gradient: float = 1.0
    batch: int = 4  # windows a step
    # Windows to be learnt from in all, where there are fewer in a pass, and how many
    # of them are put together anew: each lesson is then heard in several ways.
    windows: int = 320
    fresh: int = 160
    passes: tuple[int, int] = (2, 16)  # of the decoder alone, at least and at most
    whole_passes: int = 4  # of all layers
    patience: int = 2  # passes of all layers without a better one
    kept: tuple[float, ...] = (1.0, 0.7, 0.5)  # shares of what was learnt, to try
    window_tokens: int = 200
    checked: int = 48  # held-out clips that are heard after each pass
    augment: augment.Strength = field(default_factory=augment.Strength)
