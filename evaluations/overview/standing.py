"""Where a project stands: its best model on the newest test, beside its base model and
beside what was the best a month ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from datasets.models import Dataset
from evaluations.comparison import comparisons
from evaluations.models import Candidate, Evaluation
from evaluations.overview.finished import (
    base_of,
    best_of,
    custom_of,
    finished,
    models_in,
    with_models,
    without_guards,
)
from evaluations.overview.pairing import Pair, pair
from projects.models import Project

# The newest tests of a dataset that a page shows.
MOST_TESTS = 30
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Standing:
    """The best custom model on the newest test that has one; else the best model.

    to_base: beside its base model. to_former: beside the best of the newest test that
    is a month older (`is_month`), else beside the custom model before it.
    uncorrected: where there is none and the dataset is a corrected version, the best
    on the former one. Their rates are of two references, and are not compared.
    """

    test: Evaluation
    best: Candidate
    to_base: Pair | None
    to_former: Pair | None
    is_month: bool
    uncorrected: Candidate | None

    @property
    def verdict(self) -> str:
        """In the order of what people ask: "better", "worse", "unclear" or ""."""
        for said in (self.to_former, self.to_base):
            if said and said.comparison:
                return said.comparison.verdict
        return ""


def newest_tests(project: Project, dataset: Dataset) -> list[Evaluation]:
    """Those on a dataset with their models, newest first. Two queries."""
    tests = without_guards(finished(project)).filter(dataset=dataset)
    return with_models(project, tests[:MOST_TESTS])


def standing(project: Project, tests: Sequence[Evaluation]) -> Standing | None:
    """`tests` are those of `newest_tests`; None where no model has a rate."""
    newest = _newest_with_best(tests)
    if newest is None:
        return None
    test, best = newest
    former, is_month = _month_ago(project, test), True
    if former is None:
        former, is_month = _model_before(tests, best), False
    base = _base_of(tests, best)
    return Standing(
        test,
        best,
        _pair(base, best) if base else None,
        _pair(former, best) if former and former.pk != best.pk else None,
        is_month,
        None if former else _uncorrected(project, test.dataset),
    )


def _newest_with_best(
    tests: Sequence[Evaluation],
) -> tuple[Evaluation, Candidate] | None:
    """The best custom model of the newest test with one, or the best base model."""
    for chosen in (custom_of, base_of):
        for test in tests:
            best = best_of(chosen(models_in(test)))
            if best:
                return test, best
    return None


def _month_ago(project: Project, test: Evaluation) -> Candidate | None:
    """The best model of the newest test on the same data that is a month older."""
    older = without_guards(finished(project)).filter(
        dataset=test.dataset, created__lte=test.created - MONTH
    )
    found = _newest_with_best(with_models(project, older[:1]))
    return found[1] if found else None


def _uncorrected(project: Project, dataset: Dataset) -> Candidate | None:
    """The best on the dataset that this one is a corrected version of."""
    if dataset.former is None:
        return None
    found = _newest_with_best(newest_tests(project, dataset.former))
    return found[1] if found else None


def _model_before(tests: Sequence[Evaluation], best: Candidate) -> Candidate | None:
    """The custom model that was made before this one, in its newest test."""
    if not best.model.is_custom:
        return None
    others = [
        candidate
        for test in tests
        for candidate in custom_of(models_in(test))
        if candidate.model.created < best.model.created
    ]
    return max(others, key=_newness, default=None)


def _newness(candidate: Candidate) -> tuple[datetime, datetime]:
    return candidate.model.created, candidate.evaluation.created


def _base_of(tests: Sequence[Evaluation], best: Candidate) -> Candidate | None:
    """Its base model: in the same test, or else in the newest that has it."""
    every = [candidate for test in tests for candidate in models_in(test)]
    bases = [one for one in every if one.model_id == best.model.base_id]
    same = (one for one in bases if one.evaluation_id == best.evaluation_id)
    return next(same, bases[0] if bases else None)


def _pair(one: Candidate, other: Candidate) -> Pair:
    test = one.evaluation
    together = test.pk == other.evaluation_id
    stored = comparisons(test.comparisons, [one, other]) if together else []
    return pair(one, other, stored)
