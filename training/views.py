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

from projects.access import project_for
from projects.files import serve
from projects.listing import Filter, Listing
from projects.models import Role
from projects.rename import rename_page
from projects.requests import Request
from training import services
from training.comparison import TRIALS, held_out, newest, tests
from training.curve import charts, rows
from training.forms import RenameForm
from training.models import SpeechModel
from training.offers import bases, trainable

_LISTING = Listing(
    sorts={
        "name": "name",
        "base": "base__name",
        "status": "status",
        "created": "created",
        "expires": "transcription_expires",
    },
    heads=[
        ("Name", "name"),
        ("Base model", "base"),
        ("Data", ""),
        ("Status", "status"),
        ("Errors, base and custom", ""),
        ("Created", "created"),
        ("Expiration", "expires"),
    ],
    searched=["name", "description", "base__name"],
    filters=[Filter("status", "Status", SpeechModel.Status.choices)],
)
# What a job of each origin is called.
_WORK = {
    SpeechModel.Origin.TRAINED: "training",
    SpeechModel.Origin.COPIED: "copy",
    SpeechModel.Origin.IMPORTED: "import",
}


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """Custom models only: base models are chosen in the wizard."""
    project = project_for(request.user, project_id)
    models = project.models.select_related("base").defer("curve")
    models = models.prefetch_related("datasets", "served_by", *TRIALS)
    ctx = _LISTING.context(request, models) | {
        "project": project,
        "room": "training",
    }
    ctx["entries"] = [(m, held_out(m), newest(m)) for m in ctx["page"]]
    ctx["is_active"] = any(model.is_active for model in ctx["page"])
    if not ctx["is_filtered"] and not ctx["entries"]:
        ctx |= {
            "has_data": trainable(project).exists(),
            "has_base": bool(bases(project)),
        }
    part = "_table" if request.htmx else "list"
    return render(request, f"training/{part}.html", ctx)


@require_safe
def detail(request: Request, model_id: UUID) -> HttpResponse:
    model = _model_for(request, model_id)
    return render(request, "training/detail.html", _shown(model))


@require_safe
def status(request: Request, model_id: UUID) -> HttpResponse:
    """What changes on a model's page, while it is being trained or tested.

    `?active=1` asks on behalf of a page that shows a training: it is loaded anew
    when that has ended, since its buttons change.
    """
    ctx = _shown(_model_for(request, model_id))
    model = ctx["model"]
    ended = "active" in request.GET and not model.is_active
    if ended or not ctx["is_live"]:
        return HttpResponseClientRefresh()
    return render(request, "training/_body.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, model_id: UUID) -> HttpResponse:
    model = _model_for(request, model_id, Role.EDITOR)
    form = RenameForm(request.POST or None, instance=model)
    if request.method == "POST" and form.is_valid():
        services.rename(model, **form.cleaned_data)
        return redirect(model)
    ctx = {
        "project": model.project,
        "room": "training",
        "list_title": "Train custom models",
        "list_url": reverse("model-list", args=[model.project_id]),
    }
    return rename_page(request, model, form, ctx)


@require_POST
def retry(request: Request, model_id: UUID) -> HttpResponse:
    model = _model_for(request, model_id, Role.EDITOR)
    services.retry(model)
    return redirect(model)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, model_id: UUID) -> HttpResponse:
    model = _model_for(request, model_id, Role.EDITOR)
    code = 200
    if request.method == "POST":
        try:
            services.delete(model)
        except services.InUse:
            code = 409  # the page names what it is
        else:
            messages.success(request, f"“{model.name}” was deleted.")
            return redirect("model-list", model.project_id)
    ctx = {
        "project": model.project,
        "room": "training",
        "model": model,
        "users": services.users_of(model),
    }
    return render(request, "training/delete.html", ctx, status=code)


@require_safe
def report(request: Request, model_id: UUID) -> HttpResponseBase:
    """What the training used and what it left out, as JSON."""
    model = _model_for(request, model_id)
    return serve(
        request, model.report_file.name, "application/json", f"{model.name} report.json"
    )


def _model_for(
    request: Request, model_id: UUID, role: Role = Role.VIEWER
) -> SpeechModel:
    """A custom model; base models belong to no project and have no page."""
    custom = SpeechModel.objects.exclude(project=None).select_related("base")
    model = get_object_or_404(custom, pk=model_id)
    assert model.project_id is not None
    model.project = project_for(request.user, model.project_id, role)
    return model


def _shown(model: SpeechModel) -> dict[str, Any]:
    """What the page of a model and its live part show."""
    planned = tests(model)
    succeeded = model.status == SpeechModel.Status.SUCCEEDED
    best = model.held_out.get("best")
    return {
        "project": model.project,
        "room": "training",
        "model": model,
        "held_out": held_out(model),
        "charts": charts(model.curve, best),
        "passes": rows(model.curve, best),
        "tests": planned,
        "is_live": model.is_active or (succeeded and any(t.is_open for t in planned)),
        "work": _WORK[SpeechModel.Origin(model.origin)],
        "can_repeat": services.can_repeat(model),
        "datasets": _datasets(model),
    }


def _datasets(model: SpeechModel) -> list[dict[str, Any]]:
    """What it was trained on; of what was deleted since, the recipe has the name."""
    here = {str(dataset.pk): dataset for dataset in model.datasets.all()}
    named = {str(one["id"]): one for one in model.recipe.get("data", [])}
    return [
        {
            "dataset": here.get(key),
            "name": here[key].name if key in here else named[key]["name"],
            "used": named.get(key, {}),
        }
        for key in here | named
    ]
