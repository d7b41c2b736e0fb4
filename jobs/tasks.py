from __future__ import annotations

import logging

from celery import current_app, shared_task
from django.apps import apps
from django.conf import settings

from jobs.models import Job

logger = logging.getLogger(__name__)


@shared_task
def supervise() -> None:
    """Bring back what died or was forgotten; beat runs this all the time.

    Redis is only a messenger and may lose everything: as the rows know what
    is to be done, a job that waits while its queue is empty is sent again.
    """
    lengths = {n: _queue_length(n) for n in (*settings.QUEUES, settings.TRAINING_QUEUE)}
    for kind in job_kinds():
        for job in kind.lost():
            _rescue(job)
        # A queue may be long for hours; what others lost must not wait for that.
        for job in kind.forgotten():
            if not lengths[_queue_of(job)]:
                job.enqueue()
        kind.tend()


def job_kinds() -> list[type[Job]]:
    """Every concrete kind of job, of every room."""
    return [m for m in apps.get_models() if issubclass(m, Job)]


def _rescue(job: Job) -> None:
    deaths = job.losses + 1
    if deaths >= settings.JOB_MAX_DEATHS:
        logger.error("%r lost its worker %d times; given up", job, deaths)
        job.fail(
            f"The worker died {deaths} times while it did this. "
            "The machine may be short of memory.",
            code="WorkerLost",
        )
    elif job.requeue():
        logger.warning("%r lost its worker; queued again", job)
        job.enqueue()


def _queue_of(job: Job) -> str:
    route = settings.CELERY_TASK_ROUTES.get(job.task_name, {})
    return str(route.get("queue", settings.CELERY_TASK_DEFAULT_QUEUE))


def _queue_length(name: str) -> int:
    with current_app.connection_for_read() as connection:
        return int(connection.default_channel.queue_declare(name).message_count)
