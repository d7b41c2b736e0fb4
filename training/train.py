"""Train a custom model: gather its data, have the engine train, say how good it is.

A worker that dies is followed by another, which gathers the same data and goes on
after the last pass that was finished. Whatever else ends a training leaves nothing of
it: the model is there when the row says so, and only then.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.db import transaction

from engines.base import (
    Corpus,
    EngineError,
    LocalEngine,
    Pass,
    Progress,
    Recipe,
    Trained,
)
from engines.registry import get_engine
from jobs.models import Gone
from projects.storage import delete_tree
from training import drafts, held_out, report
from training.corpus import corpus_of
from training.disk import told_when_full
from training.fetch import ensure
from training.lifetime import check_trains
from training.models import SpeechModel
from training.recipe import recipe_of
from training.used import Bookkeeping

_COMPARING = "Comparing with the base model on the held-out part"


def train(model: SpeechModel) -> None:
    """The work of a custom model's job. Raises `EngineError` and `Gone`."""
    assert model.base is not None
    engine = get_engine(model.engine)
    course = _Course(model)
    with _nothing_half_made(model, engine), told_when_full():
        _check_base(model.base)
        course.say(f"Getting the base model {model.base.name}")
        ensure(model.base)
        course.say("Reading the data")
        with corpus_of(model, engine, course.say) as (corpus, book):
            recipe = Recipe(model.seed, model.text_weight)
            trained = engine.train(
                model.base.reference, corpus, recipe, model.reference, course.report
            )
            held_out_keys = {lesson.clip.key for lesson in corpus.held_out}
            for key, reason in trained.dropped:
                book.drop_lesson(key, reason, key in held_out_keys)
            _finish(course, engine, corpus, book, trained)
        engine.settle(model.reference)
        drafts.discard(model)


class _Course:
    """Tells the row how the training goes; every step raises `Gone` when it is not
    ours any more."""

    def __init__(self, model: SpeechModel) -> None:
        self.model = model
        self.stage: str | None = None

    def say(self, stage: str) -> None:
        if stage != self.stage:
            if not self.model.claimed().update(stage=stage):
                raise Gone(f"{self.model!r} is not ours any more")
            self.stage = stage

    def report(self, progress: Progress) -> None:
        with transaction.atomic():
            self.model.report(progress.done, progress.total)
            self.say(progress.stage)
            if progress.passed and not self._add(progress.passed):
                # It says nothing of this run's pace.
                self.model.begin_with(progress.done, progress.total)

    def _add(self, passed: Pass) -> bool:
        """False for a pass of a former run: it says nothing of whether this one gets
        any further."""
        row = self.model.claimed().select_for_update().first()
        if row is None:
            raise Gone(f"{self.model!r} is not ours any more")
        found = _as_json(passed)
        if found in row.curve:
            return False
        former = [one for one in row.curve if one["number"] < passed.number]
        # A worker that got so far does not die of what it has to do.
        self.model.claimed().update(curve=[*former, found], losses=0)
        return True


def _as_json(passed: Pass) -> dict[str, Any]:
    """JSON has no infinity and no NaN.

    >>> _as_json(Pass(1, float("nan"), 0.5, 1, 2))["loss"] is None
    True
    """
    values = asdict(passed)
    for name in ("loss", "held_out_loss"):
        value = values[name]
        values[name] = value if value is not None and math.isfinite(value) else None
    return values


def _check_base(base: SpeechModel) -> None:
    check_trains(base)
    if not base.is_offered or base.is_custom:
        raise EngineError(
            f"The base model {base.name} is not on offer any more. Choose another one.",
            "InvalidBaseModel",
        )


def _finish(
    course: _Course,
    engine: LocalEngine,
    corpus: Corpus,
    book: Bookkeeping,
    trained: Trained,
) -> None:
    """Compare, write the report and end the job in one step."""
    model = course.model
    assert model.base is not None
    course.say(_COMPARING if corpus.held_out else "Writing the report")
    found = held_out.compare(
        engine,
        (model.base.reference, model.reference),
        corpus.held_out,
        corpus.locale,
        lambda done, total: course.say(f"{_COMPARING}: {done} of {total}"),
    )
    notes = [*book.notes, *trained.notes]
    said = notes
    if found:
        found["best"] = trained.best
        said = notes + _verdict(found["difference"]["verdict"])
    recipe = recipe_of(model, book, trained)
    model.refresh_from_db(fields=["curve"])
    made = {"passes": model.curve, "held_out": found, "recipe": recipe}
    content = report.content_of(model, corpus, book, {"notes": said, **made})
    report_file = report.write(model, content)
    done = model.succeed(
        stage="",
        held_out=found,
        recipe=recipe | {"notes": notes},
        report_file=report_file,
    )
    if not done:
        raise Gone(f"{model!r} is not ours any more")


def _verdict(verdict: str) -> list[str]:
    """
    >>> _verdict("better")
    []
    """
    return {
        "better": [],
        "worse": ["On the held-out part this model is worse than its base model."],
        "unclear": ["On the held-out part this model is not clearly better."],
    }[verdict]


@contextmanager
def _nothing_half_made(model: SpeechModel, engine: LocalEngine) -> Iterator[None]:
    """Remove what there is of the model when its training fails or was deleted.

    Not when another worker has it: that one goes on with it. Whatever goes wrong in
    a model that was deleted does so because its files are gone: it raises `Gone`.
    """
    folder = model.folder
    try:
        yield
    except Exception as e:
        if model.claimed().exists():
            engine.remove(model.reference)
        elif not SpeechModel.objects.filter(pk=model.pk).exists():
            engine.remove(model.reference)
            delete_tree(folder)
            raise Gone(f"{model!r} was deleted") from e
        raise
