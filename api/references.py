"""What bodies refer to: rows that the caller may see."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from api.errors import invalid
from api.operation import Call
from datasets.models import Dataset
from engines.registry import OURS
from training.models import SpeechModel


def bases_here() -> QuerySet[SpeechModel]:
    """The base models on offer of this server, without those of other resources."""
    return SpeechModel.objects.filter(project=None, is_offered=True, engine__in=OURS)


def dataset_in(call: Call, key: UUID, target: str) -> Dataset:
    """Raises `ApiError`."""
    rows = Dataset.objects.filter(pk=key, project__in=call.caller.projects())
    found = rows.first()
    if found is None:
        raise invalid(f"There is no datasets/{key}.", target, "InvalidDataset")
    return found


def model_in(call: Call, key: UUID, target: str) -> SpeechModel:
    """A base model or a custom one. Raises `ApiError`."""
    is_theirs = Q(project=None) | Q(project__in=call.caller.projects())
    found = SpeechModel.objects.filter(is_theirs, pk=key).first()
    if found is None:
        raise invalid(f"There is no models/{key}.", target, "InvalidModel")
    return found
