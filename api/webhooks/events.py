"""What happens to rows becomes messages, in the transaction that it happens in."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.db.models.signals import post_save, pre_delete

from api.models import Delivery, WebHook
from api.webhooks.kinds import (
    COMPLETION,
    CREATION,
    DELETION,
    KINDS,
    PROCESSING,
    kind_of,
)
from jobs.models import Job
from jobs.signals import moved
from projects.access import people_of

MOST_WAITING = 10_000  # of one web hook
_MOMENTS = {
    Job.Status.RUNNING: PROCESSING,
    Job.Status.SUCCEEDED: COMPLETION,
    Job.Status.FAILED: COMPLETION,
}


def listen() -> None:
    """To everything that web hooks tell of. Rows of other kinds are left alone: who is
    listened to is deleted one by one."""
    for kind in KINDS:
        name = f"web hooks, {kind.name}"
        post_save.connect(_on_save, sender=kind.rows.model, dispatch_uid=name)
        pre_delete.connect(_on_delete, sender=kind.rows.model, dispatch_uid=name)
        moved.connect(_on_move, sender=kind.rows.model, dispatch_uid=name)


def _on_save(instance: Any, created: bool, **_: object) -> None:
    if created:
        _tell(instance, CREATION)


def _on_move(job: Job, **_: object) -> None:
    if moment := _MOMENTS.get(Job.Status(job.status)):
        _tell(job, moment)


def _on_delete(instance: Any, **_: object) -> None:
    """Afterwards nobody knows any more who could see it, so they are found before; but
    their web hooks may go with the same project."""
    event, keys = _told(instance, DELETION)
    if keys:
        transaction.on_commit(partial(_store, event, keys, instance.pk))


def _tell(row: Any, moment: str) -> None:
    event, keys = _told(row, moment)
    if keys:
        _store(event, keys, row.pk)


def _told(row: Any, moment: str) -> tuple[str, list[UUID]]:
    """The event, and the web hooks that are told of it: those of people who may see
    the project."""
    kind = kind_of(type(row))
    # Base models are in no project, and nobody's.
    if kind is None or row.project_id is None:
        return "", []
    event = kind.event(moment)
    of_it = Q(project=None) | Q(project=row.project_id)
    hooks = WebHook.objects.filter(
        of_it, status=Job.Status.SUCCEEDED, user__in=people_of(row.project_id)
    )
    rows = hooks.values_list("pk", "events")
    return event, [key for key, events in rows if event in events]


def _store(event: str, keys: list[UUID], row: UUID) -> None:
    is_waiting = Q(deliveries__state=Delivery.State.WAITING)
    hooks = WebHook.objects.filter(pk__in=keys)
    Delivery.objects.bulk_create(
        Delivery(hook=hook, event=event, row=row, **_fate(hook.waiting))
        for hook in hooks.annotate(waiting=Count("deliveries", filter=is_waiting))
    )


def _fate(waiting: int) -> dict[str, str]:
    """Who never answers is not to fill the database."""
    if waiting < MOST_WAITING:
        return {}
    problem = f"{MOST_WAITING:,} messages wait for it already."
    return {"state": Delivery.State.GIVEN_UP, "problem": problem}
