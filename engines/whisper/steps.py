"""The steps of a training: how the weights are changed by what was heard."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from engines.base import EngineError, Progress
from engines.whisper import network, timetable
from engines.whisper.course import Course, encoded, windows_of
from engines.whisper.hearings import Hearings

_TINY = 384  # width of the network that the rates of the settings are for
_ENCODER = "model.encoder."
# Sounds as the encoder gives them, when they are asked for, and the tokens in them.
_Part = tuple[Callable[[], Tensor], list[list[int]]]


def learning_of(here: Course) -> torch.optim.AdamW:
    groups = []
    for name, weight in here.net.named_parameters():
        if network.is_fixed(name):
            weight.requires_grad_(False)
            continue
        groups.append(
            {
                "params": [weight],
                "lr": 0.0,
                "is_encoder": name.startswith(_ENCODER),
                "weight_decay": here.settings.weight_decay if weight.ndim > 1 else 0.0,
            }
        )
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6)


def go_over(
    here: Course,
    learning: torch.optim.AdamW,
    heard: Hearings,
    tokens: Sequence[list[int]],
) -> float:
    """Go over all lessons once; the mean loss in nats per token."""
    number = len(here.passes)
    table = here.timetable
    is_whole = table.is_whole(number)
    for name, weight in here.net.named_parameters():
        if name.startswith(_ENCODER) and not network.is_fixed(name):
            weight.requires_grad_(is_whole)
    here.net.train()
    steps = _of_all(here, number) if is_whole else _of_decoder(here, heard, tokens)
    stage = f"Training, pass {number} of {table.passes}"
    losses = []
    for step, parts in enumerate(steps, start=1):
        _set_rates(here, learning, number, step)
        losses.append(_step(here, learning, parts))
        done = step * (timetable.WHOLE if is_whole else 1)
        here.report(Progress(stage, table.until(number - 1) + done, table.total))
    return float(np.mean(losses))


def _set_rates(
    here: Course, learning: torch.optim.AdamW, number: int, step: int
) -> None:
    """The rates go up and down once for the decoder, and once for all layers.

    Larger networks learn at lower rates, as they were trained at lower ones.
    """
    table, settings = here.timetable, here.settings
    is_whole = table.is_whole(number)
    first = table.decoder_passes + 1 if is_whole else 1
    last = table.passes if is_whole else table.decoder_passes
    done = sum(table.steps(n) for n in range(first, number)) + step
    share = done / sum(table.steps(n) for n in range(first, last + 1))
    scale = (_TINY / here.net.config.d_model) ** 1.7 * _rate(share, settings.warm_up)
    for group in learning.param_groups:
        top = settings.whole_rate if is_whole else settings.rate
        group["lr"] = scale * (settings.encoder_rate if group["is_encoder"] else top)


def _of_decoder(
    here: Course, heard: Hearings, tokens: Sequence[list[int]]
) -> Iterator[list[_Part]]:
    """The steps of a pass of the decoder, from what the encoder has heard."""
    for windows in here.timetable.order(len(here.passes)):
        yield [(partial(heard.read, windows), [tokens[n] for n in windows])]


def _of_all(here: Course, number: int) -> Iterator[list[_Part]]:
    """The steps of a pass of all layers, each in parts that fit into memory."""
    size = 2 if here.net.config.d_model <= _TINY else 1
    plan = here.timetable.plan(number)
    for windows in windows_of(here, [plan], here.timetable.batch, number):
        yield [
            (partial(encoded, here, part), [said for _, said in part])
            for part in (windows[i : i + size] for i in range(0, len(windows), size))
        ]


def _step(here: Course, learning: torch.optim.AdamW, parts: Sequence[_Part]) -> float:
    """One step of learning; the loss in nats per token."""
    asked = sum(len(text) + 1 for _, texts in parts for text in texts)
    total = 0.0
    learning.zero_grad()
    for sounds, texts in parts:
        tokens, wanted = here.reader.tokens(texts)
        heard = sounds().to(here.reader.device)
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
