"""Make a custom model: train its network, adapt its language, try it, put it there.

The folder of the model appears by one rename, when all of it is written and has been
tried. What a killed training needs to be gone on with lies beside it, until it is
known that nothing more can happen to it.
"""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

from engines import packages, shelf
from engines.base import Corpus, EngineError, Progress, Recipe, Trained
from engines.voices import has_voice
from engines.whisper import adaptation, trial, weights

# A training keeps the weights, their mean, what the learning needs (twice as much) and
# the best mean, all in twice the size, once more while it writes them; and a model.
_ROOM = 20  # times the size of the base model


def train(
    base: Path,
    corpus: Corpus,
    recipe: Recipe,
    target: Path,
    report: Callable[[Progress], None],
    threads: int,
) -> Trained:
    """See `LocalEngine.train`; `base` and `target` are folders."""
    work = shelf.work_folder(target)
    work.mkdir(parents=True, exist_ok=True)
    made = work / "model"
    shutil.rmtree(made, ignore_errors=True)
    trained = Trained()
    if corpus.lessons:
        trained = _finetune(base, corpus, recipe, work, report, threads)
    else:
        _take_over(base, made)
    report(Progress("Adapting the language", 0, 0))
    # Pass 0 is the base model, which heard nothing.
    has_heard = bool(trained.best) and has_voice(corpus.locale)
    adapted = adaptation.adapt(made, corpus, recipe, has_heard=has_heard)
    report(Progress("Trying the model", 0, 0))
    trial.attempt(made, threads)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    return Trained(
        best=trained.best,
        settings=trained.settings | {"language": adapted},
        dropped=trained.dropped,
        notes=trained.notes,
    )


def _finetune(
    base: Path,
    corpus: Corpus,
    recipe: Recipe,
    work: Path,
    report: Callable[[Progress], None],
    threads: int,
) -> Trained:
    _check_room(base, work)
    # Not at the top: only a process that trains loads torch.
    try:
        finetune = importlib.import_module("engines.whisper.finetune")
    except ImportError as e:
        raise EngineError(missing(), "TrainingNotInstalled") from e
    tuned = finetune.finetune(base, corpus, recipe, work, report, threads)
    report(Progress("Writing the model", 0, 0))
    weights.write(tuned.state, base, work / "model")
    return Trained(
        best=tuned.best,
        settings=tuned.settings,
        dropped=tuned.dropped,
        notes=tuned.notes,
    )


def missing() -> str:
    """What training on audio lacks on this machine; empty when nothing."""
    names = packages.missing()
    if not names:
        return ""
    return (
        f"Training on audio needs {' and '.join(names)}, which this machine has not. "
        "Install them with: pip install -r requirements-train.txt"
    )


def _check_room(base: Path, work: Path) -> None:
    kept = sum(path.stat().st_size for path in work.glob("*.pt"))
    needed = (base / "model.bin").stat().st_size * _ROOM - kept
    free = shutil.disk_usage(work).free
    if free < needed:
        raise EngineError(
            f"The training needs about {needed // 10**6:,} MB of free disk space for "
            f"the models; there are {free // 10**6:,} MB. Make room and train again.",
            "DiskFull",
        )


def _take_over(base: Path, made: Path) -> None:
    """The files of the base model; its weights are not stored twice where one
    file can have two names."""
    made.mkdir()
    for path in base.iterdir():
        if path.is_file():
            shelf.link(str(path), str(made / path.name))
