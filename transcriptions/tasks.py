from __future__ import annotations

from uuid import UUID

from celery import shared_task

from datasets.formats.base import FormatError
from editor.disk import DiskFull
from engines.base import EngineError
from jobs.runner import run
from transcriptions.begin import begin, settle
from transcriptions.models import Transcription, TranscriptionFile
from transcriptions.transcribe import transcribe


@shared_task
def run_transcription(transcription_id: str) -> None:
    run(Transcription, transcription_id, begin, expected=(EngineError, FormatError))
    # Where nothing is left to transcribe, no file ends it.
    settle(transcription_id)


@shared_task
def transcribe_file(file_id: str) -> None:
    expected = (EngineError, FormatError, DiskFull)
    run(TranscriptionFile, file_id, transcribe, expected=expected)
    transcription_id = _transcription_of(file_id)
    if transcription_id:
        settle(transcription_id)


@shared_task
def settle_transcription(transcription_id: str) -> None:
    settle(transcription_id)


def _transcription_of(file_id: str) -> UUID | None:
    keys = TranscriptionFile.objects.filter(pk=file_id)
    return keys.values_list("transcription", flat=True).first()
