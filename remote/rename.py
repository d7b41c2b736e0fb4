"""Tell the resources what was renamed here: projects, datasets, models and tests.
Endpoints have more to tell; see `deploy.catch_up`."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from django.db.models import Model

from datasets.models import Dataset
from engines.azure.client import AzureClient
from engines.azure.errors import AzureError
from evaluations.models import Evaluation
from projects.models import Project
from remote.models import Remote
from remote.talk import PASSING, opened
from training.models import SpeechModel

logger = logging.getLogger(__name__)
_NAMED: dict[str, type[Model]] = {
    Remote.Kind.PROJECT: Project,
    Remote.Kind.DATASET: Dataset,
    Remote.Kind.MODEL: SpeechModel,
    Remote.Kind.RESULT: Evaluation,
}


def remember(row: Remote) -> None:
    """Keep the name that it has here now as the one that is known there."""
    if names := _names(row.kind, row.local):
        row.keep(told=names[0][1:])


def catch_up() -> None:
    """What cannot be told now is told the next time."""
    changed = defaultdict(list)
    for kind in _NAMED:
        for row, names in _changed(kind):
            changed[row.resource].append((row, names))
    for resource, some in changed.items():
        try:
            with opened(resource) as client:
                for row, names in some:
                    _tell(client, row, names)
        except AzureError as e:
            logger.info("%s was not told of new names: %s", resource, e)


def _changed(kind: str) -> list[tuple[Remote, list[str]]]:
    """What has another name or description than the resource knows."""
    rows = Remote.objects.filter(kind=kind, is_leaving=False).exclude(address="")
    names = {key: said for key, *said in _names(kind, rows.values("local"))}
    found = []
    for row in rows.select_related("resource"):
        ours, told = names.get(row.local), row.state.get("told")
        if ours and told is None:
            # It was made before names were remembered.
            row.keep(told=ours)
        elif ours and told != ours:
            found.append((row, ours))
    return found


def _names(kind: str, keys: Any) -> list[list[Any]]:
    """Key, name and description of one row or of those of a query."""
    if kind not in _NAMED:
        return []
    manager = _NAMED[kind]._default_manager
    lookup = "pk__in" if hasattr(keys, "query") else "pk"
    rows = manager.filter(**{lookup: keys})
    return [list(one) for one in rows.values_list("pk", "name", "description")]


def _tell(client: AzureClient, row: Remote, names: list[str]) -> None:
    """Raises `AzureError` for what passes. A name that is refused stays ours alone."""
    name, description = names
    try:
        client.patch(row.address, {"displayName": name, "description": description})
    except AzureError as e:
        if e.kind in PASSING:
            raise
        logger.warning("%s refuses the new name of %s: %s", row.resource, row, e)
    row.refresh_from_db(fields=["state"])
    row.keep(told=names)
