"""The job of a transcription: list its container if it has one, have the model ready,
leave the rest to its files, and write the report when the last of them has ended."""

from __future__ import annotations

import json
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Count, Q

from datasets.formats.base import FormatError
from engines.base import EngineError
from jobs.models import Gone, Job
from jobs.runner import finish
from training.fetch import ensure
from training.lifetime import check_recognises
from transcriptions.deliver import deliver
from transcriptions.gather import gather
from transcriptions.models import Transcription
from transcriptions.results import Outcome, report
from transcriptions.stored import REPORT_NAME

_BATCH = 1000
_ENDED = (Job.Status.SUCCEEDED, Job.Status.FAILED)


def begin(transcription: Transcription) -> None:
    """Queue all files that have not ended. Raises `EngineError` when the model cannot
    be had or has expired, and `FormatError` when a container cannot be listed."""
    if transcription.container and not transcription.files.exists():
        gather(transcription)
    waiting = list(transcription.files.exclude(status__in=_ENDED))
    if waiting:
        _have_model(transcription)
    _say(transcription, "")
    total = transcription.files.count()
    transcription.begin_with(total - len(waiting), total)
    transcription.hand_over()
    for file in waiting:
        file.enqueue()


def _have_model(transcription: Transcription) -> None:
    model = transcription.model
    if model is None:
        raise EngineError(
            f"The model {transcription.model_name} was deleted before it was used.",
            "InvalidModel",
        )
    check_recognises(model)
    if model.status != Job.Status.SUCCEEDED:
        _say(transcription, f"Fetching the model {model.name}")
        ensure(model)


def settle(transcription_id: UUID | str) -> None:
    """Count the files that have ended; after the last one, end the transcription."""
    transcription = Transcription.objects.filter(
        pk=transcription_id, status=Job.Status.RUNNING, heartbeat=None
    ).first()
    if transcription is None or transcription.project.is_remote:
        # A resource ends it as a whole.
        return
    counts = transcription.files.aggregate(
        total=Count("pk"), done=Count("pk", filter=Q(status__in=_ENDED))
    )
    # Of two files that end at once, the later count is never the smaller one.
    transcription.claimed().filter(done__lt=counts["done"]).update(done=counts["done"])
    if counts["done"] == counts["total"]:
        finish(transcription, _conclude, expected=(FormatError,))


def _conclude(transcription: Transcription) -> None:
    former = transcription.report_file.name
    name = default_storage.save(
        f"{transcription.folder}/{REPORT_NAME}", ContentFile(_report(transcription))
    )
    # From here on all can be taken away, even if it cannot be written elsewhere.
    if not transcription.claimed().update(report_file=name):
        default_storage.delete(name)
        raise Gone(f"{transcription!r} was taken over")
    transcription.report_file.name = name
    if former:
        default_storage.delete(former)
    if transcription.destination:
        deliver(transcription)
    transcription.succeed(stage="")


def _report(transcription: Transcription) -> bytes:
    outcomes = (
        Outcome(file.source, file.error_code, file.error)
        for file in transcription.files.order_by("position").iterator(_BATCH)
    )
    made = report(outcomes, transcription.ignored, transcription.ignored_count)
    return json.dumps(made, ensure_ascii=False, indent=2).encode()


def _say(transcription: Transcription, stage: str) -> None:
    Transcription.objects.filter(pk=transcription.pk).update(stage=stage)
