"""The wizard for a new test."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from datasets.overlap import Leak, warnings_for
from evaluations import services
from evaluations.forms import EvaluationForm
from projects.access import project_for
from projects.models import Role
from projects.requests import Request
from projects.wizard import Wizard
from training.services import usable

_WIZARD = Wizard(
    "evaluation-step",
    {
        "kind": ("Kind", ("kind",)),
        "data": ("Data", ("dataset",)),
        "models": ("Models", ("models",)),
        "name": ("Name", ("name", "description")),
        "review": ("Review", ()),
    },
)


@require_safe
def start(request: Request, project_id: UUID) -> HttpResponse:
    project_for(request.user, project_id, Role.EDITOR)
    return redirect(_WIZARD.address(request, project_id, "kind"))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request, project_id: UUID, step: str) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    _WIZARD.check(step)
    form = EvaluationForm(request.POST or request.GET, project=project)
    wrong = _WIZARD.first_wrong(form, before=step)
    if wrong:
        return redirect(_WIZARD.address(request, project_id, wrong, tried="1"))
    if request.method == "POST" and step == "review":
        return redirect(services.create(project, **form.cleaned_data))
    if "tried" not in request.GET:
        form.errors.clear()
    ctx = {
        "project": project,
        "room": "evaluations",
        "form": form,
        "step": step,
        "steps": _WIZARD.steps(request, project.pk, step),
        "hidden": _WIZARD.hidden(form, step),
        "list_url": reverse("evaluation-list", args=[project.pk]),
        "key": uuid4(),
        "datasets": form.datasets,
        "models": usable(project),
        "overlaps": _overlaps(form) if step == "review" else [],
        "chosen": [str(key) for key in form["models"].value() or []],
    }
    return render(request, f"evaluations/new_{step}.html", ctx)


def _overlaps(form: EvaluationForm) -> list[Leak]:
    """What the chosen data shares with training data."""
    dataset = form.cleaned_data.get("dataset")
    return warnings_for(dataset, as_test=True) if dataset else []
