"""Train the network of Whisper on clips and their transcripts.

The layers of the decoder learn; the encoder and the tables of tokens and positions
stay. Whatever was tried with an encoder that learns heard speakers who were not among
the lessons worse, forgot more of general speech, and took three times as long.

Each pass goes over all lessons, packed into windows (`packing`), changed a little
(`augment`), with general sentences among them (`rehearsal`). What happens in a pass
hangs on the seed and the number of the pass alone, and each finished pass is kept on
the disk: a training that is killed and taken up again ends with the same weights.

Imported only by a process that trains: it loads torch.
"""

from __future__ import annotations

import hashlib
import math
import wave
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import WhisperForConditionalGeneration

from engines.base import Corpus, EngineError, Pass, Progress, Recipe
from engines.whisper import (
    augment,
    checkpoint,
    listening,
    network,
    packing,
    rehearsal,
    weights,
)
from engines.whisper.lessons import Example, Reader, read_lessons
from engines.whisper.packing import Sound

_FROZEN = ("model.encoder.", "embed_positions", "embed_tokens", "proj_out")
_TINY = 384  # width of the network that the rate below was tried on
# Of what was learnt, where there are no held-out clips to ask.
_UNSEEN_SHARE = 0.7


@dataclass(frozen=True)
class Settings:
    """What was found to work in several domains; the same for all data."""

    rate: float = 1e-4  # of learning, for Whisper tiny
    warm_up: float = 0.1  # share of all steps
    weight_decay: float = 0.01
    largest_gradient: float = 1.0
    batch: int = 4  # windows a step
    windows: int = 400  # to be learnt from in all, where there are fewer in a pass
    passes: tuple[int, int] = (3, 12)  # at least and at most
    patience: int = 5  # passes without a better one
    kept: tuple[float, ...] = (1.0, 0.7, 0.5)  # shares of what was learnt, to try
    window_tokens: int = 200
    checked: int = 48  # held-out clips that are heard after each pass
    augment: augment.Strength = field(default_factory=augment.Strength)


@dataclass(frozen=True)
class Tuned:
    """The trained weights, and how they came to be."""

    state: weights.State
    best: int
    settings: dict[str, Any]
    dropped: list[tuple[str, str]]
    notes: list[str]


@dataclass
class _Class:
    """All that a training needs while it runs."""

    net: WhisperForConditionalGeneration
    reader: Reader
    lessons: list[Example]
    held_out: list[Example]
    general: list[Example]
    settings: Settings
    seed: int
    report: Callable[[Progress], None]
    plans: list[list[list[Sound]]] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)

    @property
    def steps(self) -> list[int]:
        """Steps of each pass."""
        return [math.ceil(len(plan) / self.settings.batch) for plan in self.plans]


def finetune(
    folder: Path,
    corpus: Corpus,
    recipe: Recipe,
    work: Path,
    report: Callable[[Progress], None],
    threads: int,
    settings: Settings | None = None,
) -> Tuned:
    """Train the model of `folder`. `work` keeps what a later run can go on with.

    Raises `EngineError` when nothing can be learnt from the lessons, and what
    `report` raises.
    """
    settings = settings or Settings()
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    report(Progress("Reading the lessons", 0, 0))
    net = network.build(folder, device)
    sizes = net.config
    reader = Reader(folder, corpus.locale, sizes.vocab_size, sizes.num_mel_bins, device)
    lessons, held_out, dropped = _read(reader, corpus, sizes.max_target_positions // 2)
    here = _Class(
        net=net,
        reader=reader,
        lessons=lessons,
        held_out=held_out[: settings.checked],
        general=[
            reader.example(path, text, _seconds(path))
            for path, text in rehearsal.speak(reader.language, work / "general")
        ],
        settings=settings,
        seed=recipe.seed,
        report=report,
    )
    best, share = _teach(here, work)
    state = network.state_of(net)
    return Tuned(state, best, _recorded(here, share, threads), dropped, _notes(here))


def _read(
    reader: Reader, corpus: Corpus, most_tokens: int
) -> tuple[list[Example], list[Example], list[tuple[str, str]]]:
    """Lessons, held-out clips, and what of both was left out, with the reason."""
    lessons, dropped = read_lessons(reader, corpus.lessons, most_tokens)
    held_out, more = read_lessons(reader, corpus.held_out, most_tokens)
    if not lessons:
        raise EngineError(
            "No clip is left to learn from. The report says why each was left out.",
            "NothingToTrainOn",
        )
    return lessons, held_out, dropped + more


def _teach(here: _Class, work: Path) -> tuple[int, float]:
    """Train, and leave the network as it was best: which pass, and how much of it."""
    _plan(here)
    learning = _learning(here)
    base = network.learnt(here.net)
    saved = checkpoint.Store(work, _digest(here))
    state = saved.last()
    if state is None:
        here.report(Progress("Listening with the base model", 0, sum(here.steps)))
        listening.check_transcripts(here.net, here.reader, here.lessons, here.seed)
        _note(here, _look(here, 0, None))
    else:
        network.restore(here.net, state["weights"])
        learning.load_state_dict(state["learning"])
        for passed in state["passes"]:
            _note(here, Pass(**passed))
    while not _is_over(here):
        loss = _pass(here, learning, len(here.passes))
        _note(here, _look(here, len(here.passes), loss))
        is_best = _best(here) == len(here.passes) - 1
        passes = [asdict(p) for p in here.passes]
        saved.save(network.learnt(here.net), learning.state_dict(), passes, is_best)
    best = _best(here)
    if not best:
        network.restore(here.net, base)
        return 0, 0.0
    network.restore(here.net, saved.best())
    return best, _blend(here, base)


def _plan(here: _Class) -> None:
    """Decide what every window of every pass will hold."""
    lessons = [e.sound(n) for n, e in enumerate(here.lessons)]
    general = [e.sound(n, is_general=True) for n, e in enumerate(here.general)]
    fewest, most = here.settings.passes
    number = 0
    while number < most:
        number += 1
        rng = np.random.default_rng([here.seed, number])
        tokens = here.settings.window_tokens
        here.plans.append(packing.pack(lessons, general, tokens, rng))
        windows = sum(map(len, here.plans))
        if number >= fewest and windows >= here.settings.windows:
            break


def _learning(here: _Class) -> torch.optim.AdamW:
    """Larger networks learn at lower rates, as they were trained at lower ones."""
    top = here.settings.rate * (_TINY / here.net.config.d_model) ** 1.7
    groups = []
    for name, weight in here.net.named_parameters():
        if any(part in name for part in _FROZEN):
            weight.requires_grad_(False)
            continue
        decay = here.settings.weight_decay if weight.ndim > 1 else 0.0
        groups.append(
            {"params": [weight], "top": top, "weight_decay": decay, "lr": 0.0}
        )
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6)


def _pass(here: _Class, learning: torch.optim.AdamW, number: int) -> float:
    """Go over all lessons once; the mean loss in nats per token."""
    total = sum(here.steps)
    before = sum(here.steps[: number - 1])
    losses = []
    here.net.train()
    for step, tensors in enumerate(_batches(here, number), start=before + 1):
        rate = _rate(step, total, here.settings.warm_up)
        for group in learning.param_groups:
            group["lr"] = group["top"] * rate
        losses.append(_step(here, learning, tensors))
        last = len(here.plans)
        here.report(Progress(f"Training, pass {number} of {last}", step, total))
    return float(np.mean(losses))


def _step(
    here: _Class, learning: torch.optim.AdamW, tensors: Sequence[tuple[Tensor, ...]]
) -> float:
    """One step of learning from some parts, each of which fits into memory."""
    asked = sum(int((wanted != network.IGNORED).sum()) for _, _, wanted in tensors)
    loss = 0.0
    learning.zero_grad()
    for mels, tokens, wanted in tensors:
        with torch.no_grad():
            heard = network.encode(here.net, mels)
        found = network.losses(here.net, heard, tokens, wanted)
        part = found.sum() / asked
        part.backward()  # type: ignore[no-untyped-call]
        loss += part.item()
    if not math.isfinite(loss):
        raise EngineError(
            "The training became unstable: its loss is no number any more. Look for "
            "recordings that are noise or transcripts of something else.",
            "TrainingUnstable",
        )
    weights = [w for group in learning.param_groups for w in group["params"]]
    torch.nn.utils.clip_grad_norm_(weights, here.settings.largest_gradient)
    learning.step()
    return loss


def _batches(here: _Class, number: int) -> Iterator[list[tuple[Tensor, ...]]]:
    """The steps of a pass; the next one is prepared while one is learnt from."""
    rng = np.random.default_rng([here.seed, number, 1])
    plan, size = here.plans[number - 1], here.settings.batch

    def prepare(start: int) -> list[tuple[Tensor, ...]]:
        windows = [
            here.reader.window(_of(here, window), rng, here.settings.augment)
            for window in plan[start : start + size]
        ]
        part = _windows_at_once(here)
        return [
            here.reader.batch(windows[i : i + part])
            for i in range(0, len(windows), part)
        ]

    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(prepare, 0)
        for start in range(size, len(plan) + size, size):
            now = coming.result()
            if start < len(plan):
                coming = ahead.submit(prepare, start)
            yield now


def _windows_at_once(here: _Class) -> int:
    """Two windows of Whisper tiny take about a gigabyte to learn from."""
    return 2 if here.net.config.d_model <= _TINY else 1


def _of(here: _Class, window: Sequence[Sound]) -> list[Example]:
    return [(here.general if s.is_general else here.lessons)[s.number] for s in window]


def _look(here: _Class, number: int, loss: float | None) -> Pass:
    """How well the held-out clips are heard now."""
    nats, found = listening.look(here.net, here.reader, here.held_out)
    return Pass(number, loss, nats, found.errors, found.words)


def _best(here: _Class) -> int:
    """The pass with the fewest held-out errors, of these the one most sure; the
    last one where nothing is held out. 0 is the base model."""
    if not here.held_out:
        return len(here.passes) - 1
    order = [(p.errors, p.held_out_loss) for p in here.passes]
    return order.index(min(order))


def _is_over(here: _Class) -> bool:
    done = len(here.passes) - 1
    is_stuck = bool(here.held_out) and done - _best(here) >= here.settings.patience
    return done == len(here.plans) or is_stuck


def _note(here: _Class, passed: Pass) -> None:
    here.passes.append(passed)
    done, total = sum(here.steps[: passed.number]), sum(here.steps)
    here.report(Progress(f"Pass {passed.number} is done", done, total, passed))


def _blend(here: _Class, base: network.Learnt) -> float:
    """Take back part of what was learnt where that does no harm.

    Weights between those of the base and the trained ones forget less and often
    hear new speakers better (Wortsman et al. 2022, arXiv:2109.01903). Gives the
    share that was kept: the smallest that the held-out clips do not suffer from.
    """
    learnt = network.learnt(here.net)
    if not here.held_out:
        network.restore(here.net, network.between(base, learnt, _UNSEEN_SHARE))
        return _UNSEEN_SHARE
    found: list[tuple[float, float, float]] = []
    for share in here.settings.kept:
        network.restore(here.net, network.between(base, learnt, share))
        look = _look(here, 0, None)
        found.append((look.errors, look.held_out_loss, share))
    fewest = min(errors for errors, _, _ in found)
    share = min(share for errors, _, share in found if errors == fewest)
    network.restore(here.net, network.between(base, learnt, share))
    return share


def _rate(step: int, total: int, warm_up: float) -> float:
    """The share of the rate of learning at a step from 1: up, then down to nearly 0.

    >>> [round(_rate(step, 10, 0.2), 2) for step in (1, 2, 6, 10)]
    [0.5, 1.0, 0.5, 0.02]
    """
    warm = max(1, int(total * warm_up))
    if step <= warm:
        return step / warm
    return max(0.02, (total - step) / max(1, total - warm))


def _digest(here: _Class) -> str:
    """Of all that decides what is learnt."""
    lessons = [
        (e.path.name, e.text) for e in (*here.lessons, *here.held_out, *here.general)
    ]
    plain = repr((here.seed, here.settings, here.net.config.to_dict(), lessons))
    return hashlib.sha256(plain.encode()).hexdigest()


def _recorded(here: _Class, share: float, threads: int) -> dict[str, Any]:
    """The settings as the recipe keeps them."""
    return {
        **asdict(here.settings),
        "passes": len(here.plans),
        "steps": sum(here.steps),
        "kept": share,
        "lessons": len(here.lessons),
        "held_out": len(here.held_out),
        "general_sentences": len(here.general),
        "device": str(here.reader.device),
        "threads": threads,
    }


def _notes(here: _Class) -> list[str]:
    if here.general:
        return []
    return [
        "There is no voice for this language that could speak general sentences "
        "between the lessons: test the model on general speech as well."
    ]


def _seconds(path: Path) -> float:
    with wave.open(str(path), "rb") as audio:
        return audio.getnframes() / audio.getframerate()
