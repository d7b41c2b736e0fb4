"""Take one job from NotStarted through Running to Succeeded or Failed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connection

from jobs.models import Gone, Job

logger = logging.getLogger(__name__)
J = TypeVar("J", bound=Job)


def run(
    kind: type[J],
    key: object,
    work: Callable[[J], None],
    expected: tuple[type[Exception], ...],
) -> None:
    """Claim the job of this key, do `work`, and store how it ended.

    `work` ends the job itself, with its results, by `job.succeed(...)`, or
    leaves it to others by `job.hand_over()`. An error of a type in
    `expected` has a message for the user; any other is logged and shown as
    internal. A job that was deleted before its turn came is no error.
    """
    job = kind._default_manager.filter(pk=key).first()
    if job is not None and job.start():
        _do(job, work, expected)


def finish(
    job: J, work: Callable[[J], None], expected: tuple[type[Exception], ...]
) -> None:
    """Have `work` end a job that was handed over; nothing if another one does."""
    if job.take_back():
        _do(job, work, expected)


def _do(
    job: J, work: Callable[[J], None], expected: tuple[type[Exception], ...]
) -> None:
    try:
        with _signs_of_life(job):
            work(job)
    except Gone:
        logger.info("%r was deleted or taken over; stopped", job)
    except expected as e:
        job.fail(str(e), code=getattr(e, "code", type(e).__name__))
    except Exception:
        logger.exception("%r failed", job)
        job.fail("Internal error. The server's log has the details.")


@contextmanager
def _signs_of_life(job: Job) -> Iterator[None]:
    """Beat from a thread of its own: one step of work may take minutes."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(settings.JOB_LOST_AFTER_SECONDS / 4):
            try:
                job.beat()
            except DatabaseError:
                # A passing fault must not make a living worker look dead.
                logger.warning("No sign of life for %r", job, exc_info=True)
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name=f"beat {job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
