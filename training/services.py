"""What can be done with models."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from datasets.kinds import conflict
from datasets.models import Dataset
from engines.base import DEFAULT_TEXT_WEIGHT
from engines.registry import get_engine
from projects.models import Project
from projects.storage import delete_tree
from scoring.locale import language_of
from training.lifetime import DEPRECATED, give_dates, sync_dates
from training.models import PlannedTest, SpeechModel
from training.offers import bases, on_offer, why_not_base, why_not_data

logger = logging.getLogger(__name__)

# Failures that the data is not to blame for.
_PASSING = frozenset(
    {
        *("InternalServerError", "WorkerLost", "DiskFull", "OutOfMemory"),
        *("ModelNotFetched", "InvalidBaseModel"),
        "TrainingNotInstalled",
    }
)
_BAD_BASE = "InvalidBaseModel"
_REMOVE = "training.tasks.remove_model"


class Refused(Exception):
    """No model can be made of this; the message is fit for the user.

    `about` is what it is about, "base" or "datasets"; the code is one of the REST
    API's.
    """

    def __init__(self, message: str, about: str, code: str) -> None:
        super().__init__(message)
        self.about = about
        self.code = code


class InUse(Exception):
    """The model cannot go while something is made with it."""


@transaction.atomic
def sync_base_models(engine: str) -> None:
    """Make the rows say what the engine offers now.

    A model that the settings do not name any more is not offered for new
    tests; old tests keep it.
    """
    offered = get_engine(engine).base_models()
    for base in offered:
        model, _ = SpeechModel.objects.update_or_create(
            engine=engine,
            reference=base.reference,
            defaults={
                "name": base.name,
                "languages": " ".join(sorted(base.locales)),
                "is_offered": True,
                "adapts_with": " ".join(sorted(base.adapts_with)),
                "released": base.released,
            },
        )
        _note_presence(model, base.is_on_disk)
    SpeechModel.objects.filter(engine=engine, project=None).exclude(
        reference__in=[base.reference for base in offered]
    ).update(is_offered=False)
    sync_dates()


def _note_presence(model: SpeechModel, is_on_disk: bool) -> None:
    """A model that came to the disk, or left it, otherwise than by its job."""
    if is_on_disk:
        model.retry()
        if model.start():
            model.succeed()
    else:
        model.reopen()


def usable(project: Project) -> list[SpeechModel]:
    """The models that can recognise for this project.

    First the base models on offer that speak its language, in the order of the
    settings, then its own custom models that are ready, newest first; none that has
    expired.
    """
    offered = sorted(on_offer(project), key=lambda base: (base.created, base.name))
    own = project.models.filter(status=SpeechModel.Status.SUCCEEDED)
    own = own.select_related("base").order_by("-created", "name")
    own = own.prefetch_related("datasets")
    return [
        *(model for model in offered if not model.is_expired),
        *(model for model in own if not model.is_expired),
    ]


def usable_here(project: Project) -> list[SpeechModel]:
    """Those that this server recognises with; not the models of a Speech resource."""
    return [] if project.is_remote else usable(project)


@transaction.atomic
def create(
    project: Project,
    base: SpeechModel | None,
    datasets: Sequence[Dataset],
    name: str,
    description: str = "",
    text_weight: int = DEFAULT_TEXT_WEIGHT,
    seed: int = 1,
    tests: Sequence[Dataset] = (),
    guards: Sequence[Dataset] = (),
    key: UUID | None = None,
) -> SpeechModel:
    """Make a custom model, have it trained, and note which tests are to follow.

    Without `base` it is trained from the newest one that fits. `guards` are tests on
    general speech that it must not get worse on. `key` is for a form that may be sent
    twice: it makes one model. Raises `Refused`.
    """
    key = key or uuid4()
    if former := _made_before(project, key):
        return former
    base = base or _newest(project)
    _check(project, base, datasets, [*tests, *guards])
    model = SpeechModel(
        pk=key,
        project=project,
        name=name,
        description=description,
        base=base,
        text_weight=text_weight,
        seed=seed,
    )
    model.engine, model.reference = base.engine, f"custom:{key}"
    model.languages = language_of(project.locale)
    give_dates(model)
    model.save(force_insert=True)
    model.datasets.set(datasets)
    PlannedTest.objects.bulk_create(_planned(model, tests, guards))
    transaction.on_commit(model.enqueue)
    return model


def _made_before(project: Project, key: UUID) -> SpeechModel | None:
    """The model of this key, once nobody else is making one in this project."""
    Project.objects.select_for_update().get(pk=project.pk)
    return SpeechModel.objects.filter(pk=key, project=project).first()


def _newest(project: Project) -> SpeechModel:
    found = bases(project)
    if not found:
        message = f"There is no base model to train for {project.language}."
        raise Refused(message, "base", _BAD_BASE)
    return found[0]


def _check(
    project: Project,
    base: SpeechModel,
    datasets: Sequence[Dataset],
    tests: Sequence[Dataset],
) -> None:
    if problem := why_not_base(project, base):
        code = DEPRECATED if base.is_past_adaptation else _BAD_BASE
        raise Refused(problem, "base", code)
    if not base.is_offered:
        raise Refused(f"{base.name} is not on offer any more.", "base", _BAD_BASE)
    for dataset in (*datasets, *tests):
        if dataset.project_id != project.pk:
            message = f"“{dataset.name}” is not of this project."
            raise Refused(message, "datasets", "InvalidDataset")
    if not datasets:
        message = "Choose the data to train on."
        raise Refused(message, "datasets", "InvalidDataset")
    for dataset in datasets:
        _check_data(project, base, dataset)
    if problem := conflict(dataset.kind for dataset in datasets):
        raise Refused(problem, "datasets", "InvalidAdaptationMapping")


def _check_data(project: Project, base: SpeechModel, dataset: Dataset) -> None:
    problem, code = why_not_data(project, base, dataset), "InvalidAdaptationMapping"
    if dataset.status == Dataset.Status.FAILED:
        problem, code = "Its import has failed.", "FailedDataset"
    elif dataset.is_active:
        problem, code = "It is not imported yet. Wait for that.", "InvalidDataset"
    if problem:
        raise Refused(f"“{dataset.name}”: {problem}", "datasets", code)


def _planned(
    model: SpeechModel, tests: Sequence[Dataset], guards: Sequence[Dataset]
) -> Iterator[PlannedTest]:
    roles = ((PlannedTest.Role.TEST, tests), (PlannedTest.Role.GUARD, guards))
    for role, chosen in roles:
        for dataset in chosen:
            yield PlannedTest(model=model, dataset=dataset, role=role)


def rename(model: SpeechModel, name: str, description: str) -> None:
    SpeechModel.objects.filter(pk=model.pk).update(name=name, description=description)


def can_repeat(model: SpeechModel) -> bool:
    """Whether its job failed for a reason that may be gone the next time."""
    failed = model.status == SpeechModel.Status.FAILED and model.is_custom
    return failed and model.error_code in _PASSING


def retry(model: SpeechModel) -> None:
    """Train, copy or import again where the data is not to blame."""
    if not can_repeat(model):
        return
    row = SpeechModel.objects.filter(pk=model.pk)
    row.update(stage="")
    if model.origin == SpeechModel.Origin.TRAINED:
        row.update(curve=[])  # what failed has left no pass to go on from
    if model.retry():
        transaction.on_commit(model.enqueue)


def users_of(model: SpeechModel) -> list[Any]:
    """What needs the model: the endpoints that it answers for or is to, the tests that
    it was made part of, newest first, and sets of the editor that it is writing drafts
    for."""
    endpoints = [*model.endpoints.all(), *model.served_by.all()]
    candidates = model.candidates.select_related("evaluation")
    tests = [each.evaluation for each in candidates.order_by("-evaluation__created")]
    active = (SpeechModel.Status.NOT_STARTED, SpeechModel.Status.RUNNING)
    return (
        list(dict.fromkeys(endpoints))
        + tests
        + list(model.editor_sets.filter(status__in=active))
    )


@transaction.atomic
def delete(model: SpeechModel) -> None:
    """Delete a custom model with its files; a training under way stops.

    Raises `InUse` while something needs it.
    """
    locked = SpeechModel.objects.select_for_update().filter(pk=model.pk).first()
    if locked is None:
        return
    assert locked.is_custom
    if users_of(locked):
        raise InUse(f"“{locked.name}” is used by others. Delete these first.")
    engine, reference, folder = locked.engine, locked.reference, locked.folder
    is_here = locked.project is not None and not locked.project.is_remote
    locked.delete()
    transaction.on_commit(lambda: delete_tree(folder))
    if is_here:
        transaction.on_commit(lambda: _send_removal(engine, reference))


def _send_removal(engine: str, reference: str) -> None:
    """Have a worker delete the model's files: they may be on its disk only."""
    try:
        current_app.signature(_REMOVE, args=[engine, reference]).apply_async()
    except OperationalError:
        logger.warning("The files of %s stay: the broker is away", reference)
