from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from datasets.models import Dataset
from evaluations.frame import frame
from evaluations.models import Evaluation
from evaluations.overview import drawing
from evaluations.overview.chosen import (
    MOST_COMPARED,
    chosen_of,
    offered_models,
    offered_tests,
)
from evaluations.overview.compared import compared
from evaluations.overview.facts import duration_of, newest_models, seconds_of_speech
from evaluations.overview.finished import tested_datasets
from evaluations.overview.next_step import next_step, untested_model
from evaluations.overview.report import report_of
from evaluations.overview.standing import MOST_TESTS, newest_tests, standing
from evaluations.overview.trend import best_over_time
from projects.access import project_for
from projects.models import Project
from projects.requests import Request
from scoring.scale import Scale


@require_safe
def project(request: Request, project_id: UUID) -> HttpResponse:
    """Is it better than last month, and what to do next."""
    project = project_for(request.user, project_id)
    recent = project.evaluations.prefetch_related("candidates__model")
    ctx = {
        "project": project,
        "room": "overview",
        "dataset_count": project.datasets.count(),
        "model_count": project.models.count(),
        "evaluation_count": project.evaluations.count(),
        "members": project.memberships.select_related("user"),
        "datasets": project.datasets.all()[:5],
        "evaluations": recent.select_related("dataset")[:5],
        "models": newest_models(project),
        "speech": seconds_of_speech(project),
    }
    ctx |= _results(request, project)
    return render(request, "evaluations/overview/project.html", ctx)


def _results(request: Request, project: Project) -> dict[str, Any]:
    """What tests say of the project, on the dataset that the address asks for."""
    tested = tested_datasets(project)
    wanted = request.GET.get("dataset", "")
    dataset = next((one for one in tested if str(one.pk) == wanted), None)
    dataset = dataset or next(iter(tested), None)
    tests = newest_tests(project, dataset) if dataset else []
    found = standing(project, tests)
    return {
        "tested": tested,
        "dataset": dataset,
        "tests": tests,
        "most_tests": MOST_TESTS,
        "standing": found,
        "took": duration_of(found.test) if found else None,
        "next_step": next_step(project, found, untested_model(project, found)),
        "scale": Scale(project.locale),
        "trend": _trend(project, dataset, tests) if dataset else None,
    }


def _trend(
    project: Project, dataset: Dataset, tests: list[Evaluation]
) -> drawing.Drawing | None:
    scale = Scale(project.locale)
    return drawing.trend(
        f"{scale.rate_name} over time",
        "The error rate of the best custom and of the best base model in each test on "
        f"{dataset.name}, with 95 % intervals. The table below has the figures.",
        best_over_time(tests),
        f"{scale.rate_name}, {scale.name}, on {dataset.name}",
    )


@require_safe
def compare(request: Request, project_id: UUID) -> HttpResponse:
    """Any tests and models beside each other, as the address says."""
    project = project_for(request.user, project_id)
    chosen = chosen_of(request, project)
    if chosen.ignored:
        messages.warning(
            request,
            f"{chosen.ignored} of the chosen tests cannot be shown: they were deleted, "
            "have no figures, are of another project, or are more than the newest "
            f"{MOST_COMPARED}.",
        )
    shown = chosen.scored()
    waiting = [one for one in shown if one.waits_for]
    offered = offered_tests(project, chosen)
    ctx = {
        "project": project,
        "room": "evaluations",
        "chosen": chosen,
        "chosen_tests": {test.pk for test in chosen.tests},
        "offered_tests": offered,
        "offered_models": offered_models(offered),
        "levels": [(one, Scale(project.locale, one).name) for one in chosen.levels],
        "waiting": waiting,
        "is_counting": any(one.waits_for.is_active for one in waiting if one.waits_for),
    }
    if not waiting:
        ctx |= compared(chosen, shown)
    return render(request, "evaluations/overview/compare.html", ctx)


@require_safe
def report(request: Request, evaluation_id: UUID) -> HttpResponse:
    """A test on one page of paper."""
    here = frame(request, evaluation_id, "evaluation-report")
    shown = here.shown
    if here.evaluation.is_inspection:
        raise Http404("An inspection has no error rates to report.")
    if shown.waits_for:
        # Its page shows how far the counting is.
        page = reverse("evaluation-detail", args=[evaluation_id])
        return redirect(f"{page}?level={shown.scale.level}")
    if not shown.models:
        raise Http404("Nothing was recognised yet.")
    ctx = here.context | {"report": report_of(shown)}
    return render(request, "evaluations/overview/report.html", ctx)
