"""The wizard for a new endpoint."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from endpoints import services, shown_once
from endpoints.forms import DeployForm
from projects.access import project_for
from projects.models import Role
from projects.requests import Request
from projects.wizard import Wizard

_WIZARD = Wizard(
    "endpoint-step",
    {
        "model": ("Model", ("model",)),
        "name": ("Name", ("name", "description", "logging_enabled")),
        "review": ("Review", ()),
    },
)


@require_safe
def start(request: Request, project_id: UUID) -> HttpResponse:
    """To the first step that the address does not answer."""
    project = project_for(request.user, project_id, Role.EDITOR)
    form = DeployForm(request.GET, project=project)
    wrong = _WIZARD.first_wrong(form, before="review")
    # Nobody has tried anything yet, unless the address names a model that is not fit.
    tried = "1" if wrong == "model" and "model" in request.GET else ""
    step = wrong or "review"
    return redirect(_WIZARD.address(request, project_id, step, tried=tried))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request, project_id: UUID, step: str) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    _WIZARD.check(step)
    form = DeployForm(request.POST or request.GET, project=project)
    form.full_clean()
    if detour := _WIZARD.detour(request, project_id, form, step):
        return detour
    if request.method == "POST" and step == "review":
        return _save(request, form)
    ctx = _WIZARD.context(request, project_id, form, step) | {
        "project": project,
        "room": "endpoints",
        "list_url": reverse("endpoint-list", args=[project.pk]),
    }
    return render(request, f"endpoints/new_{step}.html", ctx)


def _save(request: Request, form: DeployForm) -> HttpResponse:
    try:
        endpoint = services.create(form.project, **form.cleaned_data)
    except services.Refused as e:
        messages.error(request, str(e))
        return redirect(_WIZARD.address(request, form.project.pk, "model"))
    if not form.project.is_remote:
        shown_once.put(request, endpoint, services.make_keys(endpoint))
    return redirect(endpoint)
