"""What endpoints do: requests, audio, errors and how long answers took.

Each process counts in memory and writes its sums of the hour every few seconds to
rows of its own, so that no answer waits for the database. A process that ends loses
what it has counted since. How long answers took is kept as a histogram: a step is 12 %
wide, and so is what a percentile may be wrong by. A failure is no answer: it counts
among the requests alone.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from threading import Lock
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from endpoints import writing
from endpoints.models import Endpoint, Usage

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
_FLUSH_SECONDS = 3.0
_STEP = 1.12
_STEPS = 124  # the last one begins at 19 minutes
_PROCESS = uuid4()


@dataclass
class _Sums:
    """Of one endpoint in one hour, by this process."""

    requests: int = 0
    failed: int = 0
    audio_seconds: float = 0.0
    latencies: list[int] = field(default_factory=lambda: [0] * _STEPS)
    written: int = 0  # requests that are in the row


@dataclass(frozen=True)
class Figures:
    requests: int
    failed: int  # of the requests
    audio_seconds: float
    # Of the answers; None without any.
    p50_ms: float | None
    p95_ms: float | None


_lock = Lock()
_sums: dict[tuple[UUID, datetime], _Sums] = {}
_flushing: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}


def note(
    endpoint_id: UUID, audio_seconds: float, milliseconds: float, failed: bool
) -> None:
    """Count one request; one that failed took no time. Called in an event loop, which
    has it written soon."""
    hour = hour_of(now())
    with _lock:
        sums = _sums.setdefault((endpoint_id, hour), _Sums())
        sums.requests += 1
        sums.failed += failed
        sums.audio_seconds += audio_seconds
        if not failed:
            sums.latencies[_step(milliseconds)] += 1
    loop = asyncio.get_running_loop()
    if loop not in _flushing:
        _flushing[loop] = loop.create_task(_flush_soon(loop))


def figures(endpoint: Endpoint, since: datetime) -> Figures:
    """What all processes did for an endpoint from the beginning of that hour on."""
    rows = Usage.objects.filter(endpoint=endpoint, hour__gte=hour_of(since))
    return folded(list(rows))


def folded(rows: Sequence[Usage]) -> Figures:
    """What these come to together."""
    kept = [row.latencies for row in rows]
    latencies = [sum(counts) for counts in zip(*kept, strict=True)]
    return Figures(
        requests=sum(row.requests for row in rows),
        failed=sum(row.failed for row in rows),
        audio_seconds=sum(row.audio_seconds for row in rows),
        p50_ms=_percentile(latencies, 0.50),
        p95_ms=_percentile(latencies, 0.95),
    )


def flush() -> None:
    """Write what was counted since the last time, and forget what is too old."""
    hour = hour_of(now())
    with _lock:
        fresh = {
            key: replace(sums, latencies=list(sums.latencies))
            for key, sums in _sums.items()
            if sums.written < sums.requests
        }
    for (endpoint_id, at), sums in fresh.items():
        _write(endpoint_id, at, sums)
    with _lock:
        for key, sums in fresh.items():
            _sums[key].written = sums.requests
        over = [key for key in _sums if key[1] < hour]
        for key in over:
            del _sums[key]
    if over:
        Usage.objects.filter(hour__lt=hour - KEPT).delete()


async def _flush_soon(loop: asyncio.AbstractEventLoop) -> None:
    try:
        await asyncio.sleep(_FLUSH_SECONDS)
    finally:
        del _flushing[loop]
    try:
        await writing.behind(flush)
    # Counting must not cost an answer, nor end with the first failure.
    except Exception:
        logger.exception("What the endpoints did could not be written")


def _write(endpoint_id: UUID, hour: datetime, sums: _Sums) -> None:
    """The sums of the whole hour, so nothing is counted twice."""
    try:
        with transaction.atomic():
            if not Endpoint.objects.filter(pk=endpoint_id).exists():
                return
            Usage.objects.update_or_create(
                endpoint_id=endpoint_id,
                hour=hour,
                process=_PROCESS,
                defaults={
                    "requests": sums.requests,
                    "failed": sums.failed,
                    "audio_seconds": sums.audio_seconds,
                    "latencies": sums.latencies,
                },
            )
    except IntegrityError:
        # The endpoint was deleted in between.
        logger.info("Endpoint %s is gone", endpoint_id)


def hour_of(moment: datetime) -> datetime:
    """When the hour of this moment began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _step(milliseconds: float) -> int:
    """
    >>> [_step(ms) for ms in (0.3, 1.05, 100, 112, 1e9)]
    [0, 0, 40, 41, 123]
    """
    if milliseconds <= 1:
        return 0
    return min(int(math.log(milliseconds, _STEP)), _STEPS - 1)


def _percentile(counts: Sequence[int], share: float) -> float | None:
    """The middle of the step that the answer at this share fell into.

    >>> _percentile([0] * 40 + [99, 0, 1], 0.5), _percentile([], 0.5)
    (98.5, None)
    """
    rank = math.ceil(share * sum(counts))
    if not rank:
        return None
    seen = accumulate(counts)
    step = next(number for number, upto in enumerate(seen) if upto >= rank)
    return round(math.pow(_STEP, step + 0.5), 1)
