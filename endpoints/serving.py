"""Which model an endpoint answers with."""

from __future__ import annotations

from django.db.models import QuerySet

from endpoints.models import Endpoint
from projects.models import Project
from training.models import SpeechModel


def answering(endpoint: Endpoint) -> SpeechModel | None:
    """What answers a request now; None when nothing can.

    In the place of a model that has expired: the newest base model of the language,
    as in section 9 of the reference.
    """
    model = endpoint.serving
    if model is None or not model.is_expired:
        return model
    return newest_base(endpoint.project)


def newest_base(project: Project) -> SpeechModel | None:
    """The newest base model on this disk that speaks the project's language."""
    for model in _ready_bases(project).order_by("-released", "-created"):
        if model.speaks(project.locale) and not model.is_expired:
            return model
    return None


def _ready_bases(project: Project) -> QuerySet[SpeechModel]:
    return SpeechModel.objects.filter(
        engine=project.engine,
        project=None,
        is_offered=True,
        status=SpeechModel.Status.SUCCEEDED,
    )
