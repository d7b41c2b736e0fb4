"""What is deleted here goes there as well, if it was made from here.

Nothing tells this room of a deletion: it looks which of its rows stand for something
that is gone. So whatever deletes something, a page, the API or a whole project, nothing
is forgotten, and a resource that is away gets told later.
"""

from __future__ import annotations

from itertools import groupby

from django.apps import apps
from django.db.models import QuerySet
from django.utils.timezone import now

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from remote.make import found_by_mark
from remote.models import Remote
from remote.pace import pause
from remote.talk import PASSING, noted, opened, reason

# What uses others goes before them.
_ORDER = {
    Remote.Kind.ENDPOINT: ("endpoints.Endpoint", "endpoints"),
    Remote.Kind.TRANSCRIPTION: ("transcriptions.Transcription", "transcriptions"),
    Remote.Kind.EVALUATION: ("evaluations.Shard", "evaluations"),
    Remote.Kind.RESULT: ("evaluations.Evaluation", "evaluations"),
    Remote.Kind.MODEL: ("training.SpeechModel", "models"),
    Remote.Kind.DATASET: ("datasets.Dataset", "datasets"),
    Remote.Kind.PROJECT: ("projects.Project", "projects"),
}
# How often something that the resource refuses to delete is tried.
_TRIES = 5
_BATCH = 200


def tidy() -> None:
    for kind, (label, _) in _ORDER.items():
        here = apps.get_model(label)._default_manager.values("pk")
        rows = Remote.objects.filter(kind=kind, is_leaving=False)
        for row in rows.exclude(local__in=here)[:_BATCH]:
            _let_go(row)
    due = Remote.objects.filter(is_leaving=True, next_poll__lte=now())
    ordered = sorted(
        due.select_related("resource")[:_BATCH],
        key=lambda row: (
            str(row.resource_id),
            list(_ORDER).index(Remote.Kind(row.kind)),
        ),
    )
    for _, rows_of_one in groupby(ordered, lambda row: row.resource_id):
        _delete_there(list(rows_of_one))


def stuck() -> QuerySet[Remote]:
    """What the resources refuse to delete, for people to see."""
    return Remote.objects.filter(is_leaving=True, next_poll=None)


def _let_go(row: Remote) -> None:
    if not row.is_ours and row.project_id:
        # It stays known, so that the next refresh does not bring it in again.
        return
    row.leave()


def _delete_there(rows: list[Remote]) -> None:
    try:
        with opened(rows[0].resource) as client:
            for row in rows:
                _delete(client, row)
    except AzureError as e:
        # It goes for all of them: they wait together.
        note = reason(rows[0].resource, e)
        left = Remote.objects.filter(pk__in=[row.pk for row in rows])
        left.update(next_poll=now() + pause(9, e.retry_after), note=note)


def _delete(client: AzureClient, row: Remote) -> None:
    """Raises `AzureError` for what passes."""
    try:
        address = row.address or _address_of(client, row)
        if address:
            client.delete(address)
    except AzureError as e:
        if e.kind in PASSING:
            raise
        if e.kind is not Kind.GONE:
            tries = row.failures + 1
            later = now() + pause(tries) if tries < _TRIES else None
            row.change(failures=tries, next_poll=later, note=noted(str(e)))
            return
    row.row.delete()


def _address_of(client: AzureClient, row: Remote) -> str:
    """Of what was perhaps made, before an answer was lost."""
    found = found_by_mark(client, _ORDER[Remote.Kind(row.kind)][1], str(row.local))
    return str(found.get("self")) if found else ""
