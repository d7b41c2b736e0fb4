"""Load a transcription, or a file of one, for whoever may see it."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404

from projects.access import project_for
from projects.models import Role
from projects.requests import Request
from transcriptions.models import Transcription, TranscriptionFile


def transcription_for(
    request: Request, transcription_id: UUID, role: Role = Role.VIEWER
) -> Transcription:
    rows = Transcription.objects.select_related("model")
    transcription = get_object_or_404(rows, pk=transcription_id)
    transcription.project = project_for(request.user, transcription.project_id, role)
    return transcription


def file_for(
    request: Request, transcription_id: UUID, position: int
) -> TranscriptionFile:
    transcription = transcription_for(request, transcription_id)
    file: TranscriptionFile = get_object_or_404(transcription.files, position=position)
    file.transcription = transcription
    return file
