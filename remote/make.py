"""Make something at a Speech resource, once, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Q
from django.utils.timezone import now

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from projects.models import Project
from remote.models import Remote
from remote.talk import UNCERTAIN, NotYet, bare

# By this custom property something is found there that was made from here.
MARK = "speechstudio"
# Longer than any one call takes.
_AT_WORK = timedelta(minutes=3)


def row_of(kind: str, key: UUID, project: Project) -> Remote:
    """The row of something that is there, or that is about to be made there."""
    assert project.resource is not None
    row, _ = Remote.objects.get_or_create(
        kind=kind,
        local=key,
        is_leaving=False,
        defaults={"project": project, "resource": project.resource},
    )
    return row


def make(
    client: AzureClient, row: Remote, body: dict[str, Any], path: str, to: str = ""
) -> None:
    """Make it by a POST to `to`, or `path`, and keep its address; `path` lists such.

    After a crash, or an answer that was lost, it is looked for first. Raises
    `AzureError`, and `NotYet` while another worker makes it.
    """
    if row.address:
        return
    mark = str(row.local)
    is_second = row.intended is not None
    begin(row)
    body["customProperties"] = body.get("customProperties", {}) | {MARK: mark}
    try:
        found = found_by_mark(client, path, mark) if is_second else None
        made = found or client.post(to or path, body)
    except AzureError as e:
        # Nobody is at work any more; whether it is there may be unknown.
        row.change(intended=now() - _AT_WORK if is_second or _may_be(e) else None)
        raise
    # A name that is changed here is told there from then on; see `rename.py`.
    row.state["told"] = [body["displayName"], body.get("description", "")]
    keep(row, made)


def begin(row: Remote) -> None:
    """Say that this worker is making it there. Raises `NotYet` when another one is."""
    moment = now()
    free = Q(intended=None) | Q(intended__lte=moment - _AT_WORK)
    if not row.row.filter(free, address=row.address).update(intended=moment):
        raise NotYet("Waiting for another job that does the same")
    row.intended = moment


def keep(row: Remote, made: dict[str, Any]) -> None:
    """Keep what the resource says of it. Raises `AzureError` for an answer that names
    no address, and for one that is known as something else."""
    address = bare(str(made.get("self") or ""))
    if not address:
        message = "The answer names nothing that was made; this is no Speech resource."
        raise AzureError(message, "NotAzure", 200, Kind.NOT_AZURE)
    links = made.get("links")
    state = row.state | {"links": links if isinstance(links, dict) else {}}
    try:
        row.change(address=address, state=state, intended=None)
    except IntegrityError as e:
        message = "The resource gave an address that something else has here."
        raise AzureError(message, "NotAzure", 200, Kind.NOT_AZURE) from e


def _may_be(error: AzureError) -> bool:
    return error.kind in UNCERTAIN


def found_by_mark(client: AzureClient, path: str, mark: str) -> dict[str, Any] | None:
    """What was made there for a row of ours; None when nothing was."""
    for one in client.pages(path, top=1000):
        properties = one.get("customProperties")
        if isinstance(properties, dict) and properties.get(MARK) == mark:
            return one
    return None
