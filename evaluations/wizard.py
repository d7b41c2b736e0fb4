"""The wizard for a new test: each step has its own address.

What was answered so far travels in the address, so that Back, a reload and a
sent link keep it, and two tabs do not mix.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from evaluations import services
from evaluations.forms import EvaluationForm, testable, usable
from projects.access import project_for
from projects.models import Project, Role
from projects.requests import Request

_STEPS = {
    "data": ("Data", ("dataset",)),
    "models": ("Models", ("models",)),
    "name": ("Name", ("name", "description")),
    "review": ("Review", ()),
}


@dataclass(frozen=True)
class Step:
    slug: str
    title: str
    address: str
    url: str  # the same with all answers
    state: str  # "done", "current" or "todo"


@require_safe
def start(request: Request, project_id: UUID) -> HttpResponse:
    project_for(request.user, project_id, Role.EDITOR)
    return redirect(_address(request, project_id, "data"))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request, project_id: UUID, step: str) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    if step not in _STEPS:
        raise Http404("No such step.")
    form = EvaluationForm(request.POST or request.GET, project=project)
    wrong = _first_wrong(form, before=step)
    if wrong:
        return redirect(_address(request, project_id, wrong, tried=True))
    if request.method == "POST" and step == "review":
        return redirect(services.create(project, **form.cleaned_data))
    if "tried" not in request.GET:
        form.errors.clear()
    ctx = {
        "project": project,
        "room": "evaluations",
        "form": form,
        "step": step,
        "steps": _steps(request, project, step),
        "hidden": [form[n] for n in form.fields if n not in (*_STEPS[step][1], "key")],
        "key": uuid4(),
        "datasets": testable(project),
        "models": usable(project),
        "chosen": [str(key) for key in form["models"].value() or []],
    }
    return render(request, f"evaluations/new_{step}.html", ctx)


def _first_wrong(form: EvaluationForm, before: str) -> str | None:
    """The first step ahead of `before` whose answers are missing or wrong."""
    for slug, (_, fields) in _STEPS.items():
        if slug == before:
            return None
        if any(name in form.errors for name in fields):
            return slug
    return None


def _steps(request: Request, project: Project, current: str) -> list[Step]:
    slugs = list(_STEPS)
    here = slugs.index(current)
    return [
        Step(
            slug,
            _STEPS[slug][0],
            reverse("evaluation-step", args=[project.pk, slug]),
            _address(request, project.pk, slug) if i < here else "",
            "done" if i < here else "current" if i == here else "todo",
        )
        for i, slug in enumerate(slugs)
    ]


def _address(request: Request, project_id: UUID, step: str, tried: bool = False) -> str:
    answers = (request.POST or request.GET).copy()
    for name in ("tried", "key", "csrfmiddlewaretoken"):
        answers.pop(name, None)
    if tried:
        answers["tried"] = "1"
    query = f"?{answers.urlencode()}" if answers else ""
    return reverse("evaluation-step", args=[project_id, step]) + query
