"""What endpoints did over time: for the list, for the page of one, and to take away.

Counters are kept by whole hours of UTC (`endpoints.usage`), so a period begins with the
hour in which it began.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import Max, Sum
from django.utils.timezone import now

from endpoints.models import Endpoint, Usage
from endpoints.usage import KEPT, folded, hour_of

_PERIODS = (
    ("This hour", timedelta(0)),
    ("Last 24 hours", timedelta(days=1)),
    ("Last 30 days", KEPT),
)
# Units of the view box of the chart.
_DAY, _TALL = 10, 60
_COLUMNS = ("hour_utc", "requests", "failed", "audio_seconds", "p50_ms", "p95_ms")


@dataclass(frozen=True)
class Used:
    """An endpoint in the last 30 days; `last` is when the hour of its last request
    began."""

    requests: int
    failed: int
    last: datetime


@dataclass(frozen=True)
class Bar:
    """A day of the chart, of which the failures are the lower part."""

    day: date
    requests: int
    failed: int
    x: int
    y: str
    height: str
    failed_y: str
    failed_height: str


def used_of(endpoints: Iterable[Endpoint]) -> dict[UUID, Used]:
    """By the keys of endpoints; those that nobody used are not among them."""
    rows = Usage.objects.filter(
        endpoint__in=[endpoint.pk for endpoint in endpoints],
        hour__gte=hour_of(now() - KEPT),
    )
    sums = rows.values_list("endpoint").annotate(
        Sum("requests"), Sum("failed"), Max("hour")
    )
    return {key: Used(*values) for key, *values in sums}


def context(endpoint: Endpoint) -> dict[str, Any]:
    """What `endpoints/_usage.html` shows. The rows are read once for all of it."""
    moment = now()
    rows = _rows(endpoint, moment)
    figures = []
    for title, period in _PERIODS:
        since = hour_of(moment - period)
        figures.append((title, folded([row for row in rows if row.hour >= since])))
    bars = _bars(rows, moment.date())
    return {
        "endpoint": endpoint,
        "figures": figures,
        "hour": hour_of(moment),
        "bars": bars,
        "busiest": max(bars, key=attrgetter("requests")),
    }


def table(endpoint: Endpoint) -> Iterator[str]:
    """The lines of a CSV: an hour each, oldest first, without those that had none."""
    yield _line(_COLUMNS)
    for hour, rows in groupby(_rows(endpoint, now()), attrgetter("hour")):
        sums = folded(list(rows))
        begun = f"{hour:%Y-%m-%dT%H:%M}Z"
        seconds = round(sums.audio_seconds, 1)
        counts = (sums.requests, sums.failed, seconds, sums.p50_ms, sums.p95_ms)
        yield _line((begun, *counts))


def _rows(endpoint: Endpoint, moment: datetime) -> list[Usage]:
    """Of the last 30 days, oldest first."""
    period = (hour_of(moment - KEPT), moment)
    rows = Usage.objects.filter(endpoint=endpoint, hour__range=period)
    return list(rows.order_by("hour"))


def _bars(rows: Sequence[Usage], today: date) -> list[Bar]:
    """The days, with those on which nobody asked, as high as there were requests."""
    counts = {today - timedelta(days=back): (0, 0) for back in range(KEPT.days, -1, -1)}
    for row in rows:
        requests, failed = counts[row.hour.date()]
        counts[row.hour.date()] = (requests + row.requests, failed + row.failed)
    most = max(1, *(requests for requests, _ in counts.values()))
    return [
        _bar(day, number * _DAY, requests, failed, _TALL / most)
        for number, (day, (requests, failed)) in enumerate(counts.items())
    ]


def _bar(day: date, x: int, requests: int, failed: int, scale: float) -> Bar:
    height, lower = requests * scale, failed * scale
    lengths = (_TALL - height, height - lower, _TALL - lower, lower)
    return Bar(day, requests, failed, x, *(f"{one:.1f}" for one in lengths))


def _line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
