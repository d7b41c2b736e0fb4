"""The life of anything long-running. Only this file changes a status.

    NotStarted --start--> Running --succeed--> Succeeded
        ^                    |  \\--fail-----> Failed
        \\------requeue-------/                  |
        ^----------------retry-------------------/
        ^----------------reopen, from Succeeded

Every step is a compare-and-swap on the row, so that two workers can never
both take a job, and each claim has a number (`attempt`): a worker that was
given up for dead and comes back finds that its claim is void.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from celery import current_app
from django.conf import settings
from django.db import models, transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from jobs.signals import moved

logger = logging.getLogger(__name__)


class Gone(Exception):
    """The job was deleted or given to another worker: stop working on it."""


class Job(models.Model):
    """One piece of long work; the statuses are Azure's own words."""

    class Status(models.TextChoices):
        NOT_STARTED = "NotStarted", "Waiting"
        RUNNING = "Running", "Processing"
        SUCCEEDED = "Succeeded", "Succeeded"
        FAILED = "Failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.NOT_STARTED
    )
    created = models.DateTimeField(default=now, editable=False)
    last_action = models.DateTimeField(default=now, editable=False)
    # The last sign of life of the worker that runs it.
    heartbeat = models.DateTimeField(null=True, editable=False)
    # How often it was claimed, and how many of its workers died.
    attempt = models.PositiveIntegerField(default=0, editable=False)
    losses = models.PositiveSmallIntegerField(default=0, editable=False)
    # Progress in units that mean something to the user: files, utterances.
    done = models.PositiveIntegerField(default=0, editable=False)
    # What was done already when the present run began.
    done_before = models.PositiveIntegerField(default=0, editable=False)
    total = models.PositiveIntegerField(default=0, editable=False)
    error = models.TextField(blank=True, editable=False)
    error_code = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        abstract = True

    # The task that does this kind of job; it takes the key as text.
    task_name: ClassVar[str]
    # What the unit of `done` and `total` is called in pages.
    unit_label: str = "items"

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.NOT_STARTED, self.Status.RUNNING)

    @property
    def is_waiting(self) -> bool:
        return self.status == self.Status.NOT_STARTED

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def elapsed(self) -> timedelta:
        """Time in the present status: waiting so far, or running so far."""
        return now() - self.last_action

    @property
    def time_left(self) -> timedelta | None:
        """A guess from the pace so far; None while there is none."""
        now_done = self.done - self.done_before
        if self.status != self.Status.RUNNING or now_done <= 0:
            return None
        return self.elapsed * max(0.0, (self.total - self.done) / now_done)

    def start(self) -> bool:
        """Claim the job. False when another worker has it, or it has run before."""
        return self._move(
            self.Status.NOT_STARTED,
            self.Status.RUNNING,
            heartbeat=now(),
            attempt=models.F("attempt") + 1,
            done=0,
            total=0,
            done_before=0,
        )

    def report(self, done: int, total: int) -> None:
        """Store progress, which is also a sign of life.

        Raises `Gone` when this worker's claim is void.
        """
        alive = self.claimed().update(done=done, total=total, heartbeat=now())
        if not alive:
            raise Gone(f"{self!r} is not ours any more")
        self.done, self.total = done, total

    def begin_with(self, done: int, total: int) -> None:
        """Report what earlier runs have left to build on. Raises `Gone`."""
        self.claimed().update(done_before=done)
        self.report(done, total)

    def beat(self) -> bool:
        """Give a sign of life. False when this worker's claim is void."""
        held = self.claimed().filter(heartbeat__isnull=False)
        return bool(held.update(heartbeat=now()))

    def hand_over(self) -> None:
        """Leave a running job to the parts it was cut into.

        From here on no worker holds it: nobody gives or misses its signs of
        life, and whoever sees its last part end must take it back and end it.
        """
        self.claimed().update(heartbeat=None)

    def take_back(self) -> bool:
        """Hold a job again that was handed over, to end it. False when another one
        does."""
        held = self.claimed().filter(heartbeat=None).update(heartbeat=now())
        return bool(held)

    def claimed(self) -> models.QuerySet[Any]:
        """The row, while this worker's claim holds: what it may change."""
        return type(self)._default_manager.filter(
            pk=self.pk, status=self.Status.RUNNING, attempt=self.attempt
        )

    def succeed(self, **fields: object) -> bool:
        """End well, and set `fields` in the same step. False when claimed away."""
        return self._move(
            self.Status.RUNNING, self.Status.SUCCEEDED, self.attempt, **fields
        )

    def fail(self, error: str, code: str = "InternalServerError") -> bool:
        return self._move(
            self.Status.RUNNING,
            self.Status.FAILED,
            self.attempt,
            error=error,
            error_code=code,
        )

    def requeue(self) -> bool:
        """Take the job from a worker that died, for another one to claim."""
        return self._move(
            self.Status.RUNNING,
            self.Status.NOT_STARTED,
            self.attempt,
            losses=models.F("losses") + 1,
        )

    def retry(self) -> bool:
        """Let a failed job be claimed again."""
        return self._move(
            self.Status.FAILED,
            self.Status.NOT_STARTED,
            error="",
            error_code="",
            losses=0,
        )

    def reopen(self) -> bool:
        """Put a job that ended well back to where it began: its result is gone, or
        there is more to do."""
        return self._move(self.Status.SUCCEEDED, self.Status.NOT_STARTED)

    @classmethod
    def lost(cls) -> models.QuerySet[Self]:
        """Running jobs whose worker gave no sign of life for too long."""
        return cls._default_manager.filter(
            status=cls.Status.RUNNING, heartbeat__lt=_silent_since()
        )

    @classmethod
    def forgotten(cls) -> models.QuerySet[Self]:
        """Jobs that wait although nobody may know of them any more."""
        return cls._default_manager.filter(
            status=cls.Status.NOT_STARTED, last_action__lt=_silent_since()
        )

    def enqueue(self) -> None:
        """Send this job's task to the workers; call it after the commit.

        Without a broker the job waits, and the supervisor sends it later.
        """
        try:
            current_app.signature(self.task_name, args=[str(self.pk)]).apply_async()
        except OperationalError:
            logger.warning("%r is sent later: the broker is away", self)

    @classmethod
    def tend(cls) -> None:
        """Whatever else a kind of job needs looked after, now and then."""

    def _move(
        self, old: str, new: str, claim: int | None = None, **fields: object
    ) -> bool:
        row = type(self)._default_manager.filter(pk=self.pk, status=old)
        if claim is not None:
            row = row.filter(attempt=claim)
        with transaction.atomic():
            if not row.update(status=new, last_action=now(), **fields):
                return False
            self.refresh_from_db()
            moved.send(type(self), job=self)
        return True


def _silent_since() -> datetime:
    return now() - timedelta(seconds=settings.JOB_LOST_AFTER_SECONDS)
