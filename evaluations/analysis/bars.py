"""Rates with their intervals as bars with whiskers, a small drawing in each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluations.analysis.slices import Row


@dataclass(frozen=True)
class Bar:
    """Places from 0 to 100 as an SVG takes them.

    rate: where the bar ends. low, high: the ends of the whisker. whole: where the
    rate of the whole test is.
    """

    rate: str
    low: str
    high: str
    whole: str


def bars(rows: Sequence[Row], whole: float | None) -> list[Bar | None]:
    """On one scale; None for rows in which no word is said.

    Small samples reach over the end where they would press all others together.
    """
    large = [row for row in rows if not row.is_small] or rows
    ends = [row.interval.high for row in large if row.interval]
    most = max([*ends, whole or 0.0]) or 1.0

    def at(rate: float) -> str:
        return f"{min(100.0, 100 * rate / most):.1f}"

    return [
        Bar(at(rate), at(row.interval.low), at(row.interval.high), at(whole or 0.0))
        if row.interval and (rate := row.counts.rate) is not None
        else None
        for row in rows
    ]
