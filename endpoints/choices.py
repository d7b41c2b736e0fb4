"""What can be tried out in a project: its endpoints, and the base models on this disk
that speak its language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from endpoints import tokens
from endpoints.models import Endpoint
from endpoints.serving import answering, why_silent
from jobs.models import Job
from projects.models import Project
from training.services import usable


@dataclass(frozen=True)
class Choice:
    """`kind` is its parameter in an address; `why_not` says why nothing answers."""

    kind: Literal["endpoint", "model"]
    pk: UUID
    name: str
    model_name: str = ""  # behind an endpoint
    is_logged: bool = False
    why_not: str = ""

    @property
    def query(self) -> str:
        return f"{self.kind}={self.pk}"

    def token(self, project: Project) -> str:
        if self.kind == "model":
            return tokens.for_base_model(project.pk, self.pk)
        return tokens.for_endpoint(self.pk)


def choices(project: Project) -> list[Choice]:
    """Endpoints, newest first, then base models; those that do not answer among
    them."""
    endpoints = project.endpoints.select_related("model", "serving")
    return [*map(_of_endpoint, endpoints), *_base_models(project)]


def asked_for(found: list[Choice], query: Mapping[str, str]) -> Choice | None:
    """The one that an address names; None when it names none that is here."""
    return next((one for one in found if query.get(one.kind) == str(one.pk)), None)


def _of_endpoint(endpoint: Endpoint) -> Choice:
    model = answering(endpoint)
    return Choice(
        "endpoint",
        endpoint.pk,
        endpoint.name,
        (model or endpoint.model).name,
        endpoint.logging_enabled,
        why_silent(endpoint, model),
    )


def _base_models(project: Project) -> Iterator[Choice]:
    for model in [] if project.is_remote else usable(project):
        if not model.is_custom and model.status == Job.Status.SUCCEEDED:
            yield Choice("model", model.pk, model.name)
