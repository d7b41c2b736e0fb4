from __future__ import annotations

from typing import Any

from django.db.models import FloatField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from api.addresses import Addresses
from api.shown.parts import course, described, duration, model_reference, state
from transcriptions.models import Transcription, TranscriptionFile
from transcriptions.results import iso


def transcription(row: Transcription, addresses: Addresses) -> dict[str, Any]:
    """`row` is one `with_seconds`.

    What is transcribed is not shown, as in the reference: its addresses may hold keys.
    """
    path = f"transcriptions/{row.pk}"
    shown: dict[str, Any] = {
        "self": addresses.of(path),
        **described(row),
        "locale": row.project.locale,
        "project": addresses.reference("projects", row.project_id),
        **state(row),
        "properties": _properties(row, addresses.version),
        "links": {"files": addresses.of(f"{path}/files")},
    }
    if row.model:
        shown["model"] = model_reference(row.model, addresses)
    return shown


def with_seconds(rows: QuerySet[Transcription]) -> QuerySet[Transcription]:
    """How long their recordings are together, as `seconds`."""
    files = TranscriptionFile.objects.filter(transcription=OuterRef("pk")).order_by()
    total = files.values("transcription").values(total=Sum("seconds"))
    seconds = Coalesce(Subquery(total), Value(0.0), output_field=FloatField())
    return rows.annotate(seconds=seconds)


def _properties(row: Any, version: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "wordLevelTimestampsEnabled": row.has_word_times,
        "displayFormWordLevelTimestampsEnabled": row.has_display_word_times,
        "channels": row.channels,
        "punctuationMode": row.punctuation,
        "profanityFilterMode": row.profanity,
    }
    if version == "v3.2":
        shown["timeToLive"] = iso(row.hours * 3600)
    else:
        shown["timeToLiveHours"] = row.hours
    if row.destination:
        # What opens it is kept apart.
        shown["destinationContainerUrl"] = row.destination
    if not row.is_active:
        shown |= duration(row.seconds, version)
    return shown | course(row)
