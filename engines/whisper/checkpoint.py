"""What a training keeps of its passes, to go on from when it was killed.

The latest pass has weights, their mean, the state of the learning and the figures of
all passes; of the best one only the mean is kept. Both are written beside and renamed,
and belong to one digest of lessons and settings: with others a training begins afresh.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from engines.whisper.network import Learnt


class Store:
    def __init__(self, folder: Path, digest: str) -> None:
        self._last = folder / "last.pt"
        self._best = folder / "best.pt"
        self._digest = digest

    def last(self) -> dict[str, Any] | None:
        """What `save` was given at the latest pass; None at first."""
        if not self._last.exists():
            return None
        state: dict[str, Any] = torch.load(self._last, "cpu", weights_only=True)
        return state if state["digest"] == self._digest else None

    def best(self) -> Learnt:
        state: dict[str, Any] = torch.load(self._best, "cpu", weights_only=True)
        weights: Learnt = state["weights"]
        return weights

    def save_best(self, weights: Learnt) -> None:
        """Before `save`: the latest pass tells how far it came."""
        _write(self._best, {"weights": weights})

    def save(self, **state: Any) -> None:
        """Keep the latest pass."""
        _write(self._last, {"digest": self._digest, **state})


def _write(path: Path, state: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.rename(path)
