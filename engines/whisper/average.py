"""The mean of a network's weights over the last steps of its learning.

Each step follows the few windows that it saw; the mean of many hears new speakers
better than the weights of any one step (Izmailov et al. 2018, arXiv:1803.05407).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration

from engines.whisper import network
from engines.whisper.network import Learnt


class Average:
    """Of all weights that learn: of the first `span` steps their mean, from then on
    an older step counts less and less."""

    def __init__(self, net: WhisperForConditionalGeneration, span: int) -> None:
        self.weights: Learnt = network.learnt(net)
        self.steps = 0
        self._net = net
        self._span = max(1, span)

    @torch.no_grad()
    def add(self) -> None:
        """Take in the weights as they are after a step."""
        self.steps += 1
        share = 1 / min(self.steps, self._span)
        for name, weight in self._net.named_parameters():
            if name in self.weights:
                self.weights[name].lerp_(weight.detach().cpu(), share)

    def state(self) -> dict[str, Any]:
        """To go on from, with `take_up`."""
        return {"weights": self.weights, "steps": self.steps}

    def take_up(self, state: dict[str, Any]) -> None:
        self.weights, self.steps = state["weights"], state["steps"]

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the network hear with the mean for a while."""
        learning = network.learnt(self._net)
        network.restore(self._net, self.weights)
        try:
            yield
        finally:
            network.restore(self._net, learning)
