from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from django_htmx.http import HttpResponseClientRefresh

from datasets import services
from datasets.access import dataset_for
from datasets.forms import DatasetForm
from datasets.models import Dataset, Utterance
from datasets.overlap import warnings_for
from datasets.refused import can_repair
from datasets.tabs import context_of
from projects.access import project_for
from projects.files import serve
from projects.listing import Filter, Listing
from projects.models import Role
from projects.rename import rename_page
from projects.requests import Request

_LISTING = Listing(
    sorts={
        "name": "name",
        "kind": "kind",
        "use": "use",
        "status": "status",
        "accepted": "accepted",
        "rejected": "rejected",
        "duration": "seconds",
        "created": "created",
    },
    heads=[
        ("Name", "name"),
        ("Type", "kind"),
        ("Use", "use"),
        ("Status", "status"),
        ("Accepted#", "accepted"),
        ("Refused#", "rejected"),
        ("Duration#", "duration"),
        ("Uploaded", "created"),
    ],
    searched=["name", "description"],
    filters=[
        Filter("kind", "Type", Dataset.Kind.choices),
        Filter("use", "Use", Dataset.Use.choices),
        Filter("status", "Status", Dataset.Status.choices),
    ],
)
_SHOWN_MODELS = 20


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id)
    ctx = _LISTING.context(request, project.datasets.all()) | {
        "project": project,
        "room": "datasets",
    }
    ctx["is_active"] = any(dataset.is_active for dataset in ctx["page"])
    part = "_table" if request.htmx else "list"
    return render(request, f"datasets/{part}.html", ctx)


@require_safe
def detail(request: Request, dataset_id: UUID) -> HttpResponse:
    """The page of a dataset; htmx asks for its body alone, while it changes."""
    dataset = dataset_for(request, dataset_id)
    ctx: dict[str, Any] = {
        "project": dataset.project,
        "room": "datasets",
        "dataset": dataset,
    }
    if not dataset.is_active:
        ctx |= context_of(request, dataset) | {
            "overlaps": warnings_for(dataset),
            "can_repair": can_repair(dataset),
            "models": dataset.models.order_by("-created")[:_SHOWN_MODELS],
        }
    if not request.htmx:
        return render(request, "datasets/detail.html", ctx)
    if not dataset.is_active:
        return HttpResponseClientRefresh()
    return render(request, "datasets/_body.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, dataset_id: UUID) -> HttpResponse:
    dataset = dataset_for(request, dataset_id, Role.EDITOR)
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
    dataset = dataset_for(request, dataset_id, Role.EDITOR)
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
        "problem": services.why_not_delete(dataset),
        "models": services.models_of(dataset),
    }
    return render(request, "datasets/delete.html", ctx)


@require_POST
def retry(request: Request, dataset_id: UUID) -> HttpResponse:
    dataset = dataset_for(request, dataset_id, Role.EDITOR)
    services.retry(dataset)
    return redirect(dataset)


@require_safe
def source(request: Request, dataset_id: UUID) -> HttpResponseBase:
    """The upload as it came."""
    dataset = dataset_for(request, dataset_id)
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


@require_safe
def transcript(request: Request, utterance_id: int) -> HttpResponse:
    """The whole text of an utterance, of which the list shows the beginning."""
    utterance = get_object_or_404(
        Utterance.objects.only("transcript", "dataset__project_id").select_related(
            "dataset"
        ),
        pk=utterance_id,
    )
    project_for(request.user, utterance.dataset.project_id)
    return HttpResponse(utterance.transcript, "text/plain; charset=utf-8")
