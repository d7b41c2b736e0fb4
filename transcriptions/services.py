"""What a person or a client can do with transcriptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import PurePath
from typing import Any
from uuid import UUID, uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction

from datasets import fetch
from datasets.formats.base import shown
from datasets.models import Dataset, Utterance
from editor.disk import look_ahead, told_when_full
from endpoints.serving import newest_base
from projects.models import Project
from training.models import SpeechModel
from training.services import usable
from transcriptions.addresses import sealed
from transcriptions.models import Sketch, Transcription, TranscriptionFile

# As in the reference: of addresses in a request, and of files in a container.
MAX_URLS, MAX_RECORDINGS = 1000, 10_000
# Of a form: all of them are open at once while they come.
MAX_FILES = 200
_BATCH = 500


def default_model(project: Project) -> SpeechModel | None:
    """The newest base model that is here, or one that would be fetched."""
    offered = (model for model in usable(project) if not model.is_custom)
    return newest_base(project) or next(offered, None)


def create(
    project: Project,
    model: SpeechModel,
    *,
    files: Sequence[File[bytes]] = (),
    names: Sequence[str] = (),
    urls: Sequence[str] = (),
    container: str = "",
    destination: str = "",
    dataset: Dataset | None = None,
    key: UUID | None = None,
    **answers: Any,
) -> Transcription:
    """Transcribe files, what is at addresses or in a container, or the recordings of a
    dataset: one of them. `names` are those of the files, if others than their own;
    `destination` is a container for the results; `answers` are the options, called as
    the fields. A form that is sent twice, with one `key`, makes one. Raises `DiskFull`.
    """
    made = Transcription(
        pk=_free(key, project),
        project=project,
        model=model,
        model_name=model.name,
        **sealed(container=container, destination=destination),
        **answers,
    )
    look_ahead()
    rows: list[TranscriptionFile] = []
    try:
        with told_when_full():
            rows += _of_files(made, files, names) if files else _of_urls(made, urls)
        kept = _add(made, rows, dataset)
    except BaseException:
        _discard(rows)
        raise
    if kept is not made:
        _discard(rows)
    return kept


def _free(key: UUID | None, project: Project) -> UUID:
    """The key, unless it is that of a transcription of somebody else."""
    strange = Transcription.objects.exclude(project=project)
    return uuid4() if key is None or strange.filter(pk=key).exists() else key


@transaction.atomic
def _add(
    made: Transcription, rows: list[TranscriptionFile], dataset: Dataset | None
) -> Transcription:
    """Store the rows and begin; or give the one that was made before."""
    # One at a time in each project: the key holds.
    Project.objects.select_for_update().get(pk=made.project_id)
    former = made.project.transcriptions.filter(pk=made.pk).first()
    if former:
        return former
    made.save(force_insert=True)
    TranscriptionFile.objects.bulk_create(rows, batch_size=_BATCH)
    if dataset:
        _add_recordings(made, dataset)
    transaction.on_commit(made.enqueue)
    return made


def _discard(rows: Iterable[TranscriptionFile]) -> None:
    for row in rows:
        if row.upload:
            default_storage.delete(str(row.upload.name))


def go_on(transcription: Transcription, **addresses: str) -> None:
    """Try again what has failed; what was transcribed is kept.

    `addresses` are those of its containers, with what opens them.
    """
    given = {name: address for name, address in addresses.items() if address}
    with transaction.atomic():
        if not (transcription.retry() or transcription.reopen()):
            return
        if given:
            row = Transcription.objects.filter(pk=transcription.pk)
            row.update(**sealed(**given))
        for file in transcription.files.filter(status=TranscriptionFile.Status.FAILED):
            file.retry()
        transaction.on_commit(transcription.enqueue)


def rename(transcription: Transcription, name: str, description: str) -> None:
    Transcription.objects.filter(pk=transcription.pk).update(
        name=name, description=description
    )


def delete(transcription: Transcription) -> None:
    """Delete a transcription with its results; if it runs, the workers stop."""
    transcription.discard()


def _of_files(
    made: Transcription, files: Sequence[File[bytes]], names: Sequence[str]
) -> Iterator[TranscriptionFile]:
    given = names or [PurePath(file.name or "").name for file in files]
    for position, (file, name) in enumerate(zip(files, given, strict=True)):
        upload = default_storage.save(
            f"{made.folder}/uploads/{position:06}{PurePath(name).suffix[:10]}", file
        )
        yield TranscriptionFile(
            transcription=made,
            position=position,
            name=shown(name)[-255:] or "recording",
            upload=upload,
        )


def _of_urls(made: Transcription, urls: Iterable[str]) -> Iterator[TranscriptionFile]:
    for position, url in enumerate(urls):
        name = shown(fetch.file_name(url))[-255:]
        yield TranscriptionFile(
            transcription=made, position=position, name=name, **sealed(url=url)
        )


def _add_recordings(made: Transcription, dataset: Dataset) -> None:
    """A file for each recording of a dataset, which is converted already."""
    rows = dataset.utterances.select_related("loudness").order_by("position")
    recordings = list(rows)
    files = TranscriptionFile.objects.bulk_create(
        map(partial(_of_recording, made), range(len(recordings)), recordings),
        batch_size=_BATCH,
    )
    Sketch.objects.bulk_create(
        (
            Sketch(file=file, peaks=recording.loudness.peaks)
            for file, recording in zip(files, recordings, strict=True)
        ),
        batch_size=_BATCH,
    )


def _of_recording(
    made: Transcription, position: int, recording: Utterance
) -> TranscriptionFile:
    return TranscriptionFile(
        transcription=made,
        position=position,
        name=recording.name,
        audio=recording.audio.name,
        channels=[0],
        seconds=recording.seconds,
    )
