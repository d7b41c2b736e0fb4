"""The course of a job that is done at a Speech resource.

A job is claimed by a worker, made there, and handed over: `Remote.next_poll` says when
it is gone on with. Every step may be done twice; whatever passes (a network that is
down, a key that was renewed) is waited for, and told as the job's stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.timezone import now

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from engines.base import EngineError
from jobs.models import Job
from projects.models import Project
from remote.make import row_of
from remote.models import Remote
from remote.pace import pause
from remote.send import Say
from remote.talk import PASSING, NotYet, failure_of, noted, opened, reason

Found = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """One kind of job.

    `make` has it made there; it is called again as long as the job has not ended.
    `collect` ends the job with what came of it. `tell` shows in pages what is going on,
    and raises `Gone` when the job is not ours any more; `show` does so for jobs that
    nobody holds. `after` follows every step.
    """

    kind: str
    jobs: type[Job]
    project: Callable[[Any], Project]
    make: Callable[[AzureClient, Remote, Any, Say], None]
    collect: Callable[[AzureClient, Remote, Any, Found], None]
    tell: Callable[[Any, str], None]
    show: Callable[[Sequence[UUID], str], None]
    after: Callable[[Any], None] = lambda job: None


def go_on(work: Work, job: Job) -> None:
    """The next step of a job that this worker holds. Raises `EngineError` when it has
    failed."""
    row = row_of(work.kind, job.pk, work.project(job))
    if row.state.get("status") == "Failed":
        # Of a try before; its place is wanted.
        row.leave()
        row = row_of(work.kind, job.pk, work.project(job))
    try:
        with opened(row.resource) as client:
            _step(work, job, row, client)
    except NotYet as e:
        _wait(work, job, row, str(e))
    except AzureError as e:
        is_passing = e.kind in PASSING or (e.kind is Kind.FORBIDDEN and row.address)
        if not is_passing:
            raise
        row.change(failures=row.failures + 1)
        _wait(work, job, row, reason(row.resource, e), e.retry_after)


def _step(work: Work, job: Job, row: Remote, client: AzureClient) -> None:
    was_there = bool(row.address)
    work.make(client, row, job, lambda text: work.tell(job, noted(text)))
    if not was_there:
        raise NotYet(progress(row, "NotStarted"))
    found = _asked(client, row)
    row.change(failures=0)
    status = str(found.get("status"))
    if status == "Failed":
        message, code = failure_of(found)
        row.keep(status=status)
        row.change(next_poll=None, note="")
        raise EngineError(f"{row.resource.name}: {message}", code)
    if status != "Succeeded":
        raise NotYet(progress(row, status))
    work.collect(client, row, job, found)
    row.keep(status=status)
    row.change(next_poll=None, note="")


def progress(row: Remote, status: str) -> str:
    """The stage of a job that is there."""
    doing = "works on it" if status == "Running" else "has it in its queue"
    return noted(f"{row.resource.name} {doing}")


def gone(row: Remote) -> EngineError:
    """What a job fails with that is not there any more."""
    message = f"It was deleted at {row.resource.name}, by somebody there."
    return EngineError(message, "DeletedElsewhere")


def _asked(client: AzureClient, row: Remote) -> Found:
    try:
        return client.get(row.address)
    except AzureError as e:
        if e.kind is not Kind.GONE:
            raise
        row.row.delete()
        raise gone(row) from e


def _wait(
    work: Work, job: Job, row: Remote, note: str, asked_for: float | None = None
) -> None:
    """Leave the job to the next round that polls. First the row, then the job: who
    dies between them is followed."""
    number = row.failures or row.asked
    row.change(
        next_poll=now() + pause(number, asked_for),
        asked=row.asked + 1,
        note=noted(note),
    )
    work.tell(job, noted(note))
    job.hand_over()


def stage_of(jobs: type[Job]) -> Callable[[Sequence[UUID], str], None]:
    """Shows a note as the stage of jobs, while they are handed over."""

    def show(keys: Sequence[UUID], note: str) -> None:
        held: QuerySet[Any] = jobs._default_manager.filter(pk__in=keys, heartbeat=None)
        held.filter(status=Job.Status.RUNNING).update(stage=note)

    return show
