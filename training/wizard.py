"""The wizard for a new custom model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from datasets.models import Dataset, Utterance
from datasets.overlap import Leak, warnings_for
from engines import packages
from engines.base import DEFAULT_TEXT_WEIGHT
from projects.access import project_for
from projects.models import Role
from projects.requests import Request
from projects.wizard import Wizard
from training import services
from training.corpus import MAX_AUDIO_SECONDS
from training.forms import DEFAULT_SEED, TrainingForm
from training.models import SpeechModel
from training.offers import takes_text_alone, why_not_data
from training.recordings import MAX_CLIP_SECONDS

_WIZARD = Wizard(
    "model-step",
    {
        "base": ("Base model", ("base",)),
        "data": ("Data", ("datasets",)),
        "name": ("Name", ("name", "description", "text_weight", "seed")),
        "test": ("Test", ("tests", "guard")),
        "review": ("Review", ()),
    },
)


@require_safe
def start(request: Request, project_id: UUID) -> HttpResponse:
    project_for(request.user, project_id, Role.EDITOR)
    return redirect(_WIZARD.address(request, project_id, "base"))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request, project_id: UUID, step: str) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    _WIZARD.check(step)
    answers = (request.POST or request.GET).copy()
    answers.setdefault("text_weight", str(DEFAULT_TEXT_WEIGHT))
    answers.setdefault("seed", str(DEFAULT_SEED))
    form = TrainingForm(answers, project=project)
    form.full_clean()
    if detour := _WIZARD.detour(request, project_id, form, step):
        return detour
    if request.method == "POST" and step == "review":
        return _save(request, form)
    ctx = _WIZARD.context(request, project_id, form, step) | {
        "project": project,
        "room": "training",
        "list_url": reverse("model-list", args=[project.pk]),
        "bases": form.bases,
    }
    ctx |= {"data": _data, "test": _tests, "review": _review}.get(step, _nothing)(form)
    ctx["has_text"] = any(dataset.is_text for dataset in _chosen(form))
    return render(request, f"training/new_{step}.html", ctx)


def _save(request: Request, form: TrainingForm) -> HttpResponse:
    answers = dict(form.cleaned_data)
    guard = answers.pop("guard")
    try:
        model = services.create(
            form.project, **answers, guards=[guard] if guard else []
        )
    except services.Refused as e:
        messages.error(request, str(e))
        return redirect(_WIZARD.address(request, form.project.pk, "base"))
    return redirect(model)


def _nothing(form: TrainingForm) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class DataCard:
    """A dataset to tick, or why it cannot be."""

    dataset: Dataset
    is_chosen: bool
    why_not: str = ""
    is_text_alone: bool = False  # of recordings with transcripts


def _data(form: TrainingForm) -> dict[str, Any]:
    base: SpeechModel = form.cleaned_data["base"]
    ticked = [str(key) for key in form["datasets"].value() or []]
    cards = [
        DataCard(
            dataset,
            str(dataset.pk) in ticked,
            why_not_data(form.project, base, dataset),
            takes_text_alone(base, dataset),
        )
        for dataset in form.trainable
    ]
    return {"cards": cards}


def _tests(form: TrainingForm) -> dict[str, Any]:
    ticked = [str(key) for key in form["tests"].value() or []]
    chosen = _chosen(form)
    left = [dataset for dataset in form.testable if dataset not in chosen]
    return {
        "cards": [DataCard(each, str(each.pk) in ticked) for each in left],
        "left_out": [dataset for dataset in form.testable if dataset in chosen],
    }


def _review(form: TrainingForm) -> dict[str, Any]:
    chosen = _chosen(form)
    guard = form.cleaned_data.get("guard")
    tests = [*form.cleaned_data.get("tests", ()), *([guard] if guard else [])]
    spoken = [dataset for dataset in chosen if dataset.has_audio]
    return {
        "chosen": chosen,
        "has_audio": bool(spoken),
        "overlaps": _overlaps(tests, chosen),
        "too_long": _too_long(spoken),
        "is_over_cap": sum(each.seconds for each in spoken) > MAX_AUDIO_SECONDS,
        "missing": _missing_packages() if spoken and not form.project.is_remote else [],
    }


def _chosen(form: TrainingForm) -> list[Dataset]:
    """The data to train on, as far as it was answered."""
    return list(form.cleaned_data.get("datasets") or [])


def _overlaps(tests: Iterable[Dataset], chosen: list[Dataset]) -> list[Leak]:
    """What the tests share with the data of this training."""
    return [
        leak
        for test in tests
        for leak in warnings_for(test, as_test=True)
        if leak.other in chosen
    ]


def _too_long(spoken: list[Dataset]) -> int:
    """How many recordings are longer than the network hears at once."""
    return Utterance.objects.filter(
        dataset__in=spoken, seconds__gt=MAX_CLIP_SECONDS
    ).count()


def _missing_packages() -> list[str]:
    """What has to be installed here before it can train on audio.

    Where there is no embedded Redis, other machines train.
    """
    if not settings.EMBEDDED_REDIS:
        return []
    return packages.missing()
