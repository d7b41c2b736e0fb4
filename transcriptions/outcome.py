"""How transcriptions have ended, for lists: one of which no file could be transcribed
has failed for whoever reads it, though its job has done all that it could."""

from __future__ import annotations

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from jobs.models import Job
from transcriptions.models import Transcription, TranscriptionFile

PARTLY = "Partly"
OUTCOMES = [
    ("NotStarted", "Waiting"),
    ("Running", "Processing"),
    ("Succeeded", "Succeeded"),
    (PARTLY, "Some files failed"),
    ("Failed", "Failed"),
]


def with_outcomes(rows: QuerySet[Transcription]) -> QuerySet[Transcription]:
    """The rows with `outcome`, a key of `OUTCOMES`."""
    files = TranscriptionFile.objects.filter(transcription=OuterRef("pk"))
    good = Exists(files.filter(status=Job.Status.SUCCEEDED))
    failed = Exists(files.filter(status=Job.Status.FAILED))
    ended = Q(status=Job.Status.SUCCEEDED)
    outcome = Case(
        When(ended & failed & ~good, then=Value(Job.Status.FAILED.value)),
        When(ended & failed, then=Value(PARTLY)),
        default=F("status"),
    )
    return rows.annotate(outcome=outcome)
