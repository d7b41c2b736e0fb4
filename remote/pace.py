"""How long is waited before a resource is asked again. Seconds."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST, LONGEST = 5.0, 60.0
# However long a resource asks to wait.
LONGEST_WAIT = timedelta(minutes=15)
# Whoever polls comes back for what he handed to a worker that then died.
LEASE = timedelta(minutes=3)


def pause(before: int, asked_for: float | None = None) -> timedelta:
    """Twice as long each time, up to a minute, with jitter: jobs that began together
    do not go on asking together. A wish of the resource is the least.

    >>> 3 < pause(0).total_seconds() < 6, 45 <= pause(99).total_seconds() <= 60
    (True, True)
    >>> pause(0, asked_for=120).total_seconds() >= 120
    True
    """
    longest = min(LONGEST, FIRST * 2 ** min(before, 10))
    seconds = longest * (0.75 + random.random() / 4)
    return min(timedelta(seconds=seconds + (asked_for or 0.0)), LONGEST_WAIT)
