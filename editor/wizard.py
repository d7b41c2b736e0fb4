"""The wizard that takes datasets into the editor."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from datasets.models import Dataset
from editor import services
from editor.forms import ImportForm, importable
from projects.access import project_for
from projects.models import Project, Role
from projects.requests import Request
from projects.wizard import Wizard
from training.services import usable_here

_WIZARD = Wizard(
    "editor-step",
    {
        "data": ("Data", ("datasets",)),
        "drafts": ("Drafts", ("drafts",)),
        "name": ("Name", ("name", "description")),
        "review": ("Review", ()),
    },
)


@require_safe
def start(request: Request, project_id: UUID) -> HttpResponse:
    project_for(request.user, project_id, Role.EDITOR)
    return redirect(_WIZARD.address(request, project_id, "data"))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request, project_id: UUID, step: str) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    _WIZARD.check(step)
    form = ImportForm(request.POST or request.GET, project=project)
    wrong = _WIZARD.first_wrong(form, before=step)
    if wrong:
        return redirect(_WIZARD.address(request, project_id, wrong, tried="1"))
    if request.method == "POST" and step == "review":
        answers = form.cleaned_data
        return redirect(
            services.create(
                project,
                answers["datasets"],
                answers["name"],
                answers["description"],
                form.model,
                answers["key"],
            )
        )
    if "tried" not in request.GET:
        form.errors.clear()
    ctx = _context(project, form) | {
        "step": step,
        "steps": _WIZARD.steps(request, project_id, step),
        "hidden": _WIZARD.hidden(form, step),
    }
    return render(request, f"editor/new_{step}.html", ctx)


def _context(project: Project, form: ImportForm) -> dict[str, Any]:
    datasets = list(importable(project))
    chosen = [str(key) for key in form["datasets"].value() or []]
    return {
        "project": project,
        "room": "datasets",
        "list_url": reverse("editor-list", args=[project.pk]),
        "form": form,
        "key": uuid4(),
        "datasets": datasets,
        "models": usable_here(project),
        "chosen": chosen,
        "is_audio_only": any(
            dataset.kind == Dataset.Kind.AUDIO
            for dataset in datasets
            if str(dataset.pk) in chosen
        ),
    }
