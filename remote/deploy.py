"""Deploy models at a resource: endpoints, and what is changed of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from endpoints.models import Endpoint
from engines.azure.client import AzureClient
from engines.azure.errors import AzureError
from jobs.models import Gone, Job
from projects.models import Project
from remote.course import Found, Work
from remote.home import home_of
from remote.make import make
from remote.models import Remote
from remote.send import Say
from remote.talk import opened, reason, reference
from training.lifetime import check_recognises


def _make(client: AzureClient, row: Remote, endpoint: Endpoint, say: Say) -> None:
    """Also with another model than before: that is changed there."""
    model = endpoint.model
    check_recognises(model)
    if not row.address:
        home = home_of(client, endpoint.project)
        body: dict[str, Any] = {
            **_named(endpoint),
            "locale": endpoint.project.locale,
            "model": reference(client, model.reference),
            "project": reference(client, home.address),
            "properties": {"loggingEnabled": endpoint.logging_enabled},
        }
        make(client, row, body, "endpoints")
        row.keep(model=model.reference, told=told(endpoint))
    elif row.state.get("model") != model.reference:
        client.patch(row.address, {"model": reference(client, model.reference)})
        row.keep(model=model.reference)


def _collect(
    client: AzureClient, row: Remote, endpoint: Endpoint, found: Found
) -> None:
    links = found.get("links")
    row.keep(links=links if isinstance(links, dict) else {})
    if not endpoint.succeed(serving=endpoint.model, losses=0):
        raise Gone(f"{endpoint!r} is not ours any more")


def catch_up() -> None:
    """Tell the resources what was changed here of endpoints that are there: name,
    description, and whether content is logged."""
    ready = Endpoint.objects.filter(status=Job.Status.SUCCEEDED)
    rows = Remote.objects.filter(kind=Remote.Kind.ENDPOINT, is_leaving=False)
    rows = rows.filter(local__in=ready.values("pk")).select_related("resource")
    found = {
        endpoint.pk: endpoint for endpoint in ready.filter(project__remotes__in=rows)
    }
    for row in rows.exclude(address=""):
        endpoint = found.get(row.local)
        if endpoint and row.state.get("told") != told(endpoint):
            _change(row, endpoint)


def _change(row: Remote, endpoint: Endpoint) -> None:
    body = {
        **_named(endpoint),
        "properties": {"contentLoggingEnabled": endpoint.logging_enabled},
    }
    try:
        with opened(row.resource) as client:
            client.patch(row.address, body)
    except AzureError as e:
        row.change(note=reason(row.resource, e))
        return
    row.keep(told=told(endpoint))
    row.change(note="")


def told(endpoint: Endpoint) -> list[Any]:
    """What the resource is told of it besides its model."""
    return [endpoint.name, endpoint.description, endpoint.logging_enabled]


def _named(endpoint: Endpoint) -> dict[str, str]:
    return {"displayName": endpoint.name, "description": endpoint.description}


def _project(endpoint: Endpoint) -> Project:
    return endpoint.project


def _tell(endpoint: Endpoint, stage: str) -> None:
    """Its row has the note."""
    if not endpoint.claimed().exists():
        raise Gone(f"{endpoint!r} is not ours any more")


def _show(keys: Sequence[UUID], note: str) -> None:
    """Its row has the note."""


DEPLOYMENT = Work(
    Remote.Kind.ENDPOINT, Endpoint, _project, _make, _collect, _tell, _show
)
