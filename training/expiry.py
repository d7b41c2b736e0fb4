"""When models expire: quarters, as in the reference product.

The clock of a model starts at q, the first end of a quarter (15 January, April,
July, October, 00:00 UTC) on or after the day it was made. A base model may be
trained from until q and one year; every model recognises until q and two years.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count

_MONTHS = (1, 4, 7, 10)
_DAY = 15
_ADAPTATION_YEARS = 1
_TRANSCRIPTION_YEARS = 2


@dataclass(frozen=True)
class Dates:
    """The moments from which a model is expired."""

    adaptation: datetime  # means nothing for a custom model: none is trained from one
    transcription: datetime


def dates_for(created: date) -> Dates:
    """The dates of a model that was made on that day.

    >>> for day in (date(2024, 7, 14), date(2022, 5, 22), date(2024, 2, 29)):
    ...     dates = dates_for(day)
    ...     print(dates.adaptation.date(), dates.transcription.date())
    2025-07-15 2026-07-15
    2023-07-15 2024-07-15
    2025-04-15 2026-04-15
    """
    end = quarter_end(created)
    return Dates(
        _midnight(end.replace(year=end.year + _ADAPTATION_YEARS)),
        _midnight(end.replace(year=end.year + _TRANSCRIPTION_YEARS)),
    )


def quarter_end(day: date) -> date:
    """The first end of a quarter on or after this day.

    >>> quarter_end(date(2024, 1, 15)), quarter_end(date(2024, 10, 16))
    (datetime.date(2024, 1, 15), datetime.date(2025, 1, 15))
    """
    ends = (date(year, month, _DAY) for year in count(day.year) for month in _MONTHS)
    return next(end for end in ends if end >= day)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
