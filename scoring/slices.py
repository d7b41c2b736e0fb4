"""Parts of a test that are harder than others: speakers, devices, lengths, noise.

`by_text` and `by_number` part the utterances by a column of values, whichever model
is asked about; `Slicing` gives the error rates of models in each part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import floor, log10
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from scoring.errors import ErrorCounts
from scoring.significance import (
    MIN_GROUPS,
    RESAMPLES,
    Groups,
    Interval,
    numbered,
)
from scoring.table import Mask

Kind = Literal["value", "band", "rest", "unknown"]

# The values with most utterances have a slice of their own.
MOST = 50
# Of fewer utterances a rate is chance.
MIN_UTTERANCES = 30
# What is drawn of a slice (`Slicing`).
CELLS = 400
_PERCENTILES = (2.5, 97.5)
_BANDS = 5
# Limits are multiples of 1, 2 or 5 times a power of ten, of which at least so many
# lie between the first limit and the last.
_STEPS = 4

_Indexes: TypeAlias = npt.NDArray[np.intp]
_Floats: TypeAlias = npt.NDArray[np.float32]


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
    numbers = {name: number for number, name in enumerate(dict.fromkeys(values))}
    of_row = np.array([numbers[value] for value in values], dtype=np.intp)
    # The indexes of each value, as values stand in `numbers`.
    ends = np.cumsum(np.bincount(of_row, minlength=len(numbers)))[:-1]
    found = np.split(np.argsort(of_row, kind="stable"), ends)
    members = dict(zip(numbers, found, strict=False))
    unknown = members.pop("", None)
    names = sorted(members, key=lambda name: (-len(members[name]), name))
    parts = [Part("value", name, members[name]) for name in names[:MOST]]
    if names[MOST:]:
        rest = np.concatenate([members[name] for name in names[MOST:]])
        parts.append(Part("rest", "", np.sort(rest)))
    if unknown is not None:
        parts.append(Part("unknown", "", unknown))
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


def rank(counts: ErrorCounts, utterances: int) -> tuple[bool, bool, float]:
    """What sorts slices: the worst first, then small ones, then those without words."""
    rate = counts.rate
    return rate is None, utterances < MIN_UTTERANCES, -(rate or 0.0)


class Slicing:
    """Parts of a test, which may overlap, to be asked about each of its models.

    `failed` is what any model could not recognise (`table.side_by_side`), `groups` are
    as in `significance`.

    `significance` draws each utterance of a test anew; of hundreds of slices that
    would take seconds. Here those of a slice, or its speakers, are dealt out to cells
    at random, and whole cells are drawn, the same for all slices: one product of
    matrices makes all sums. A cell varies as much as its utterances do together, so
    the interval is as wide; that there are only so many cells makes its width
    uncertain by 1 / sqrt(2 * CELLS) = 3.5 %, which is what a thousand draws do anyway.
    The interval of a part is the same whatever other parts are asked about.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        failed: Mask,
        seconds: npt.NDArray[np.floating],
        groups: Groups = (),
    ) -> None:
        self._parts, self._seconds, self._size = parts, seconds, len(failed)
        self._groups = numbered(groups)
        members = [one.utterances[~failed[one.utterances]] for one in parts]
        self.sizes = np.array([len(one) for one in members], dtype=np.intp)
        self._rows = np.concatenate([np.zeros(0, dtype=np.intp), *members])
        self._part_of = np.repeat(np.arange(len(parts)), self.sizes)

    def totals(self, counts: npt.NDArray[np.integer]) -> list[ErrorCounts]:
        """Of one model in each part: quick, where no interval is needed."""
        sums = [self._sums(column[self._rows]) for column in counts.T]
        rows = np.stack(sums, axis=1)
        return [ErrorCounts(*(int(total) for total in row)) for row in rows]

    def slices(self, counts: npt.NDArray[np.integer]) -> list[Slice]:
        """Of one model, in the order of the parts."""
        totals = self.totals(counts)
        intervals = self._intervals(counts[:, 1:].sum(axis=1), counts[:, 0])
        minutes = self._sums(self._seconds[self._rows]) / 60
        return [
            Slice(
                part=part,
                utterances=int(self.sizes[number]),
                minutes=float(minutes[number]),
                counts=totals[number],
                interval=intervals[number],
            )
            for number, part in enumerate(self._parts)
        ]

    def differences(
        self, old: npt.NDArray[np.integer], new: npt.NDArray[np.integer]
    ) -> list[Interval | None]:
        """Where the rate of `new` less that of `old` lies, of each part in order."""
        more = new[:, 1:].sum(axis=1) - old[:, 1:].sum(axis=1)
        return self._intervals(more, old[:, 0])

    def _sums(self, numbers: npt.NDArray[np.number]) -> npt.NDArray[np.float64]:
        """By part, of a number of each row. Whole numbers stay whole up to 2**53."""
        sums = np.bincount(self._part_of, numbers, minlength=len(self._parts))
        return sums.astype(np.float64)

    def _intervals(
        self, errors: npt.NDArray[np.integer], words: npt.NDArray[np.integer]
    ) -> list[Interval | None]:
        return _intervals(self._drawn(errors), self._drawn(words))

    def _drawn(self, numbers: npt.NDArray[np.integer]) -> _Floats:
        """Sums of a number of each utterance: a row a part, a column a draw."""
        size = len(self._parts)
        place, rows = self._part_of * CELLS + self._cells, self._rows
        sums = np.bincount(place, numbers[rows], minlength=size * CELLS)
        return sums.reshape(size, CELLS).astype(np.float32) @ _draws()

    @cached_property
    def _cells(self) -> _Indexes:
        """Of each row: its own, or that of its group in parts with many groups."""
        alone = _dealt(self._part_of, self._rows, self._size)
        if not len(self._groups):
            return alone
        size = int(self._groups.max()) + 1
        pairs = self._part_of * size + self._groups[self._rows]
        found, pair = np.unique(pairs, return_inverse=True)
        has_many = np.bincount(found // size, minlength=len(self._parts)) >= MIN_GROUPS
        together = _dealt(found // size, found % size, size)[pair]
        return np.where(has_many[self._part_of], together, alone)


@lru_cache(maxsize=1)
def _draws() -> _Floats:
    """How often each draw takes each cell: shape (CELLS, RESAMPLES)."""
    random = np.random.default_rng(1)
    times = random.multinomial(CELLS, np.full(CELLS, 1 / CELLS), size=RESAMPLES)
    return times.T.astype(np.float32)


def _dealt(part_of: _Indexes, member: _Indexes, size: int) -> _Indexes:
    """Deal the members of each part, numbers below `size`, out to cells: evenly and
    at random, but always alike."""
    shuffled = np.random.default_rng(1).permutation(size)
    order = np.argsort(part_of * size + shuffled[member])
    sizes = np.bincount(part_of)
    cells = np.empty(len(part_of), dtype=np.intp)
    cells[order] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return cells % CELLS


def _intervals(errors: _Floats, words: _Floats) -> list[Interval | None]:
    """Of each slice; None of those without words."""
    # Of few utterances some draws take none, which are left out.
    is_full = (words > 0).all(axis=1)
    ends = np.full((len(words), 2), np.nan)
    rates = errors[is_full] / words[is_full]
    ends[is_full] = np.percentile(rates, _PERCENTILES, axis=1).T
    for number in np.flatnonzero(~is_full & (words > 0).any(axis=1)):
        some = words[number] > 0
        rates = errors[number, some] / words[number, some]
        ends[number] = np.percentile(rates, _PERCENTILES)
    return [
        None if np.isnan(low) else Interval(float(low), float(high))
        for low, high in ends
    ]


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
