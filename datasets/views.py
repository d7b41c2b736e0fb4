from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from datasets import services
from datasets.forms import DatasetForm, UploadForm
from datasets.models import Dataset, Finding, Utterance
from projects.access import project_for
from projects.files import serve
from projects.listing import columns, page_of, query_without, search_of, sort_key
from projects.models import Role
from projects.rename import rename_page
from projects.requests import Request

_SORTS = {
    "name": "name",
    "status": "status",
    "accepted": "accepted",
    "rejected": "rejected",
    "duration": "seconds",
    "created": "created",
}
_HEADS = [
    ("Name", "name"),
    ("Type", ""),
    ("Status", "status"),
    ("Accepted#", "accepted"),
    ("Refused#", "rejected"),
    ("Duration#", "duration"),
    ("Uploaded", "created"),
]


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id)
    search = search_of(request)
    status = request.GET.get("status", "")
    datasets = project.datasets.all()
    if search:
        datasets = datasets.filter(
            Q(name__icontains=search) | Q(description__icontains=search)
        )
    if status in Dataset.Status:
        datasets = datasets.filter(status=status)
    datasets = datasets.order_by(sort_key(request, _SORTS, "-created"), "pk")
    page = page_of(request, datasets)
    ctx = {
        "project": project,
        "room": "datasets",
        "page": page,
        "columns": columns(request, _HEADS, "-created"),
        "query": query_without(request, "page"),
        "q": search,
        "status": status,
        "statuses": Dataset.Status.choices,
        "is_filtered": bool(search or status),
        "is_active": any(dataset.is_active for dataset in page),
    }
    part = "_table" if request.htmx else "list"
    return render(request, f"datasets/{part}.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        dataset = services.upload(project, **form.cleaned_data)
        if request.htmx:
            return HttpResponseClientRedirect(dataset.get_absolute_url())
        return redirect(dataset)
    ctx = {"project": project, "room": "datasets", "form": form}
    status = 422 if form.errors else 200
    return render(request, "datasets/form.html", ctx, status=status)


@require_safe
def detail(request: Request, dataset_id: UUID) -> HttpResponse:
    """The page of a dataset; htmx asks for its body alone, while it changes."""
    dataset = _dataset_for(request, dataset_id)
    tab = "report" if request.GET.get("tab") == "report" else "utterances"
    search = search_of(request)
    ctx = {
        "project": dataset.project,
        "room": "datasets",
        "dataset": dataset,
        "tab": tab,
        "q": search,
        "query": query_without(request, "page"),
        "levels": _levels(dataset),
        "level": request.GET.get("level", ""),
    }
    if not dataset.is_active:
        rows = _findings if tab == "report" else _utterances
        ctx["page"] = page_of(request, rows(request, dataset, search))
    if not request.htmx:
        return render(request, "datasets/detail.html", ctx)
    if not dataset.is_active:
        return HttpResponseClientRefresh()
    return render(request, "datasets/_body.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, dataset_id: UUID) -> HttpResponse:
    dataset = _dataset_for(request, dataset_id, Role.EDITOR)
    form = DatasetForm(request.POST or None, instance=dataset)
    if request.method == "POST" and form.is_valid():
        services.rename(dataset, **form.cleaned_data)
        return redirect(dataset)
    ctx = {
        "project": dataset.project,
        "room": "datasets",
        "list_title": "Speech datasets",
        "list_url": reverse("dataset-list", args=[dataset.project_id]),
    }
    return rename_page(request, dataset, form, ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, dataset_id: UUID) -> HttpResponse:
    dataset = _dataset_for(request, dataset_id, Role.EDITOR)
    if request.method == "POST":
        try:
            services.delete(dataset)
        except services.InUse as e:
            messages.error(request, f"“{dataset.name}” was not deleted. {e}")
            return redirect(dataset)
        messages.success(request, f"“{dataset.name}” was deleted.")
        return redirect("dataset-list", dataset.project_id)
    ctx = {
        "project": dataset.project,
        "room": "datasets",
        "dataset": dataset,
        "users": services.tests_of(dataset),
    }
    return render(request, "datasets/delete.html", ctx)


@require_POST
def retry(request: Request, dataset_id: UUID) -> HttpResponse:
    dataset = _dataset_for(request, dataset_id, Role.EDITOR)
    services.retry(dataset)
    return redirect(dataset)


@require_safe
def source(request: Request, dataset_id: UUID) -> HttpResponseBase:
    """The upload as it came."""
    dataset = _dataset_for(request, dataset_id)
    return serve(
        request,
        dataset.source.name,
        "application/octet-stream",
        download_as=dataset.source_name,
    )


@require_safe
def audio(request: Request, utterance_id: int) -> HttpResponseBase:
    utterance = get_object_or_404(
        Utterance.objects.only("audio", "dataset__project_id").select_related(
            "dataset"
        ),
        pk=utterance_id,
    )
    project_for(request.user, utterance.dataset.project_id)
    return serve(request, utterance.audio.name, "audio/wav")


def _dataset_for(
    request: Request, dataset_id: UUID, role: Role = Role.VIEWER
) -> Dataset:
    dataset = get_object_or_404(Dataset, pk=dataset_id)
    dataset.project = project_for(request.user, dataset.project_id, role)
    return dataset


def _utterances(request: Request, dataset: Dataset, search: str) -> QuerySet[Utterance]:
    rows = dataset.utterances.select_related("loudness")
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(transcript__icontains=search))
    return rows


def _findings(request: Request, dataset: Dataset, search: str) -> QuerySet[Finding]:
    rows = dataset.findings.all()
    if request.GET.get("level") in Finding.Level:
        rows = rows.filter(level=request.GET["level"])
    if search:
        rows = rows.filter(Q(file__icontains=search) | Q(message__icontains=search))
    return rows


def _levels(dataset: Dataset) -> list[tuple[str, str, int]]:
    """Each level of findings that there is: value, label, how many."""
    found = dict(
        dataset.findings.order_by().values_list("level").annotate(number=Count("pk"))
    )
    return [(v, label, found[v]) for v, label in Finding.Level.choices if v in found]
