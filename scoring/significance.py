"""How sure a word error rate is, and whether one model is better than another.

Both by the bootstrap: the utterances of a test are drawn anew, with repetition, a
thousand times, and the middle 95 % of what comes out is the interval. Utterances of
one speaker fail together; where the speakers are known and many, whole speakers are
drawn. Two models are compared on the same draws, which takes away what is hard for
both. The same counts and seed always give the same interval.

Reference: Bisani and Ney (2004), Bootstrap estimates for confidence intervals in ASR
performance evaluation, https://doi.org/10.1109/ICASSP.2004.1326009
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from scoring.errors import ErrorCounts

Verdict = Literal["better", "worse", "unclear"]

RESAMPLES = 1000
# Of fewer groups there are too few different draws to tell anything.
MIN_GROUPS = 10
_PERCENTILES = (2.5, 97.5)

_Counts: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """The lower and the upper end, as shares: 0.05 is 5 %."""

    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """What a difference of rates says, the new model's less the old one's.

        >>> Interval(-0.2, -0.1).verdict, Interval(-0.1, 0.1).verdict
        ('better', 'unclear')
        """
        if self.high < 0:
            return "better"
        return "worse" if self.low > 0 else "unclear"


def rate_interval(
    counts: Sequence[ErrorCounts],
    groups: Sequence[Hashable] = (),
    *,
    seed: int = 1,
) -> Interval | None:
    """Where the rate of such utterances lies with 95 % probability; None without words.

    `groups` says for each utterance which others it belongs to, such as its speaker.

    >>> rate_interval([ErrorCounts(words=4, deletions=1)] * 50)
    Interval(low=0.25, high=0.25)
    >>> rate_interval([ErrorCounts(insertions=1)]) is None
    True
    """
    table = _summed([[c.errors, c.words] for c in counts], groups)
    if not len(table) or not table[:, 1].sum():
        return None
    drawn = _drawn(table, seed)
    return _middle(drawn[:, 0] / drawn[:, 1])


def difference_interval(
    old: Sequence[ErrorCounts],
    new: Sequence[ErrorCounts],
    groups: Sequence[Hashable] = (),
    *,
    seed: int = 1,
) -> Interval | None:
    """Where the rate of `new` less that of `old` lies; below 0 is better.

    Both are of the same utterances in the same order. None without words.

    >>> old = [ErrorCounts(words=4, deletions=2)] * 50
    >>> difference_interval(old, [ErrorCounts(words=4, deletions=1)] * 50)
    Interval(low=-0.25, high=-0.25)
    """
    pairs = zip(old, new, strict=True)
    table = _summed([[n.errors - o.errors, o.words] for o, n in pairs], groups)
    if not len(table) or not table[:, 1].sum():
        return None
    drawn = _drawn(table, seed)
    return _middle(drawn[:, 0] / drawn[:, 1])


def _summed(rows: list[list[int]], groups: Sequence[Hashable]) -> _Counts:
    """The rows, or their sums by group when there are enough groups."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    if len(set(groups)) < MIN_GROUPS:
        return table
    numbers: dict[Hashable, int] = {}
    of_row = [numbers.setdefault(group, len(numbers)) for group in groups]
    sums = np.zeros((len(numbers), 2), dtype=np.int64)
    np.add.at(sums, of_row, table)
    return sums


def _drawn(table: _Counts, seed: int) -> _Counts:
    """The sums of each resample. Those that happen to have no words are left out.

    Equal rows are drawn together, as only their number matters: it takes the same
    time for 100,000 utterances as for 100.
    """
    rows, times = np.unique(table, axis=0, return_counts=True)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(table), times / len(table), size=RESAMPLES)
    sums: _Counts = drawn @ rows
    return sums[sums[:, 1] > 0]


def _middle(rates: npt.NDArray[np.float64]) -> Interval:
    low, high = np.percentile(rates, _PERCENTILES)
    return Interval(float(low), float(high))
