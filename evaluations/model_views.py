"""Pages about what a test compares: its models, and the level of its figures."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from evaluations import services
from evaluations.forms import ModelsForm
from evaluations.frame import about, evaluation_for
from projects.models import Role
from projects.requests import Request


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Request, evaluation_id: UUID) -> HttpResponse:
    evaluation = evaluation_for(request, evaluation_id, Role.EDITOR)
    form = ModelsForm(request.POST or None, evaluation=evaluation)
    if request.method == "POST" and form.is_valid():
        if services.add_models(evaluation, form.cleaned_data["models"]):
            return redirect(evaluation)
        form.add_error(None, "The test is running. Add models when it has ended.")
    ctx = about(evaluation) | {
        "form": form,
        "models": form.offered,
        "chosen": request.POST.getlist("models"),
    }
    status = 422 if form.errors else 200
    return render(request, "evaluations/add_models.html", ctx, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, evaluation_id: UUID, candidate_id: int) -> HttpResponse:
    evaluation = evaluation_for(request, evaluation_id, Role.EDITOR)
    others = evaluation.candidates.select_related("model")
    candidate = get_object_or_404(others, pk=candidate_id)
    if request.method == "POST":
        if services.remove_model(evaluation, candidate):
            messages.success(request, f"{candidate.model.name} was taken out.")
        else:
            messages.error(
                request,
                "A test keeps one model at least, and none can be taken out while it "
                "runs.",
            )
        return redirect(evaluation)
    ctx = about(evaluation) | {"candidate": candidate}
    return render(request, "evaluations/remove_model.html", ctx)


@require_POST
def again(request: Request, evaluation_id: UUID) -> HttpResponse:
    """Recognise the recordings again that failed among good ones."""
    evaluation = evaluation_for(request, evaluation_id, Role.EDITOR)
    services.recognise_failed(evaluation)
    return redirect(evaluation)


@require_http_methods(["GET", "HEAD", "POST"])
def level(request: Request, evaluation_id: UUID, level: str) -> HttpResponse:
    """How far the counting of a level is; a POST tries again what has failed."""
    role = Role.EDITOR if request.method == "POST" else Role.VIEWER
    evaluation = evaluation_for(request, evaluation_id, role)
    scoring = get_object_or_404(evaluation.scorings, level=level)
    if request.method == "POST":
        services.count_again(scoring)
    if request.htmx and scoring.is_active:
        ctx = about(evaluation) | {"scoring": scoring}
        return render(request, "evaluations/_counting.html", ctx)
    if request.htmx:
        return HttpResponseClientRefresh()
    return redirect(f"{evaluation.get_absolute_url()}?level={scoring.level}")
