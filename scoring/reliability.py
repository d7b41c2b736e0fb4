"""Whether the confidence of a word says how likely it is right.

Of words with a confidence of 80 %, 80 % should be right; the reliability curve shows
what share is. A mark on words below a threshold helps a reader only if it finds the
errors (recall) and little else (precision). Words that are missing have no
confidence: no mark can find them, and they are not counted here.

Reference for the expected calibration error: Naeini, Cooper and Hauskrecht (2015),
Obtaining well calibrated probabilities using Bayesian binning,
https://doi.org/10.1609/aaai.v29i1.9602
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.table import EQUAL, Mask, Table

_BINS = 10
# Thresholds are whole percents.
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Bin:
    """Words with a confidence from `low` to below `high`, the last one to 1 itself.

    confidence, right: the mean confidence and the share of right words; None of no
    words.
    """

    low: float
    high: float
    words: int
    confidence: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Highlight:
    """What a mark on words less sure than `threshold` does.

    marked: the share of all words. precision: the share of errors among the marked,
    None if there are none. recall: the share of marked among the errors, None if
    there are none.
    """

    threshold: float
    marked: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of the words that were heard with a known confidence.

    calibration_error: the mean distance of confidence and share of right words over
    the bins, each weighed by its words; None without words.
    highlights: for thresholds of 1 to 99 %.
    """

    words: int
    bins: list[Bin]
    calibration_error: float | None
    highlights: list[Highlight]

    def best(self) -> Highlight | None:
        """The mark with the best balance (harmonic mean) of precision and recall.

        None where no mark finds an error.
        """
        useful = [one for one in self.highlights if one.precision and one.recall]
        return max(useful, key=_balance, default=None)


def reliability(table: Table) -> Reliability:
    """The curve and the marks of one model; without confidences it has no words."""
    known = ~np.isnan(table.confidence)
    confidence = table.confidence[known].astype(np.float64).clip(0, 1)
    is_right = table.kind[known] == EQUAL
    # Rounded, so that what is a whole percent stays one.
    percent = np.floor(np.round(confidence * _STEPS, 4)).astype(np.intp)
    bins = _bins(confidence, percent, is_right)
    gaps = [
        one.words * abs(one.confidence - one.right)
        for one in bins
        if one.confidence is not None and one.right is not None
    ]
    return Reliability(
        words=len(confidence),
        bins=bins,
        calibration_error=sum(gaps) / len(confidence) if len(confidence) else None,
        highlights=_highlights(percent, is_right),
    )


def _bins(
    confidence: npt.NDArray[np.float64], percent: npt.NDArray[np.intp], is_right: Mask
) -> list[Bin]:
    index = np.minimum(percent * _BINS // _STEPS, _BINS - 1)
    words = np.bincount(index, minlength=_BINS)
    sums = np.bincount(index, confidence, minlength=_BINS)
    right = np.bincount(index[is_right], minlength=_BINS)
    return [
        Bin(
            low=number / _BINS,
            high=(number + 1) / _BINS,
            words=int(words[number]),
            confidence=float(sums[number] / words[number]) if words[number] else None,
            right=float(right[number] / words[number]) if words[number] else None,
        )
        for number in range(_BINS)
    ]


def _highlights(percent: npt.NDArray[np.intp], is_right: Mask) -> list[Highlight]:
    marked = np.cumsum(np.bincount(percent, minlength=_STEPS + 1))
    wrong = np.cumsum(np.bincount(percent[~is_right], minlength=_STEPS + 1))
    words, errors = len(percent), int(wrong[-1])
    return [
        Highlight(
            threshold=step / _STEPS,
            marked=float(marked[step - 1] / words) if words else 0.0,
            precision=(
                float(wrong[step - 1] / marked[step - 1]) if marked[step - 1] else None
            ),
            recall=float(wrong[step - 1] / errors) if errors else None,
        )
        for step in range(1, _STEPS)
    ]


def _balance(one: Highlight) -> float:
    precision, recall = one.precision or 0.0, one.recall or 0.0
    return 2 * precision * recall / (precision + recall)
