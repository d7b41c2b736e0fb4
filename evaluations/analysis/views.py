from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluations.analysis.bars import bars
from evaluations.analysis.confidence import confidences_of, flag_counts
from evaluations.analysis.slices import (
    columns_shown,
    compared_with,
    rows_by,
    worst_of,
)
from evaluations.confusions import model_of
from evaluations.frame import Choice, Frame, frame
from evaluations.levels import Scored
from projects.requests import Request


@require_safe
def slices(request: Request, evaluation_id: UUID) -> HttpResponse:
    """In which parts of the test a model is worst."""
    here = _accuracy(request, evaluation_id, "evaluation-slices")
    ctx = here.context
    if here.shown.tables:
        ctx = ctx | _sliced(request, here.shown)
    return render(request, "evaluations/analysis/slices.html", ctx)


@require_safe
def confidence(request: Request, evaluation_id: UUID) -> HttpResponse:
    """Whether confidences tell right from wrong, and what may be made up."""
    here = _accuracy(request, evaluation_id, "evaluation-confidence")
    ctx = here.context | {
        "confidences": confidences_of(here.shown),
        "flags": flag_counts(here.shown),
    }
    return render(request, "evaluations/analysis/confidence.html", ctx)


def _accuracy(request: Request, evaluation_id: UUID, tab: str) -> Frame:
    here = frame(request, evaluation_id, tab)
    if here.evaluation.is_inspection:
        raise Http404("An inspection has no references, and so no errors.")
    return here


def _sliced(request: Request, shown: Scored) -> dict[str, Any]:
    model = model_of(request, shown.models)
    index = shown.models.index(model)
    columns = columns_shown(shown.evaluation)
    by = request.GET.get("by", "")
    column = next((one for one in columns if one.key == by), None)
    worst = None if column else worst_of(shown, index)
    rows = rows_by(shown, column, index) if column else worst.rows if worst else []
    whole = shown.tables[index].total().rate
    against = compared_with(shown.models, index)
    others = [one for one in shown.models if one != model]
    return {
        "columns": _choices(request, shown, by if column else ""),
        "column": column,
        "worst": worst,
        "rows": [
            (row, bar, list(zip(others, row.others, strict=True)))
            for row, bar in zip(rows, bars(rows, whole), strict=True)
        ],
        "whole": whole,
        "chosen": model,
        "others": others,
        "against": None if against is None else shown.models[against],
    }


def _choices(request: Request, shown: Scored, by: str) -> list[Choice]:
    """Links to each column, and to the worst of all first."""
    titles = {"": "All columns"} | {
        one.key: f"{one.title} ({one.size:,})"
        for one in columns_shown(shown.evaluation)
    }
    return [
        Choice(title, _with(request, by=key), key == by)
        for key, title in titles.items()
    ]


def _with(request: Request, **answers: str) -> str:
    """This address with other answers."""
    query = request.GET.copy()
    for name, value in answers.items():
        query[name] = value
        if not value:
            del query[name]
    return f"?{query.urlencode()}"
