"""The kinds of things that web hooks tell of, and the names of what happens to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from api import shown
from api.addresses import Addresses
from datasets.models import Dataset
from endpoints.models import Endpoint
from evaluations.models import Evaluation
from jobs.models import Job
from training.models import SpeechModel
from transcriptions.models import Transcription

CREATION, PROCESSING = "Creation", "Processing"
COMPLETION, DELETION = "Completion", "Deletion"
MOMENTS = (CREATION, PROCESSING, COMPLETION, DELETION)


@dataclass(frozen=True)
class Kind:
    """`rows` have what `shown` needs; `collection` is their place in addresses."""

    name: str
    collection: str
    rows: QuerySet[Any]
    shown: Callable[[Any, Addresses], dict[str, Any]]

    def event(self, moment: str) -> str:
        return f"{self.name}{moment}"


KINDS = (
    Kind(
        "dataset",
        "datasets",
        Dataset.objects.select_related("project", "upload"),
        shown.dataset,
    ),
    Kind(
        "model",
        "models",
        # Those that everybody has belong to nobody.
        SpeechModel.objects.exclude(project=None)
        .select_related("project", "base")
        .prefetch_related("datasets"),
        shown.model,
    ),
    Kind(
        "evaluation",
        "evaluations",
        Evaluation.objects.select_related("project"),
        shown.evaluation,
    ),
    Kind(
        "transcription",
        "transcriptions",
        shown.with_seconds(Transcription.objects.select_related("project", "model")),
        shown.transcription,
    ),
    Kind(
        "endpoint",
        "endpoints",
        Endpoint.objects.select_related("project", "model"),
        shown.endpoint,
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
EVENTS = tuple(kind.event(moment) for kind in KINDS for moment in MOMENTS)


def kind_of(model: type[Any]) -> Kind | None:
    return next((kind for kind in KINDS if kind.rows.model is model), None)


def parts_of(event: str) -> tuple[Kind, str]:
    """
    >>> kind, moment = parts_of("modelDeletion")
    >>> kind.collection, moment
    ('models', 'Deletion')
    """
    moment = next(one for one in MOMENTS if event.endswith(one))
    return BY_NAME[event.removesuffix(moment)], moment


def has_happened(moment: str) -> Q:
    """The rows with which it is so that an event tells of."""
    waiting, running = Job.Status.NOT_STARTED, Job.Status.RUNNING
    if moment == PROCESSING:
        return ~Q(status=waiting)
    if moment == COMPLETION:
        return ~Q(status__in=(waiting, running))
    return Q()
