"""What happens to rows becomes messages, in the transaction that it happens in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.signals import post_save, pre_delete

from api.models import Delivery, WebHook
from api.webhooks.kinds import COMPLETION, CREATION, DELETION, PROCESSING, kind_of
from jobs.models import Job
from jobs.signals import moved
from projects.access import projects_of

_MOMENTS = {
    Job.Status.RUNNING: PROCESSING,
    Job.Status.SUCCEEDED: COMPLETION,
    Job.Status.FAILED: COMPLETION,
}


def listen() -> None:
    """To everything that web hooks tell of."""
    post_save.connect(_on_save, dispatch_uid="web hooks")
    pre_delete.connect(_on_delete, dispatch_uid="web hooks")
    moved.connect(_on_move, dispatch_uid="web hooks")


def _on_save(instance: Any, created: bool, **_: object) -> None:
    if created:
        _tell(instance, CREATION)


def _on_delete(instance: Any, **_: object) -> None:
    # Before, since afterwards nobody knows any more who could see it.
    _tell(instance, DELETION)


def _on_move(job: Job, **_: object) -> None:
    if moment := _MOMENTS.get(Job.Status(job.status)):
        _tell(job, moment)


def _tell(row: Any, moment: str) -> None:
    kind = kind_of(type(row))
    # Base models are in no project, and nobody's.
    if kind is None or row.project_id is None:
        return
    event = kind.event(moment)
    Delivery.objects.bulk_create(
        Delivery(hook=hook, event=event, row=row.pk)
        for hook in _hooks_of(row.project_id)
        if event in hook.events
    )


def _hooks_of(project_id: UUID) -> list[WebHook]:
    """Those whose people may see the project."""
    of_it = Q(project=None) | Q(project=project_id)
    hooks = WebHook.objects.filter(of_it, status=Job.Status.SUCCEEDED)
    return [
        hook
        for hook in hooks.select_related("user")
        if projects_of(hook.user).filter(pk=project_id).exists()
    ]
