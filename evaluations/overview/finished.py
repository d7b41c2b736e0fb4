"""The tests of a project that have figures, as the manager's pages need them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Max, Prefetch, QuerySet

from datasets.models import Dataset
from evaluations.models import Candidate, Evaluation
from projects.models import Project
from training.models import PlannedTest

# Of a model and a test, what is long and on no page of these.
_LONG = ("model__curve", "model__recipe", "model__held_out", "model__report_file")


def finished(project: Project) -> QuerySet[Evaluation]:
    """Its tests of accuracy that have ended well, newest first."""
    return project.evaluations.filter(
        kind=Evaluation.Kind.ACCURACY, status=Evaluation.Status.SUCCEEDED
    ).order_by("-created", "pk")


def without_guards(tests: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    """Not those on general speech: they say what a training has spoilt elsewhere."""
    guards = PlannedTest.objects.filter(role=PlannedTest.Role.GUARD)
    return tests.exclude(pk__in=guards.values("pk"))


def with_models(project: Project, tests: QuerySet[Evaluation]) -> list[Evaluation]:
    """The tests with their models, for `models_in`. Two queries."""
    complete = Candidate.objects.filter(is_complete=True).select_related("model")
    loaded = tests.select_related("dataset").prefetch_related(
        Prefetch("candidates", complete.defer(*_LONG))
    )
    found = list(loaded)
    for test in found:
        test.project = project
    return found


def models_in(test: Evaluation) -> list[Candidate]:
    """The models that have heard everything, in their order."""
    return list(test.candidates.all())


def best_of(candidates: Sequence[Candidate]) -> Candidate | None:
    """The one with the lowest error rate; None where none has a rate."""
    rated = [(c.counts.rate, c) for c in candidates if c.counts.rate is not None]
    return min(rated, key=lambda each: each[0])[1] if rated else None


def custom_of(candidates: Sequence[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.model.is_custom]


def base_of(candidates: Sequence[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if not candidate.model.is_custom]


def tested_datasets(project: Project) -> list[Dataset]:
    """Those with tests that have figures, that with most first. Two queries."""
    tests = without_guards(finished(project)).order_by()
    numbers = tests.values("dataset").annotate(n=Count("pk"), last=Max("created"))
    keys = [row["dataset"] for row in numbers.order_by("-n", "-last")]
    rows = Dataset.objects.in_bulk(keys)
    return [rows[key] for key in keys]
