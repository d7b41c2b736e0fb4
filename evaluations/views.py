from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from django_htmx.http import HttpResponseClientRefresh

from datasets.overlap import warnings_for
from evaluations import services
from evaluations.confusions import model_of, recurring
from evaluations.export.menu import menu
from evaluations.forms import RenameForm
from evaluations.frame import about, against_of, evaluation_for, frame
from evaluations.levels import Scored
from evaluations.models import Evaluation
from evaluations.pairs import matched
from evaluations.review.page import judged_context, review_context
from evaluations.rows import ROWS_ON_A_PAGE, rows_of
from evaluations.selection import ORDERS, items_at, selection_of
from projects.access import project_for
from projects.listing import (
    Filter,
    Listing,
    page_of,
    query_without,
    search_of,
)
from projects.models import Role
from projects.rename import rename_page
from projects.requests import Request
from training.offers import audible

_LISTING = Listing(
    sorts={
        "name": "name",
        "dataset": "dataset__name",
        "status": "status",
        "created": "created",
    },
    heads=[
        ("Name", "name"),
        ("Dataset", "dataset"),
        ("Status", "status"),
        ("Error rate", ""),
        ("Created", "created"),
    ],
    searched=["name", "dataset__name"],
    filters=[Filter("status", "Status", Evaluation.Status.choices)],
)
# Of an inspection, which has no errors.
_INSPECTION_ORDERS = {
    "-errors": "Most differences",
    **{name: ORDERS[name] for name in ("position", "name", "-duration", "duration")},
}


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id)
    tests = project.evaluations.select_related("dataset").prefetch_related(
        "candidates__model"
    )
    ctx = _LISTING.context(request, tests) | {
        "project": project,
        "room": "evaluations",
        "can_test": audible(project).exists(),
    }
    ctx["is_active"] = any(test.is_active for test in ctx["page"])
    part = "_table" if request.htmx else "list"
    return render(request, f"evaluations/{part}.html", ctx)


@require_safe
def detail(request: Request, evaluation_id: UUID) -> HttpResponse:
    """The page of a test; htmx asks for its progress alone, while it changes."""
    here = frame(request, evaluation_id, "evaluation-detail")
    if request.htmx:
        if not here.evaluation.is_active:
            return HttpResponseClientRefresh()
        return render(request, "evaluations/_progress.html", here.context)
    ctx = here.context | {
        "overlaps": warnings_for(here.evaluation.dataset, as_test=True)
    }
    if here.shown.models:
        ctx |= _results(request, here.shown)
    return render(request, "evaluations/detail.html", ctx)


def _results(request: Request, shown: Scored) -> dict[str, Any]:
    """What the page says of the models that have recognised everything."""
    selection = selection_of(request, shown)
    page = page_of(request, selection.positions, ROWS_ON_A_PAGE)
    items = items_at(shown, list(page))
    against = against_of(request, shown.evaluation, shown.models)
    listed = model_of(request, shown.models)
    is_inspection = shown.evaluation.is_inspection
    pairs, tests = shown.comparisons, matched(shown)
    return {
        "most_errors": max(c.counts.errors for c in shown.models),
        "selection": selection,
        "page": page,
        "rows": rows_of(shown, items, against),
        "against": against,
        # Whom the stored counts of an inspection compare with.
        "first": shown.evaluation.candidates.first(),
        "comparisons": shown.comparisons,
        "listed": listed,
        "recurring": recurring(shown, listed),
        "query": query_without(request, "page"),
        "q": search_of(request),
        "only": request.GET.get("only", ""),
        "orders": _INSPECTION_ORDERS if is_inspection else ORDERS,
        "export": menu(request, shown, selection),
        "pairs": [(one, tests.get((one.old.pk, one.new.pk))) for one in pairs],
    } | review_context(request, shown.evaluation, items)


@require_safe
def utterance(request: Request, evaluation_id: UUID, position: int) -> HttpResponse:
    """One utterance of a test in full: to be sent to somebody, or for a long one."""
    here = frame(request, evaluation_id, "evaluation-utterance")
    shown = here.shown
    if not shown.models and not shown.waits_for:
        raise Http404("Nothing was recognised yet.")
    items = items_at(shown, [position])
    if not items:
        raise Http404("There is no such utterance.")
    ctx = here.context | {"item": items[0]}
    if shown.models:
        against = against_of(request, here.evaluation, shown.models)
        rows = rows_of(shown, items, against, most_words=10**6)
        ctx |= {"row": rows[0], "against": against}
        ctx |= judged_context(request, here.evaluation, items)
    return render(request, "evaluations/utterance.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, evaluation_id: UUID) -> HttpResponse:
    evaluation = evaluation_for(request, evaluation_id, Role.EDITOR)
    form = RenameForm(request.POST or None, instance=evaluation)
    if request.method == "POST" and form.is_valid():
        services.rename(evaluation, **form.cleaned_data)
        return redirect(evaluation)
    ctx = {
        "project": evaluation.project,
        "room": "evaluations",
        "list_title": "Test models",
        "list_url": reverse("evaluation-list", args=[evaluation.project_id]),
    }
    return rename_page(request, evaluation, form, ctx)


@require_POST
def retry(request: Request, evaluation_id: UUID) -> HttpResponse:
    evaluation = evaluation_for(request, evaluation_id, Role.EDITOR)
    services.retry(evaluation)
    return redirect(evaluation)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, evaluation_id: UUID) -> HttpResponse:
    evaluation = evaluation_for(request, evaluation_id, Role.EDITOR)
    if request.method == "POST":
        services.delete(evaluation)
        messages.success(request, f"“{evaluation.name}” was deleted.")
        return redirect("evaluation-list", evaluation.project_id)
    return render(request, "evaluations/delete.html", about(evaluation))
