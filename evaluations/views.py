from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
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
from evaluations.forms import RenameForm
from evaluations.models import Evaluation, Hypothesis, Item
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
from training.offers import testable

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
        "can_test": testable(project).exists(),
    }
    ctx["is_active"] = any(test.is_active for test in ctx["page"])
    part = "_table" if request.htmx else "list"
    return render(request, f"evaluations/{part}.html", ctx)


@require_safe
def detail(request: Request, evaluation_id: UUID) -> HttpResponse:
    """The page of a test; htmx asks for its body alone, while it changes."""
    evaluation = _evaluation_for(request, evaluation_id)
    candidates = list(evaluation.candidates.select_related("model__base"))
    ctx = {
        "project": evaluation.project,
        "room": "evaluations",
        "evaluation": evaluation,
        "candidates": candidates,
        "most_errors": max((c.counts.errors for c in candidates), default=0),
        "overlaps": warnings_for(evaluation.dataset, as_test=True),
    }
    if evaluation.status == Evaluation.Status.SUCCEEDED:
        page = page_of(request, _items(request, evaluation))
        ctx |= {
            "page": page,
            "rows": rows_of(evaluation, list(page), candidates),
            "comparisons": comparisons(evaluation, candidates),
            "query": query_without(request, "page"),
            "q": search_of(request),
            "only": request.GET.get("only", ""),
            "sort": request.GET.get("sort", "-errors"),
            "orders": ITEM_ORDERS,
        }
    if not request.htmx:
        return render(request, "evaluations/detail.html", ctx)
    if not evaluation.is_active:
        return HttpResponseClientRefresh()
    return render(request, "evaluations/_body.html", ctx)


@require_safe
def utterance(request: Request, evaluation_id: UUID, position: int) -> HttpResponse:
    """One utterance of a test in full: to be sent to somebody, or for a long one."""
    evaluation = _evaluation_for(request, evaluation_id)
    items = evaluation.items.select_related("utterance__loudness")
    item = get_object_or_404(items, position=position)
    candidates = list(evaluation.candidates.select_related("model"))
    ctx = {
        "project": evaluation.project,
        "room": "evaluations",
        "evaluation": evaluation,
        "row": rows_of(evaluation, [item], candidates, most_words=10**6)[0],
    }
    return render(request, "evaluations/utterance.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, evaluation_id: UUID) -> HttpResponse:
    evaluation = _evaluation_for(request, evaluation_id, Role.EDITOR)
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
    evaluation = _evaluation_for(request, evaluation_id, Role.EDITOR)
    services.retry(evaluation)
    return redirect(evaluation)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, evaluation_id: UUID) -> HttpResponse:
    evaluation = _evaluation_for(request, evaluation_id, Role.EDITOR)
    if request.method == "POST":
        services.delete(evaluation)
        messages.success(request, f"“{evaluation.name}” was deleted.")
        return redirect("evaluation-list", evaluation.project_id)
    ctx = {
        "project": evaluation.project,
        "room": "evaluations",
        "evaluation": evaluation,
    }
    return render(request, "evaluations/delete.html", ctx)


def _evaluation_for(
    request: Request, evaluation_id: UUID, role: Role = Role.VIEWER
) -> Evaluation:
    evaluation = get_object_or_404(
        Evaluation.objects.select_related("dataset"), pk=evaluation_id
    )
    evaluation.project = project_for(request.user, evaluation.project_id, role)
    return evaluation


def _items(request: Request, evaluation: Evaluation) -> QuerySet[Item]:
    """The utterances that the address asks for, in its order."""
    items = evaluation.items.select_related("utterance__loudness")
    if request.GET.get("only") == "errors":
        items = items.filter(errors__gt=0)
    search = search_of(request)
    if search:
        heard = Hypothesis.objects.filter(item=OuterRef("pk"), text__icontains=search)
        items = items.filter(
            Q(utterance__name__icontains=search)
            | Q(utterance__transcript__icontains=search)
            | Exists(heard)
        )
    return items.order_by(sort_key(request, _ITEM_SORTS, "-errors"), "position")
