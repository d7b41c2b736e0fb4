"""What happens when two do the same thing at the same moment."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import TransactionTestCase

from jobs.models import Job
from speechstudio import setup
from speechstudio.test import make_model
from training.models import SpeechModel


class TwoVisitorsTestCase(TransactionTestCase):
    def test_only_one_of_them_becomes_the_owner(self) -> None:
        both_have_looked = Barrier(2)

        def is_fresh() -> bool:
            """As it is, but whoever looks waits until the other one has, too."""
            fresh = not User.objects.exists()
            # The lock keeps the other one from looking: nobody comes.
            with contextlib.suppress(BrokenBarrierError):
                both_have_looked.wait(timeout=0.5)
            return fresh

        def make_owner(name: str) -> bool:
            return setup.create_owner(name, "correct-horse-9") is not None

        with _own_connections(), patch.object(setup, "is_fresh", is_fresh):
            made = _at_once(lambda: make_owner("olga"), lambda: make_owner("mallory"))
            (owners,) = _at_once(User.objects.count)
        assert (sorted(made), owners) == ([False, True], 1)

    def test_only_one_worker_gets_a_job(self) -> None:
        key = make_model(status=Job.Status.NOT_STARTED).pk
        both_have_read = Barrier(2)

        def start() -> bool:
            job = SpeechModel.objects.get(pk=key)
            both_have_read.wait(timeout=30)
            return job.start()

        with _own_connections():
            started = _at_once(start, start)
            (job,) = _at_once(lambda: SpeechModel.objects.get(pk=key))
        assert sorted(started) == [False, True]
        assert (job.status, job.attempt) == (Job.Status.RUNNING, 1)


@contextlib.contextmanager
def _own_connections() -> Iterator[None]:
    """Give each new thread a connection that waits its turn.

    Threads cannot share SQLite's database in memory: they get a copy on disk.
    """
    if connection.vendor != "sqlite" or not connection.is_in_memory_db():
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "copy.sqlite3")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [path])
        with patch.dict(connections.settings[connection.alias], NAME=path):
            yield


def _at_once(*works: Callable[[], Any]) -> list[Any]:
    """Do each in a thread of its own, and give their answers."""

    def in_thread(work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as executor:
        return list(executor.map(in_thread, works, timeout=60))
