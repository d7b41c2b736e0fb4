"""How a network is trained: what was found to work, the same for all data."""

from __future__ import annotations

from dataclasses import dataclass, field

from engines.whisper import augment


@dataclass(frozen=True)
class Settings:
    rate: float = 7e-5  # of learning, for Whisper tiny
    warm_up: float = 0.1  # share of the steps
    weight_decay: float = 0.01
    largest_gradient: float = 1.0
    batch: int = 4  # windows a step
    averaged: float = 0.4  # share of the steps whose weights the model is the mean of
    windows: int = 170  # to be learnt from in all, where the passes allow it
    passes: tuple[int, int] = (4, 16)  # at least and at most
    patience: int = 3  # passes without a better one
    kept: tuple[float, ...] = (1.0, 0.8, 0.6)  # shares of what was learnt, to try
    window_tokens: int = 200
    spoken: int = 60  # sentences of lessons and texts that the machine speaks
    checked: int = 24  # held-out clips that are heard after each pass
    augment: augment.Strength = field(default_factory=augment.Strength)
