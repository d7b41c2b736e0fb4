"""Which model an endpoint answers with, and why it does not."""

from __future__ import annotations

from endpoints.models import Endpoint
from projects.models import Project
from training.models import SpeechModel
from training.offers import on_offer


def answering(endpoint: Endpoint) -> SpeechModel | None:
    """The model for a request now; None when there is none.

    In the place of a model that has expired: the newest base model of the language,
    as in section 9 of the reference.
    """
    model = endpoint.serving
    if model is None or not model.is_expired:
        return model
    return newest_base(endpoint.project)


def why_silent(endpoint: Endpoint, model: SpeechModel | None) -> str:
    """Why its requests are refused; empty when they are not. `model` is the one that is
    `answering`."""
    if resource := endpoint.project.resource:
        return f"It answers at {resource.name}, not here."
    if endpoint.is_suspended:
        return "It is suspended."
    if model:
        return ""
    if endpoint.serving:
        return "Its model has expired, and no base model can answer in its place."
    return "It has no model that answers yet."


def newest_base(project: Project) -> SpeechModel | None:
    """The newest base model on this disk that speaks the project's language."""
    for model in on_offer(project):
        is_here = model.status == SpeechModel.Status.SUCCEEDED
        if is_here and not model.is_expired:
            return model
    return None
