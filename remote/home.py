"""The project at the resource that a project of ours has its work done in."""

from __future__ import annotations

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from projects.models import Project
from remote.make import make, row_of
from remote.models import Remote


def home_of(client: AzureClient, project: Project) -> Remote:
    """Where it is there; made when it is first needed. Raises `AzureError` and
    `NotYet`."""
    row = row_of(Remote.Kind.PROJECT, project.pk, project)
    if row.address and _is_gone(client, row):
        row.row.delete()
        row = row_of(Remote.Kind.PROJECT, project.pk, project)
    body = {"displayName": project.name, "locale": project.locale}
    if project.description:
        body["description"] = project.description
    make(client, row, dict(body), "projects")
    return row


def _is_gone(client: AzureClient, row: Remote) -> bool:
    try:
        client.get(row.address)
    except AzureError as e:
        if e.kind is Kind.GONE:
            return True
        raise
    return False
