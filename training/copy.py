"""Copy a custom model to another project of the same language.

The model goes along with what is known of it: recipe, curve, report, the figures
of the held-out clips. Its data and tests stay where they are.
"""

from __future__ import annotations

from uuid import UUID, uuid4, uuid5

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from engines.base import EngineError
from engines.registry import get_engine
from projects.access import User, projects_of
from projects.models import Project, Role
from projects.storage import delete_tree
from training.disk import told_when_full
from training.models import SpeechModel


def targets(user: User, model: SpeechModel) -> QuerySet[Project]:
    """The projects that this person may copy the model to."""
    project = model.project
    assert project is not None
    fitting = projects_of(user, Role.EDITOR).filter(
        locale=project.locale, engine=project.engine
    )
    return fitting.exclude(pk=project.pk).order_by("name")


@transaction.atomic
def start(
    source: SpeechModel, project: Project, name: str, key: UUID | None = None
) -> SpeechModel:
    """Make the row of the copy, and have the files copied.

    `key` is for a form that may be sent twice: it makes one copy in each project. The
    copy expires when its source does: it is no newer.
    """
    assert source.project is not None
    key = uuid5(key or uuid4(), str(project.pk))
    model, is_new = SpeechModel.objects.get_or_create(
        pk=key,
        project=project,
        defaults={
            "engine": source.engine,
            "reference": f"custom:{key}",
            "name": name,
            "description": source.description,
            "languages": source.languages,
            "origin": SpeechModel.Origin.COPIED,
            "base": source.base,
            "text_weight": source.text_weight,
            "seed": source.seed,
            "curve": source.curve,
            "held_out": source.held_out,
            "transcription_expires": source.transcription_expires,
            "recipe": source.recipe
            | {
                "copied_from": {
                    "model": str(source.pk),
                    "name": source.name,
                    "project": str(source.project_id),
                    "project_name": source.project.name,
                }
            },
        },
    )
    if is_new:
        transaction.on_commit(model.enqueue)
    return model


def copy(model: SpeechModel) -> None:
    """The work of a copy's job. Raises `EngineError`."""
    folder, key = model.folder, model.recipe["copied_from"]["model"]
    source = SpeechModel.objects.filter(pk=key).first()
    if source is None or source.status != SpeechModel.Status.SUCCEEDED:
        raise EngineError(
            "The model that was to be copied is gone. Delete this copy.", "SourceGone"
        )
    model.report(0, 1)
    with told_when_full():
        get_engine(model.engine).copy(source.reference, model.reference)
        report = _copied_report(source, model)
    if not model.succeed(report_file=report, done=1):
        _tidy(model, folder)


def _copied_report(source: SpeechModel, model: SpeechModel) -> str:
    name = source.report_file.name
    if not name or not default_storage.exists(name):
        return ""
    target = f"{model.folder}/report.json"
    default_storage.delete(target)  # of a try that died
    with default_storage.open(name) as file:
        return default_storage.save(target, file)


def _tidy(model: SpeechModel, folder: str) -> None:
    """Take the files away of a model that was deleted while they were copied."""
    if not SpeechModel.objects.filter(pk=model.pk).exists():
        get_engine(model.engine).remove(model.reference)
        delete_tree(folder)
