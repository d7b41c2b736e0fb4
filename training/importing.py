"""Take in a custom model that was made elsewhere: a zip of its folder.

It may be one of CTranslate2, such as an export of this studio, or one of Hugging
Face's `transformers` with its weights as safetensors.
"""

from __future__ import annotations

from pathlib import PurePath
from uuid import UUID, uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from engines.base import EngineError
from engines.registry import get_engine
from jobs.models import Gone
from projects.models import Project
from projects.storage import local_copy
from scoring.locale import language_of
from training.disk import check_room, told_when_full, workplace
from training.lifetime import give_dates
from training.models import SpeechModel
from training.unpack import unpack

_MEGABYTE = 1_000_000
# Of these the archive is to blame, and nothing comes of it another time.
_FINAL = ("BadArchive", "BadModel")


def bases_of(project: Project) -> list[SpeechModel]:
    """The base models that a model of this project may have been made from."""
    known = SpeechModel.objects.filter(engine=project.engine, project=None)
    return [model for model in known.order_by("name") if model.speaks(project.locale)]


def start(
    project: Project,
    base: SpeechModel,
    name: str,
    file: File[bytes],
    description: str = "",
    key: UUID | None = None,
) -> SpeechModel:
    """Store the archive, and have it looked at.

    `key` is for a form that may be sent twice: it makes one model. Raises
    `EngineError` when there is no room for the archive.
    """
    key = key or uuid4()
    former = SpeechModel.objects.filter(pk=key, project=project).first()
    if former:
        return former
    model = SpeechModel(
        pk=key,
        project=project,
        engine=base.engine,
        reference=f"custom:{key}",
        name=name,
        description=description,
        languages=language_of(project.locale),
        origin=SpeechModel.Origin.IMPORTED,
        base=base,
        recipe={"imported_from": {"file": PurePath(file.name or "").name[:200]}},
    )
    give_dates(model)
    stored = _store(model, file)
    try:
        with transaction.atomic():
            model.save(force_insert=True)
            transaction.on_commit(model.enqueue)
    except IntegrityError:  # the form was sent twice, and the other was faster
        default_storage.delete(stored)
        return SpeechModel.objects.get(pk=key, project=project)
    return model


def _store(model: SpeechModel, file: File[bytes]) -> str:
    check_room(file.size)
    with told_when_full():
        return default_storage.save(_archive(model), file)


def import_model(model: SpeechModel) -> None:
    """The work of an import's job. Raises `EngineError`."""
    try:
        _take_in(model)
    except EngineError as e:
        if e.code in _FINAL:
            default_storage.delete(_archive(model))
        raise


def _take_in(model: SpeechModel) -> None:
    assert model.project is not None
    archive = _archive(model)
    if not default_storage.exists(archive):
        raise EngineError("The uploaded file is gone. Upload it again.", "SourceGone")

    def report(done: int, total: int) -> None:
        check_room(total - done)
        model.report(done // _MEGABYTE, max(1, total // _MEGABYTE))

    engine = get_engine(model.engine)
    with told_when_full(), local_copy(archive) as path, workplace(model.pk) as folder:
        _say(model, "Unpacking")
        unpack(path, folder, report)
        _say(model, "Trying the model")
        engine.take_in(folder, model.reference, model.project.locale)
    if model.succeed(stage=""):
        default_storage.delete(archive)
    elif not SpeechModel.objects.filter(pk=model.pk).exists():
        engine.remove(model.reference)  # it was deleted meanwhile


def _say(model: SpeechModel, stage: str) -> None:
    if not model.claimed().update(stage=stage):
        raise Gone(f"{model!r} is not ours any more")


def _archive(model: SpeechModel) -> str:
    return f"{model.folder}/import.zip"
