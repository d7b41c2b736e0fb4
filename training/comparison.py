"""Base against custom, as pages show it: on the held-out part, and in tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from datasets.models import Dataset
from scoring.errors import ErrorCounts
from training.models import PlannedTest, SpeechModel

# What `tests` reads of a model; a list loads it for all of its models at once.
TRIALS = (
    Prefetch("planned_tests", PlannedTest.objects.select_related("dataset")),
    "candidates__evaluation__dataset",
    "candidates__evaluation__candidates",
)
BETTER, NOT_BETTER, UNCLEAR = "better", "worse", "unclear"


@dataclass(frozen=True)
class HeldOut:
    """Both models on the clips that training never saw."""

    clips: int
    base: ErrorCounts
    custom: ErrorCounts
    low: float | None  # of the difference of the rates: below 0 is better
    high: float | None
    verdict: str

    @property
    def difference(self) -> float | None:
        """Of the rates; below 0 the custom model is better."""
        base, custom = self.base.rate, self.custom.rate
        return None if base is None or custom is None else custom - base

    @property
    def most_errors(self) -> int:
        return max(self.base.errors, self.custom.errors)


def held_out(model: SpeechModel) -> HeldOut | None:
    """What `training.held_out` has stored; None where nothing was held out."""
    stored: Mapping[str, Any] = model.held_out
    if not stored:
        return None
    base, custom = _counts(stored["base"]), _counts(stored["custom"])
    difference = stored.get("difference") or {}
    return HeldOut(
        stored["clips"],
        base,
        custom,
        difference.get("low"),
        difference.get("high"),
        _verdict(difference.get("verdict", UNCLEAR), base, custom),
    )


def _verdict(verdict: str, base: ErrorCounts, custom: ErrorCounts) -> str:
    """A model without fewer errors is not better, whatever chance may say."""
    if verdict == UNCLEAR and custom.errors >= base.errors:
        return NOT_BETTER
    return verdict


def _counts(stored: Mapping[str, int]) -> ErrorCounts:
    names = ("words", "insertions", "deletions", "substitutions")
    return ErrorCounts(*(stored[name] for name in names))


@dataclass(frozen=True)
class Trial:
    """A test that the model is part of, or is going to be."""

    name: str
    dataset: Dataset
    is_guard: bool
    test: Any = None  # the job; None until it is made
    base: Any = None  # the candidates, with `counts`
    custom: Any = None
    # By how much the custom model's rate is above the base model's, and what that
    # says, as on the page of the test; empty before it is known.
    lost: float | None = None
    verdict: str = ""

    @property
    def is_done(self) -> bool:
        return self.test is not None and self.test.status == "Succeeded"

    @property
    def is_open(self) -> bool:
        return self.test is None or self.test.is_active


def tests(model: SpeechModel) -> list[Trial]:
    """The tests with this model, newest first, and those that will be made.

    A failed training has none to come: they are shown again when it is repeated.
    """
    prefetch_related_objects([model], *TRIALS)
    planned = sorted(model.planned_tests.all(), key=lambda each: (each.role, each.pk))
    guards = {each.pk for each in planned if each.role == PlannedTest.Role.GUARD}
    counted = (c for c in model.candidates.all() if not c.evaluation.is_inspection)
    candidates = sorted(counted, key=lambda c: c.evaluation.created, reverse=True)
    made = [_made(one, model, one.evaluation_id in guards) for one in candidates]
    waiting = [
        Trial(each.dataset.name, each.dataset, each.pk in guards)
        for each in planned
        if not each.is_made and model.status != SpeechModel.Status.FAILED
    ]
    return waiting + made


def newest(model: SpeechModel) -> Trial | None:
    """The newest test that compares it with its base model, guards apart."""
    done = (t for t in tests(model) if t.is_done and t.base and not t.is_guard)
    return next(done, None)


def _made(candidate: Any, model: SpeechModel, is_guard: bool) -> Trial:
    test = candidate.evaluation
    others = [o for o in test.candidates.all() if o.model_id == model.base_id]
    base = others[0] if others else None
    # What `evaluations.compare` found of this pair.
    pair = (base.pk if base else None, candidate.pk)
    pairs = (c for c in test.comparisons if (c["old"], c["new"]) == pair)
    found: Mapping[str, Any] = next(pairs, {})
    lost, verdict = found.get("difference"), found.get("verdict", "")
    name, dataset = test.name, test.dataset
    return Trial(name, dataset, is_guard, test, base, candidate, lost, verdict)
