"""Content logs: what was said to an endpoint and what it answered, for 30 days.

A session leaves a row and two files below the endpoint's folder, named like those of
the reference product: `<yyyy-mm-dd_hhmmss>__<id>.wav` with the sound and the same with
`.v2.json` with the detailed answer. Times are UTC.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any, Literal
from uuid import UUID

from celery import current_app
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from datasets.formats.wav import wav_of
from editor.disk import DiskFull, look_ahead, told_when_full
from endpoints.models import Endpoint, LogEntry
from engines.base import SAMPLE_RATE_HZ

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
_BATCH = 500  # rows
AT_ONCE = 100  # of so many the files are deleted with the rows
_TIME = "%Y-%m-%d_%H%M%S"

Part = Literal["audio", "transcript"]


class InvalidLogDate(ValueError):
    """This is no day; the message is fit for the user."""

    code = "InvalidLogDate"


def keep(
    endpoint_id: UUID,
    pcm: bytes,
    transcript: dict[str, Any],
    text: str,
    confidence: float | None,
    seconds: float,
) -> None:
    """Log one session: `pcm` is 16 kHz mono s16le, `transcript` the detailed answer.

    It comes after the answer, so whatever fails here is told to the server's log
    alone. Nothing is kept without a sound, or of an endpoint that was deleted.
    """
    try:
        endpoint = Endpoint.objects.filter(pk=endpoint_id).first()
        if endpoint is None or not pcm:
            return
        look_ahead()
        entry = LogEntry(
            endpoint=endpoint, text=text, confidence=confidence, seconds=seconds
        )
        with told_when_full():
            sound = wav_of(pcm, SAMPLE_RATE_HZ)
            _store(entry, sound, json.dumps(transcript, ensure_ascii=False))
    except DiskFull:
        logger.warning("The disk is full: endpoint %s logs no content", endpoint_id)
    except Exception:
        logger.exception("A session of endpoint %s could not be logged", endpoint_id)


def day_of(text: str) -> date:
    """A day as yyyy-mm-dd. Raises `InvalidLogDate`."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError as e:
        raise InvalidLogDate(
            f"“{text[:40]}” is no date. Write it as year-month-day, such as 2026-05-31."
        ) from e


def first_moment(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def last_moment(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


def delete(entries: QuerySet[LogEntry], before: datetime | None = None) -> int:
    """Delete these; gives how many there were. What came after `before`, by default
    now, stays: nobody has agreed to lose it.

    The files of many go after their rows, by `tidy`: a disk may take minutes for it.
    """
    entries = entries.filter(created__lte=before or now()).order_by()
    pairs = list(entries.values_list("audio", "transcript")[: AT_ONCE + 1])
    number = _delete_rows(entries)
    if len(pairs) > AT_ONCE:
        transaction.on_commit(_send_tidy)
    else:
        _discard(name for pair in pairs for name in pair)
    return number


@transaction.atomic
def delete_part(entry: LogEntry, part: Part) -> None:
    """Delete the sound or the transcript alone; a session that has lost both is gone.

    With the transcript goes what the row has of it.
    """
    # Locked: whoever deletes the other part at the same time sees that this is gone.
    row = LogEntry.objects.select_for_update().filter(pk=entry.pk).first()
    if row is None:
        return
    name = getattr(row, part)
    transaction.on_commit(lambda: _discard([name]))
    setattr(row, part, "")
    if part == "transcript":
        row.text, row.confidence = "", None
    if row.audio or row.transcript:
        row.save(update_fields=["audio", "transcript", "text", "confidence"])
    else:
        row.delete()


def tidy(seconds: float = 20.0) -> bool:
    """Delete what is older than 30 days, and files without a row.

    After `seconds` it ends, so that other tasks get their turn: False when there is
    more to do.
    """
    end = monotonic() + seconds
    _delete_rows(LogEntry.objects.filter(created__lt=now() - KEPT).order_by())
    for name in _left_behind():
        if monotonic() > end:
            return False
        default_storage.delete(name)
    return True


def _delete_rows(entries: QuerySet[LogEntry]) -> int:
    """Some at a time, so that whoever else writes waits for none of them long."""
    number = 0
    while keys := list(entries.values_list("pk", flat=True)[:_BATCH]):
        number += LogEntry.objects.filter(pk__in=keys).delete()[0]
    return number


def _left_behind() -> Iterator[str]:
    """The files without a row."""
    for endpoint in Endpoint.objects.all():
        folder = _folder(endpoint)
        try:
            _, names = default_storage.listdir(folder)
        except FileNotFoundError:
            continue
        # Asked after the files: what is being kept has its row before them.
        rows = endpoint.log_entries.order_by().values_list("pk", flat=True)
        known = {str(key) for key in rows.iterator()}
        for name in names:
            if name.partition("__")[2].partition(".")[0] not in known:
                yield f"{folder}/{name}"


def _send_tidy() -> None:
    # Without a broker the next hourly round does it.
    with suppress(OperationalError):
        current_app.signature("endpoints.tasks.tidy_logs").apply_async()


def _folder(endpoint: Endpoint) -> str:
    return f"{endpoint.folder}/logs"


def _store(entry: LogEntry, sound: bytes, answer: str) -> None:
    stem = f"{_folder(entry.endpoint)}/{entry.created:{_TIME}}__{entry.pk}"
    entry.audio, entry.transcript = f"{stem}.wav", f"{stem}.v2.json"
    try:
        # The row first: `tidy` deletes files without one.
        with transaction.atomic():
            entry.save(force_insert=True)
        default_storage.save(entry.audio, ContentFile(sound))
        default_storage.save(
            entry.transcript, ContentFile(answer.encode("utf-8", "replace"))
        )
        # Deleted meanwhile, the endpoint perhaps with its folder: nobody would come for
        # these files any more.
        if not LogEntry.objects.filter(pk=entry.pk).exists():
            _discard([entry.audio, entry.transcript])
    except BaseException:
        _discard([entry.audio, entry.transcript])
        LogEntry.objects.filter(pk=entry.pk).delete()
        raise


def _discard(names: Iterable[str]) -> None:
    for name in filter(None, names):
        default_storage.delete(name)
