"""What each of a project's equivalences has done in the latest tests."""

from __future__ import annotations

from dataclasses import dataclass

from evaluations.models import Evaluation, Scoring
from jobs.models import Job
from projects.models import Project
from scoring.equivalences import parse
from scoring.scale import Level, Scale

_MOST_TESTS = 3


@dataclass(frozen=True)
class Effect:
    """An equivalence as it is compared, and how many errors it removed in each test,
    in all models together; below 0 it made errors."""

    rule: str
    removed: list[int]


@dataclass(frozen=True)
class Effects:
    """`uncounted` is the newest test, if it was not scored with these equivalences;
    `rules` are there when a test was."""

    rules: list[Effect]
    tests: list[tuple[Evaluation, str]]  # with its address at the project's level
    uncounted: tuple[Evaluation, str] | None


def effects_of(project: Project) -> Effects | None:
    """Counted by `evaluations.levels` with the equivalences as they are now; None
    where a project has none."""
    rules, _ = parse(project.equivalences, project.locale)
    if not rules:
        return None
    digest = Scale(project.locale, Level.PROJECT, rules).digest
    tests = Evaluation.objects.filter(
        project=project,
        kind=Evaluation.Kind.ACCURACY,
        status=Job.Status.SUCCEEDED,
    ).order_by("-created")
    scorings = Scoring.objects.filter(
        evaluation__in=tests,
        level=Level.PROJECT,
        scale=digest,
        status=Job.Status.SUCCEEDED,
    )
    latest = scorings.select_related("evaluation").order_by("-evaluation__created")
    counted = list(latest[:_MOST_TESTS])
    newest = tests.first()
    is_new = newest is not None and newest not in [s.evaluation for s in counted]
    return Effects(
        [
            Effect(told[0]["rule"], [sum(one["removed"].values()) for one in told])
            for told in zip(*(scoring.effects for scoring in counted), strict=True)
        ],
        [_linked(scoring.evaluation) for scoring in counted],
        _linked(newest) if newest is not None and is_new else None,
    )


def _linked(evaluation: Evaluation) -> tuple[Evaluation, str]:
    return evaluation, f"{evaluation.get_absolute_url()}?level={Level.PROJECT.value}"
