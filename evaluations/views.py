from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from django_htmx.http import HttpResponseClientRefresh

from datasets.overlap import warnings_for
from evaluations import services
from evaluations.comparison import comparisons
from evaluations.confusions import Chosen, chosen_of, model_of, recurring
from evaluations.confusions import only as with_error
from evaluations.forms import RenameForm
from evaluations.models import Candidate, Evaluation, Hypothesis, Item
from evaluations.rows import rows_of
from projects.access import project_for
from projects.listing import (
    Filter,
    Listing,
    page_of,
    query_without,
    search_of,
    sort_key,
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
_ITEM_SORTS = {
    "position": "position",
    "errors": "errors",
    "name": "utterance__name",
    "duration": "utterance__seconds",
}
ITEM_ORDERS = [
    ("-errors", "Most errors"),
    ("position", "Order of the dataset"),
    ("name", "File name"),
    ("-duration", "Longest"),
    ("duration", "Shortest"),
]


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
    evaluation = evaluation_for(request, evaluation_id)
    candidates = list(evaluation.candidates.select_related("model__base"))
    ctx = about(evaluation) | {"candidates": candidates}
    if request.htmx:
        if not evaluation.is_active:
            return HttpResponseClientRefresh()
        return render(request, "evaluations/_progress.html", ctx)
    complete = [candidate for candidate in candidates if candidate.is_complete]
    ctx["overlaps"] = warnings_for(evaluation.dataset, as_test=True)
    if complete:
        ctx |= _results(request, evaluation, complete)
    return render(request, "evaluations/detail.html", ctx)


def about(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "project": evaluation.project,
        "room": "evaluations",
        "evaluation": evaluation,
    }


def _results(
    request: Request, evaluation: Evaluation, complete: list[Candidate]
) -> dict[str, Any]:
    """What the page says of the models that have recognised everything."""
    chosen = chosen_of(request, complete)
    page = page_of(request, _items(request, evaluation, chosen))
    against = against_of(request, evaluation, complete)
    return {
        "complete": complete,
        "most_errors": max(c.counts.errors for c in complete),
        "page": page,
        "rows": rows_of(evaluation, list(page), complete, against),
        "against": against,
        # Whom the stored counts of an inspection compare with.
        "first": evaluation.candidates.first(),
        "comparisons": comparisons(evaluation, complete),
        "listed": (listed := model_of(request, complete)),
        "recurring": recurring(listed),
        "chosen": chosen,
        "query": query_without(request, "page"),
        "q": search_of(request),
        "only": request.GET.get("only", ""),
        "sort": request.GET.get("sort", "-errors"),
        "orders": _orders(evaluation),
    }


def _orders(evaluation: Evaluation) -> list[tuple[str, str]]:
    if not evaluation.is_inspection:
        return ITEM_ORDERS
    return [("-errors", "Most differences"), *ITEM_ORDERS[1:]]


def against_of(
    request: Request, evaluation: Evaluation, candidates: Sequence[Candidate]
) -> Candidate | None:
    """Which model the others are compared with: by the address, or the first. None
    in a test of accuracy, which has references."""
    if not evaluation.is_inspection:
        return None
    wanted = request.GET.get("against")
    chosen = (c for c in candidates if str(c.pk) == wanted)
    return next(chosen, candidates[0])


@require_safe
def utterance(request: Request, evaluation_id: UUID, position: int) -> HttpResponse:
    """One utterance of a test in full: to be sent to somebody, or for a long one."""
    evaluation = evaluation_for(request, evaluation_id)
    items = evaluation.items.select_related("utterance__loudness")
    item = get_object_or_404(items, position=position)
    candidates = list(
        evaluation.candidates.filter(is_complete=True).select_related("model")
    )
    if not candidates:
        raise Http404("Nothing was recognised yet.")
    against = against_of(request, evaluation, candidates)
    rows = rows_of(evaluation, [item], candidates, against, most_words=10**6)
    ctx = about(evaluation) | {
        "row": rows[0],
        "against": against,
        "complete": candidates,
    }
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


def evaluation_for(
    request: Request, evaluation_id: UUID, role: Role = Role.VIEWER
) -> Evaluation:
    evaluation = get_object_or_404(
        Evaluation.objects.select_related("dataset"), pk=evaluation_id
    )
    evaluation.project = project_for(request.user, evaluation.project_id, role)
    return evaluation


def _items(
    request: Request, evaluation: Evaluation, chosen: Chosen | None
) -> QuerySet[Item]:
    """The utterances that the address asks for, in its order."""
    items = evaluation.items.select_related("utterance__loudness")
    if chosen:
        items = with_error(items, evaluation, chosen)
    only = request.GET.get("only")
    if only == "errors":
        items = items.filter(errors__gt=0)
    elif only == "failed":
        failed = Hypothesis.objects.filter(item=OuterRef("pk")).exclude(error="")
        items = items.filter(Exists(failed))
    search = search_of(request)
    if search:
        heard = Hypothesis.objects.filter(item=OuterRef("pk"), text__icontains=search)
        items = items.filter(
            Q(utterance__name__icontains=search)
            | Q(utterance__transcript__icontains=search)
            | Exists(heard)
        )
    return items.order_by(sort_key(request, _ITEM_SORTS, "-errors"), "position")
