"""Endpoints with content logs, for the tests of this room."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from endpoints import logs
from endpoints.models import Endpoint, LogEntry
from jobs.models import Job
from projects.models import Project
from speechstudio.test import make_model, tone
from training.models import SpeechModel

HEADER_BYTES = 44  # of a WAV file
PCM = tone(0.5)[HEADER_BYTES:]


def make_endpoint(project: Project, **fields: Any) -> Endpoint:
    """One that answers with the base model."""
    model = SpeechModel.objects.filter(reference="base").first() or make_model()
    values = {"name": "Ward", "status": Job.Status.SUCCEEDED, "serving": model}
    return Endpoint.objects.create(project=project, model=model, **values | fields)


def keep(
    endpoint: Endpoint,
    text: str = "one two",
    confidence: float | None = 0.8,
    created: str = "",
    seconds: float = 0.5,
) -> LogEntry:
    """Log a session, as of `created` (2026-05-31T12:00) when that is said."""
    answer = {"RecognitionStatus": "Success", "DisplayText": text}
    logs.keep(endpoint.pk, PCM, answer, text, confidence, seconds)
    entry = endpoint.log_entries.latest("created")
    if created:
        entry.created = datetime.fromisoformat(created).replace(tzinfo=UTC)
        entry.save()
    return entry
