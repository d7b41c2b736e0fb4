"""What the objects of the API have in common.

Reference: the schemas of the Speech to text REST API, version 2025-10-15. A field
without a value is left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api.addresses import Addresses
from jobs.models import Job
from training.models import SpeechModel
from transcriptions.results import iso


def moment(time: datetime) -> str:
    """
    >>> moment(datetime(2026, 2, 3, 9, 15, 0, 123456, UTC))
    '2026-02-03T09:15:00Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: float, version: str) -> dict[str, Any]:
    """
    >>> duration(2.5, "2025-10-15"), duration(2.5, "v3.2")
    ({'durationMilliseconds': 2500}, {'duration': 'PT2.5S'})
    """
    if version == "v3.2":
        return {"duration": iso(seconds)}
    return {"durationMilliseconds": round(seconds * 1000)}


def described(row: Any) -> dict[str, Any]:
    """Name, description and custom properties."""
    shown: dict[str, Any] = {"displayName": row.name}
    if row.description:
        shown["description"] = row.description
    if row.custom_properties:
        shown["customProperties"] = row.custom_properties
    return shown


def state(job: Job) -> dict[str, str]:
    return {
        "createdDateTime": moment(job.created),
        "lastActionDateTime": moment(job.last_action),
        "status": job.status,
    }


def course(job: Job) -> dict[str, Any]:
    """How a job goes, as a part of its properties: the share that is done, which is an
    addition to the contract, and the error when it has failed."""
    if job.status == Job.Status.RUNNING and job.total:
        return {"progress": round(job.share, 3)}
    if job.status != Job.Status.FAILED:
        return {}
    return {"error": {"code": job.error_code, "message": job.error}}


def model_reference(model: SpeechModel, addresses: Addresses) -> dict[str, str]:
    """Base models have addresses of their own."""
    collection = "models" if model.is_custom else "models/base"
    return addresses.reference(collection, model.pk)
