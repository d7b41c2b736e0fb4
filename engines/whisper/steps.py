"""The steps of a training: how the weights are changed by what was heard."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from engines.base import EngineError, Progress
from engines.whisper import network
from engines.whisper.average import Average
from engines.whisper.course import Course, windows_of
from engines.whisper.lessons import Window
from engines.whisper.timetable import parts

_TINY = 384  # width of the network that the rate of the settings is for


def learning_of(here: Course) -> torch.optim.AdamW:
    """Has the network learn: all but the fixed layers."""
    groups = []
    for name, weight in here.net.named_parameters():
        weight.requires_grad_(network.learns(name))
        if weight.requires_grad:
            decay = here.settings.weight_decay if weight.ndim > 1 else 0.0
            groups.append({"params": [weight], "lr": 0.0, "weight_decay": decay})
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6)


def go_over(here: Course, learning: torch.optim.AdamW, average: Average) -> float:
    """Go over all lessons once; the mean loss in nats per token."""
    number = len(here.passes)
    table = here.timetable
    before = table.until(number - 1)
    stage = f"Training, pass {number} of {table.passes}"
    here.net.train()
    losses = []
    for done, windows in enumerate(windows_of(here, number), start=before + 1):
        _set_rates(here, learning, done)
        losses.append(_step(here, learning, windows))
        average.add()
        here.report(Progress(stage, done, table.total))
    return float(np.mean(losses))


def _set_rates(here: Course, learning: torch.optim.AdamW, step: int) -> None:
    """Larger networks learn at lower rates, as they were trained at lower ones."""
    scale = (_TINY / here.net.config.d_model) ** 1.7
    share = _rate(step / here.timetable.total, here.settings.warm_up)
    for group in learning.param_groups:
        group["lr"] = here.settings.rate * scale * share


def _step(
    here: Course, learning: torch.optim.AdamW, windows: Sequence[Window]
) -> float:
    """One step of learning; the loss in nats per token.

    On a processor one window after the other is faster than several at once, and
    takes less memory.
    """
    asked = sum(len(text) + 1 for _, text in windows)
    size = 1 if here.reader.device.type == "cpu" else len(windows)
    total = 0.0
    learning.zero_grad()
    for part in parts(windows, size):
        tokens, wanted = here.reader.tokens([text for _, text in part])
        heard = network.encode(here.net, here.reader.sounds(part))
        loss = network.losses(here.net, heard, tokens, wanted).sum() / asked
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    if not math.isfinite(total):
        raise EngineError(
            "The training became unstable: its loss is no number any more. Look for "
            "recordings that are noise or transcripts of something else.",
            "TrainingUnstable",
        )
    weights = [w for group in learning.param_groups for w in group["params"]]
    torch.nn.utils.clip_grad_norm_(weights, here.settings.largest_gradient)
    learning.step()
    return total


def _rate(share: float, warm_up: float) -> float:
    """The share of the rate of learning when this share of the steps is done: up,
    then down to nearly 0.

    >>> [round(_rate(share, 0.2), 2) for share in (0.1, 0.2, 0.6, 1.0)]
    [0.5, 1.0, 0.5, 0.02]
    """
    if share <= warm_up:
        return share / warm_up
    return max(0.02, (1 - share) / (1 - warm_up))
