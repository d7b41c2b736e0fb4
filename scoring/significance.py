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
# Of each utterance; the rows of an array as those of `Table.counts`: words,
# insertions, deletions, substitutions.
Counts: TypeAlias = Sequence[ErrorCounts] | npt.NDArray[np.integer]
# Of each utterance which others it belongs to, such as its speaker.
Groups: TypeAlias = Sequence[Hashable] | npt.NDArray[np.integer]

RESAMPLES = 1000
# Of fewer groups there are too few different draws to tell anything.
MIN_GROUPS = 10
_PERCENTILES = (2.5, 97.5)
# Deviates of the normal distribution: of 95 % confidence, two-sided, and 80 % power.
_CONFIDENCE, _POWER = 1.960, 0.842
# Of so many times the audio nobody can say that it would tell: a difference of which
# that little is known may as well be none.
_MOST_TIMES = 25
# To draw one of the rows that are alike takes about as long as so many single rows.
_DRAWS = 20
_CHUNK = 1_000_000  # draws that are held at a time

_Sums: TypeAlias = npt.NDArray[np.int64]


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
    counts: Counts, groups: Groups = (), *, seed: int = 1
) -> Interval | None:
    """Where the rate of such utterances lies with 95 % probability; None without words.

    >>> rate_interval([ErrorCounts(words=4, deletions=1)] * 50)
    Interval(low=0.25, high=0.25)
    >>> rate_interval([ErrorCounts(insertions=1)]) is None
    True
    """
    errors, words = _errors_and_words(counts)
    return _interval(errors, words, groups, seed)


def difference_interval(
    old: Counts, new: Counts, groups: Groups = (), *, seed: int = 1
) -> Interval | None:
    """Where the rate of `new` less that of `old` lies; below 0 is better.

    Both are of the same utterances in the same order. None without words.

    >>> old = [ErrorCounts(words=4, deletions=2)] * 50
    >>> difference_interval(old, [ErrorCounts(words=4, deletions=1)] * 50)
    Interval(low=-0.25, high=-0.25)
    """
    if len(old) != len(new):
        raise ValueError("Two models are compared on the same utterances")
    errors, words = _errors_and_words(old)
    return _interval(_errors_and_words(new)[0] - errors, words, groups, seed)


def minutes_to_tell(
    interval: Interval, difference: float, minutes: float
) -> float | None:
    """About how many more minutes of such audio would tell which model is better.

    `interval` is that of the `difference` of rates on a test of so many `minutes`. It
    is 0 where the test tells already, and None where no amount can be named, as the
    difference may as well be none.

    An interval shrinks with the root of the audio. Supposed that the difference is
    the one measured, a test of n minutes finds it with a probability of 80 % where
    difference = (1.960 + 0.842) * standard error(n), as in any plan of a sample; the
    standard error now is half the interval, by 1.960. So the test has to become
    ((1.960 + 0.842) / 1.960 * half the interval / difference)**2 times as long.

    >>> round(minutes_to_tell(Interval(-0.03, 0.01), -0.01, minutes=30))
    215
    >>> minutes_to_tell(Interval(-0.03, -0.01), -0.02, minutes=30)
    0.0
    >>> minutes_to_tell(Interval(-0.02, 0.02), 0.001, minutes=30) is None
    True
    """
    if interval.verdict != "unclear":
        return 0.0
    half = (interval.high - interval.low) / 2
    needed = (_CONFIDENCE + _POWER) / _CONFIDENCE * half
    if not difference or needed**2 > _MOST_TIMES * difference**2:
        return None
    return max(0.0, ((needed / difference) ** 2 - 1) * minutes)


def numbered(groups: Groups) -> npt.NDArray[np.integer]:
    """The groups as numbers, which are quicker to take parts of.

    >>> numbered(["ann", "bob", "ann"]).tolist()
    [0, 1, 0]
    """
    if isinstance(groups, np.ndarray):
        return groups
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(g, len(numbers)) for g in groups], dtype=int)


def _errors_and_words(counts: Counts) -> tuple[_Sums, _Sums]:
    if isinstance(counts, np.ndarray):
        errors: _Sums = counts[:, 1:].sum(axis=1, dtype=np.int64)
        return errors, counts[:, 0].astype(np.int64)
    table = np.array([(c.errors, c.words) for c in counts], dtype=np.int64)
    table = table.reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _interval(
    errors: _Sums, words: _Sums, groups: Groups, seed: int
) -> Interval | None:
    if not words.sum():
        return None
    drawn_errors, drawn_words = _drawn(*_summed(errors, words, groups), seed)
    # Draws that happen to have no words are left out.
    some = drawn_words > 0
    rates = drawn_errors[some] / drawn_words[some]
    low, high = np.percentile(rates, _PERCENTILES)
    return Interval(float(low), float(high))


def _summed(errors: _Sums, words: _Sums, groups: Groups) -> tuple[_Sums, _Sums]:
    """What is drawn: the utterances, or the groups when there are enough."""
    of_row = np.unique(numbered(groups), return_inverse=True)[1]
    size = int(of_row.max(initial=-1)) + 1
    if size < MIN_GROUPS:
        return errors, words
    sums = np.zeros((2, size), dtype=np.int64)
    np.add.at(sums[0], of_row, errors)
    np.add.at(sums[1], of_row, words)
    return sums[0], sums[1]


def _drawn(errors: _Sums, words: _Sums, seed: int) -> tuple[_Sums, _Sums]:
    """The sums of errors and words of each resample.

    Rows that are alike are drawn together, as only their number matters, unless
    they are so few that it is quicker to draw each: so it takes about the same time
    for 100,000 utterances as for 100.
    """
    random = np.random.default_rng(seed)
    # One number holds both, and so do sums of it: sorting and adding pairs is slow.
    width = int(words.max()) * len(words) + 1
    pairs, times = np.unique(errors * width + words, return_counts=True)
    if len(errors) > _DRAWS * len(pairs):
        drawn = random.multinomial(len(errors), times / len(errors), size=RESAMPLES)
        sums = drawn @ pairs
    else:
        pairs = errors * width + words
        rows = max(1, _CHUNK // len(pairs))
        shapes = [
            (min(rows, RESAMPLES - start), len(pairs))
            for start in range(0, RESAMPLES, rows)
        ]
        sums = np.concatenate(
            [pairs[random.integers(len(pairs), size=shape)].sum(1) for shape in shapes]
        )
    return sums // width, sums % width
