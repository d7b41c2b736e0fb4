"""Ask the resources how far the jobs are that they have, and have a worker go on with
those that have ended.

One worker looks after thousands: jobs that run take no step here, but a line in a list
of the resource's own. Whatever befalls a whole resource is learned from one question.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from django.db.models import F, Q
from django.utils.timezone import now

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from remote.course import progress
from remote.models import Remote
from remote.pace import LEASE, LONGEST_WAIT, pause
from remote.talk import ENDED, POLLING, bare, opened, reason
from remote.works import WORKS
from resources.models import Resource

_BATCH = 5000
_SECONDS = 20.0  # a round ends then, and another one follows
# From so many on, a list of all that runs is asked for.
_FEW = 20
_AHEAD = timedelta(seconds=20)
_MAX_LISTED = 50_000
AT_ONCE = 8
_PATHS = {
    Remote.Kind.MODEL: "models",
    Remote.Kind.EVALUATION: "evaluations",
    Remote.Kind.ENDPOINT: "endpoints",
    Remote.Kind.TRANSCRIPTION: "transcriptions",
}
# What one question says of a whole resource.
_OF_ALL = frozenset({Kind.NETWORK, Kind.KEY, Kind.THROTTLED})
_RUNNING = "status eq 'Running' or status eq 'NotStarted'"


@dataclass(frozen=True)
class Answer:
    """What a resource says of one job: how it goes, that it is to be gone on with
    (without either), or that it could not be asked."""

    status: str = ""
    error: AzureError | None = None


def round_of_questions(send: Callable[[str], Any]) -> None:
    """Ask for all that is due. `send` has a worker go on with the job of a row."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        rows = _claimed()
        by_resource = defaultdict(list)
        for row in rows:
            by_resource[row.resource_id].append(row)
        for some in by_resource.values():
            _note(some, _answers(some[0].resource, some), send)
        if len(rows) < _BATCH:
            return


def mend_clock() -> None:
    """Ask for what waits longer than anything has to: the clock was set back."""
    far = Remote.objects.filter(next_poll__gt=now() + LONGEST_WAIT + LEASE)
    far.update(next_poll=now())


def _claimed() -> list[Remote]:
    """Rows that are due, which nobody else asks for now. They come back by themselves
    when this worker dies."""
    moment, claim = now(), uuid4()
    rows = Remote.objects.filter(kind__in=_PATHS, is_leaving=False)
    is_due = Q(next_poll__lte=moment)
    if len(rows.filter(is_due).values_list("pk")[:_FEW]) == _FEW:
        # A list says it of all: those that are due soon need none of their own.
        is_due |= Q(next_poll__lte=moment + _AHEAD, failures=0)
    due = rows.filter(is_due).order_by("next_poll")
    keys = list(due.values_list("pk", flat=True)[:_BATCH])
    free = Remote.objects.filter(is_due, pk__in=keys)
    if not keys or not free.update(claim=claim, next_poll=moment + LEASE):
        return []
    found = Remote.objects.filter(claim=claim).defer("state")
    return list(found.select_related("resource"))


def _answers(resource: Resource, rows: Sequence[Remote]) -> dict[Remote, Answer]:
    """For each row what the resource says of it."""
    # What is not there yet is for a worker to make.
    found = {row: Answer() for row in rows if not row.address}
    left = [row for row in rows if row.address]
    if not left:
        return found
    try:
        with opened(resource, POLLING) as client:
            for kind, path in _PATHS.items():
                some = [row for row in left if row.kind == kind]
                found |= _of_kind(client, path, some)
    except AzureError as e:
        found |= {row: Answer(error=e) for row in left if row not in found}
    return found


def _of_kind(
    client: AzureClient, path: str, rows: Sequence[Remote]
) -> dict[Remote, Answer]:
    """Raises `AzureError` when that is so for the whole resource."""
    running = _running(client, path) if len(rows) >= _FEW else {}
    found = {
        row: Answer(running[row.address]) for row in rows if row.address in running
    }
    left = [row for row in rows if row not in found]
    if not left:
        return found
    # Of the others nobody is asked when the first one tells that it is no use.
    found[left[0]] = _of_one(client, left[0])
    if AT_ONCE == 1:
        return found | {row: _of_one(client, row) for row in left[1:]}
    with ThreadPoolExecutor(AT_ONCE, "poll") as threads:
        answers = threads.map(lambda row: _of_one(client, row), left[1:])
        return found | dict(zip(left[1:], answers, strict=True))


def _running(client: AzureClient, path: str) -> dict[str, str]:
    listed = client.pages(path, filter=_RUNNING, top=1000)
    return {
        bare(str(one.get("self"))): str(one.get("status"))
        for one in islice(listed, _MAX_LISTED)
    }


def _of_one(client: AzureClient, row: Remote) -> Answer:
    try:
        status = str(client.get(row.address).get("status"))
    except AzureError as e:
        if e.kind is Kind.GONE:
            return Answer()
        if e.kind in _OF_ALL:
            raise
        return Answer(error=e)
    return Answer() if status in ENDED else Answer(status)


def _note(
    rows: Sequence[Remote], answers: dict[Remote, Answer], send: Callable[[str], Any]
) -> None:
    for row in rows:
        if answers[row] == Answer():
            send(str(row.pk))
    running = [row for row in rows if answers[row].status]
    failed = [row for row in rows if answers[row].error]
    for level, some in _grouped(running, lambda row: min(row.asked, 4)).items():
        _put_off(some, level, None, asked=F("asked") + 1, failures=0)
    _tell({row: progress(row, answers[row].status) for row in running})
    notes = {}
    for row in failed:
        error = answers[row].error
        assert error is not None
        notes[row] = reason(row.resource, error)
    for level, some in _grouped(failed, lambda row: min(row.failures, 4)).items():
        error = answers[some[0]].error
        wish = error.retry_after if error else None
        _put_off(some, level, wish, failures=F("failures") + 1)
        if error and error.kind in _OF_ALL:
            _spare(some[0].resource, level, wish)
    _tell(notes)


def _spare(resource: Resource, before: int, wish: float | None) -> None:
    """Ask nothing more of a resource for a while: one question has said it."""
    until = now() + pause(before, wish)
    others = Remote.objects.filter(resource=resource, is_leaving=False)
    others.filter(next_poll__lt=until).update(next_poll=until)


def _grouped(
    rows: Sequence[Remote], key: Callable[[Remote], Any]
) -> dict[Any, list[Remote]]:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _put_off(
    rows: list[Remote], before: int, wish: float | None, **fields: Any
) -> None:
    """A few at a time, each few for another while. A row that a worker has gone on
    with meanwhile has a moment of its own."""
    random.shuffle(rows)
    for start in range(0, len(rows), 100):
        some = rows[start : start + 100]
        Remote.objects.filter(
            pk__in=[row.pk for row in some], claim=some[0].claim
        ).update(next_poll=now() + pause(before, wish), claim=None, **fields)


def _tell(notes: dict[Remote, str]) -> None:
    """Have pages show what a job waits for, where that is new."""
    new = [row for row, note in notes.items() if row.note != note]
    for (kind, note), some in _grouped(new, lambda row: (row.kind, notes[row])).items():
        Remote.objects.filter(pk__in=[row.pk for row in some]).update(note=note)
        WORKS[kind].show([row.local for row in some], note)
