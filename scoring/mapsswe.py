"""Whether two models differ: the matched pairs sentence-segment word error test.

Errors come in bursts: a wrong word makes the next ones more likely wrong. So not
words are compared but segments that hold whole bursts of both models. Two segments
are parted by at least two words in a row that both models have right, or by the end
of an utterance; a stretch without errors is no segment. Of each segment the errors
of one model less those of the other are taken, and the mean of these differences is
tested against 0 by the normal distribution, two-sided.

References: Gillick and Cox (1989), Some statistical issues in the comparison of
speech recognition algorithms, https://doi.org/10.1109/ICASSP.1989.266481; Pallett,
Fisher and Fiscus (1990), Tools for the analysis of benchmark speech recognition
tests, https://doi.org/10.1109/ICASSP.1990.115546.

It agrees with `sc_stats` of NIST SCTK but in two cases. What the second model alone
inserts behind the last word of an utterance is no error there; here it is one for
either. Where all segments differ alike, so that they have no variance, it finds no
difference; here the signs are tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
import numpy.typing as npt

from scoring.significance import Verdict
from scoring.table import EQUAL, Table

# Words in a row that both models have right part two segments.
_APART = 2
# Below this the normal distribution is no good description (Gillick and Cox).
MIN_SEGMENTS = 50
_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Matched:
    """`mean`: errors of the new model less those of the old in a segment.

    `z` is None where the segments have no variance; `p` is the probability of such
    a difference, or a greater one, of models that are equally good.
    """

    segments: int
    mean: float
    z: float | None
    p: float

    @property
    def verdict(self) -> Verdict:
        """Of the new model, at a level of 5 %."""
        if self.p >= _LEVEL:
            return "unclear"
        return "better" if self.mean < 0 else "worse"

    @property
    def is_small(self) -> bool:
        """Whether there are too few segments to rely on it."""
        return self.segments < MIN_SEGMENTS


def matched_pairs(old: Table, new: Table) -> Matched:
    """The test of two tables as `table.side_by_side` gives them."""
    differences = _differences(old, new)
    number = len(differences)
    if not differences.any():
        return Matched(number, 0.0, None, 1.0)
    mean = float(differences.mean())
    deviation = float(differences.std(ddof=1)) if number > 1 else 0.0
    if not deviation:
        # All have one sign: each was as likely to have the other.
        return Matched(number, mean, None, 2.0 ** (1 - number))
    z = mean / (deviation / sqrt(number))
    return Matched(number, mean, z, erfc(abs(z) / sqrt(2)))


def _differences(old: Table, new: Table) -> npt.NDArray[np.int64]:
    """Errors of the new model less those of the old, of each segment with errors."""
    words = old.counts[:, 0].astype(np.int64)
    if not np.array_equal(words, new.counts[:, 0]):
        raise ValueError("The tables have different references")
    ends = 2 * (
        np.cumsum(words) + np.arange(1, len(old) + 1)
    )  # of utterances, in slots
    by_old, by_new = _errors(old, ends), _errors(new, ends)
    wrong = np.flatnonzero(by_old + by_new)
    if not len(wrong):
        return np.zeros(0, dtype=np.int64)
    # Words are the odd slots: so many lie between a wrong slot and the next.
    right = wrong[1:] // 2 - (wrong[:-1] + 1) // 2
    utterance = np.searchsorted(ends, wrong, side="right")
    is_first = (right >= _APART) | (np.diff(utterance) > 0)
    starts = np.concatenate([[0], np.flatnonzero(is_first) + 1])
    return np.add.reduceat((by_new - by_old)[wrong], starts)


def _errors(table: Table, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """In each slot: a wrong word is one error, a gap may hold many insertions."""
    slots = table.slots()[table.kind != EQUAL]
    return np.bincount(slots, minlength=int(ends[-1]) if len(ends) else 0)
