"""The kinds of jobs that are done at resources, and how a worker takes one up."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from engines.base import EngineError
from jobs.models import Job
from jobs.runner import finish, run
from remote.course import Work, go_on
from remote.deploy import DEPLOYMENT
from remote.evaluate import TESTING
from remote.models import Remote
from remote.train import TRAINING
from remote.transcribe import BATCHES

_ALL = (TRAINING, TESTING, DEPLOYMENT, BATCHES)
WORKS: dict[str, Work] = {work.kind: work for work in _ALL}
_ENDED = (Job.Status.SUCCEEDED, Job.Status.FAILED)


def take_up(work: Work, key: str) -> None:
    """Begin a job, or begin it again after its worker died."""
    run(work.jobs, key, partial(go_on, work), expected=(EngineError,))
    if job := work.jobs._default_manager.filter(pk=key).first():
        work.after(job)


def continue_(key: UUID | str) -> None:
    """Go on with the job of a row, which was handed over."""
    row = Remote.objects.filter(pk=key, is_leaving=False).first()
    work = WORKS.get(row.kind) if row else None
    if row is None or work is None:
        return
    job = work.jobs._default_manager.filter(pk=row.local).first()
    if job is None:
        return
    if job.status in _ENDED:
        # Nobody is interested any more; unless it is just being begun again.
        row.row.filter(next_poll=row.next_poll).update(next_poll=None)
        return
    finish(job, partial(go_on, work), expected=(EngineError,))
    work.after(job)
