"""Parts of a test that are harder than others: speakers, devices, lengths, noise.

`by_text` and `by_number` part the utterances by a column of values, whichever model
is asked about; `slices` gives the error rate of a model in each part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from scoring.errors import ErrorCounts
from scoring.significance import Groups, Interval, numbered, rate_interval
from scoring.table import Mask

Kind = Literal["value", "band", "rest", "unknown"]

# The values with most utterances have a slice of their own.
MOST = 50
# Of fewer utterances a rate is chance.
MIN_UTTERANCES = 30
_BANDS = 5
# Limits are multiples of 1, 2 or 5 times a power of ten, of which at least so many
# lie between the first limit and the last.
_STEPS = 4

_Indexes: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Utterances that have something in common.

    A value is its `name`. A band is from `low` to below `high`, None where it is
    open. The rest are values that are too many, the unknown have no value.
    utterances: their indexes, in order.
    """

    kind: Kind
    name: str
    utterances: _Indexes
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """A model in a part of a test. What failed is not in it.

    The interval is None where no word is said.
    """

    part: Part
    utterances: int
    minutes: float
    counts: ErrorCounts
    interval: Interval | None

    @property
    def is_small(self) -> bool:
        return self.utterances < MIN_UTTERANCES


def by_text(values: Sequence[str]) -> list[Part]:
    """A part for each value, the largest first; the empty text is unknown.

    >>> [(p.kind, p.name, len(p.utterances)) for p in by_text(["f", "m", "", "f"])]
    [('value', 'f', 2), ('value', 'm', 1), ('unknown', '', 1)]
    """
    members: dict[str, list[int]] = {}
    for index, value in enumerate(values):
        members.setdefault(value, []).append(index)
    unknown = members.pop("", [])
    names = sorted(members, key=lambda name: (-len(members[name]), name))
    parts = [Part("value", name, np.array(members[name])) for name in names[:MOST]]
    rest = [index for name in names[MOST:] for index in members[name]]
    if rest:
        parts.append(Part("rest", "", np.sort(rest)))
    if unknown:
        parts.append(Part("unknown", "", np.array(unknown)))
    return parts


def by_number(values: npt.NDArray[np.floating], unit: str) -> list[Part]:
    """About five bands of about as many utterances each, with round limits.

    What is not finite is unknown. Names tell limits in the unit, such as "2 to 5 s".

    >>> seconds = np.array([1.0, 1.4, 2.2, 2.9, 3.3, 4.8, 5.2, 7.7, 9.1, 12.0])
    >>> [(p.name, len(p.utterances)) for p in by_number(seconds, "s")]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('below 2 s', 2), ('2 to 3 s', 2), ('3 to 5 s', 2), ('5 to 8 s', 2),
     ('from 8 s', 2)]
    """
    is_known = np.isfinite(values)
    known = np.flatnonzero(is_known)
    parts = []
    if len(known):
        limits = _limits(values[known])
        band = np.searchsorted(limits, values[known], side="right")
        for number, (low, high) in enumerate(pairwise([None, *limits, None])):
            members = known[band == number]
            if len(members):
                name = _name(low, high, unit)
                parts.append(Part("band", name, members, low, high))
    unknown = np.flatnonzero(~is_known)
    if len(unknown):
        parts.append(Part("unknown", "", unknown))
    return parts


def slices(
    parts: Sequence[Part],
    counts: npt.NDArray[np.integer],
    failed: Mask,
    seconds: npt.NDArray[np.floating],
    groups: Groups = (),
) -> list[Slice]:
    """The worst part first, small ones and those without words at the end.

    `counts` and `failed` are those of `table.Table`, `groups` as in `significance`.
    """
    groups = numbered(groups)
    found = []
    for part in parts:
        members = part.utterances[~failed[part.utterances]]
        total = counts[members].sum(axis=0, dtype=np.int64)
        found.append(
            Slice(
                part=part,
                utterances=len(members),
                minutes=float(seconds[members].sum()) / 60,
                counts=ErrorCounts(*(int(number) for number in total)),
                interval=rate_interval(
                    counts[members], groups[members] if len(groups) else ()
                ),
            )
        )
    return sorted(found, key=_rank)


def _rank(one: Slice) -> tuple[bool, bool, float]:
    rate = one.counts.rate
    return rate is None, one.is_small, -(rate or 0.0)


def _limits(values: npt.NDArray[np.floating]) -> list[float]:
    """Rising; each with values below it, and others that are not."""
    quantiles = np.quantile(values, np.arange(1, _BANDS) / _BANDS)
    spread = float(quantiles[-1] - quantiles[0]) or float(np.ptp(values))
    if not spread:
        return []
    digits = floor(log10(spread / _STEPS))
    step = max(s for s in (1, 2, 5) if s * 10**digits <= spread / _STEPS) * 10**digits
    limits = np.round(np.round(quantiles / step) * step, max(0, -digits))
    inside = (limits > values.min()) & (limits <= values.max())
    return sorted({float(limit) + 0.0 for limit in limits[inside]})  # no -0.0


def _name(low: float | None, high: float | None, unit: str) -> str:
    if high is None:
        return "all" if low is None else f"from {low:,.10g} {unit}"
    if low is None:
        return f"below {high:,.10g} {unit}"
    return f"{low:,.10g} to {high:,.10g} {unit}"
