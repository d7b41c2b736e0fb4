"""Models that leave or enter a project: copied, exported, imported."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from engines.base import EngineError
from projects.access import project_for
from projects.files import serve
from projects.models import Role
from projects.requests import Request
from training import copy as copying
from training import export as exporting
from training import importing
from training.models import Package, SpeechModel
from training.transfer_forms import CopyForm, ImportForm


@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: Request, pk: UUID) -> HttpResponse:
    """Choose a project to copy to; the copy's own page shows how it goes."""
    model = _ready_model_for(request, pk)
    targets = copying.targets(request.user, model)
    first = {"name": model.name, "key": uuid4()}
    form = CopyForm(request.POST or None, targets=targets, initial=first)
    if request.method == "POST" and form.is_valid():
        made = copying.start(model, **form.cleaned_data)
        messages.success(
            request,
            f"“{model.name}” is being copied to “{form.cleaned_data['project']}”. "
            "This page shows when it is ready.",
        )
        return redirect(made)
    ctx = {
        "project": model.project,
        "room": "training",
        "model": model,
        "form": form,
        "targets": targets,
    }
    status = 422 if form.errors else 200
    return render(request, "training/copy.html", ctx, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: Request, pk: UUID) -> HttpResponseBase:
    """The model's files, and how to get them: `?format=` gives the zip itself.

    The folder for transformers is made by a job, which a POST orders.
    """
    model = _ready_model_for(request, pk)
    asked = request.GET.get("format", "")
    if request.method == "POST":
        if not exporting.has_transformers(model):
            raise Http404("This model has no network of its own.")
        exporting.order(model)
        return redirect(request.path)
    if asked == "ctranslate2":
        return _stream(request, model)
    package = Package.objects.filter(model=model).first()
    if asked == "huggingface":
        name = package.file.name if package else ""
        title = exporting.file_name(model, "huggingface")
        return serve(request, name, "application/zip", title)
    return _export_page(request, model, package)


def _export_page(
    request: Request, model: SpeechModel, package: Package | None
) -> HttpResponse:
    ctx: dict[str, Any] = {
        "project": model.project,
        "room": "training",
        "model": model,
        "package": package,
        "has_transformers": exporting.has_transformers(model),
    }
    if request.htmx:
        if package is None or not package.is_active:
            return HttpResponseClientRefresh()
        return render(request, "training/_package.html", ctx)
    try:
        ctx["files"] = exporting.manifest(model)
        ctx["bytes"] = sum(size for _, size in ctx["files"])
    except EngineError as e:
        ctx["problem"] = e
    return render(request, "training/export.html", ctx)


def _stream(request: Request, model: SpeechModel) -> HttpResponseBase:
    try:
        parts = exporting.ctranslate2(model)
    except EngineError as e:
        raise Http404(str(e)) from e
    response = StreamingHttpResponse(
        parts if request.method == "GET" else iter(()), content_type="application/zip"
    )
    name = exporting.file_name(model, "ctranslate2")
    response["Content-Disposition"] = content_disposition_header(True, name)
    # It is packed already.
    response["Content-Encoding"] = "identity"
    response["Cache-Control"] = "private, no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def import_(request: Request, project_id: UUID) -> HttpResponse:
    """Take an uploaded model; a job looks at it before anybody can use it."""
    project = project_for(request.user, project_id, Role.EDITOR)
    if project.is_remote:
        raise Http404("A Speech resource takes no models in.")
    bases = importing.bases_of(project)
    form = ImportForm(
        request.POST or None,
        request.FILES or None,
        bases=bases,
        initial={"key": uuid4()},
    )
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(importing.start(project, **form.cleaned_data))
        except EngineError as e:
            problem = str(e)
    ctx = {
        "project": project,
        "room": "training",
        "form": form,
        "bases": bases,
        "problem": problem,
    }
    status = 422 if form.errors or problem else 200
    return render(request, "training/import.html", ctx, status=status)


def _ready_model_for(request: Request, pk: UUID) -> SpeechModel:
    """A custom model with files, in a project where the person is an editor."""
    custom = SpeechModel.objects.exclude(project=None).select_related("base")
    model = get_object_or_404(custom, pk=pk)
    assert model.project_id is not None
    model.project = project_for(request.user, model.project_id, Role.EDITOR)
    if model.status != SpeechModel.Status.SUCCEEDED:
        raise Http404("This model is not ready.")
    if model.project.is_remote:
        raise Http404("The files of this model are at its Speech resource.")
    return model
