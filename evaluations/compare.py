"""How sure the figures of a test are, and whether its models differ.

All have recognised the same utterances, so a difference is that of pairs. It is worked
out once, when the test ends, and kept with it: figures alone, as models and tests may
be renamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.comparison import MIN_UTTERANCES
from evaluations.models import COUNTS, Candidate, Evaluation, Hypothesis
from scoring.significance import (
    Interval,
    difference_interval,
    minutes_to_tell,
    numbered,
    rate_interval,
)


@dataclass(frozen=True)
class _Heard:
    """What one model heard; a row an utterance, by the order of the test's items."""

    candidate: Candidate
    counts: npt.NDArray[np.int64]  # shape (utterances, 4), as `COUNTS`
    is_heard: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Utterances:
    positions: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]
    speakers: npt.NDArray[np.integer]  # as numbers; empty where not all are known


@dataclass(frozen=True)
class Compared:
    """`intervals` by candidate; `pairs` is what `Evaluation.comparisons` keeps."""

    intervals: dict[int, Interval | None]
    pairs: list[dict[str, Any]]


def compared(evaluation: Evaluation) -> Compared:
    """The intervals of all models and all pairs of a test that is all there."""
    utterances = _utterances(evaluation)
    heard = [
        _heard(candidate, utterances)
        for candidate in evaluation.candidates.select_related("model")
    ]
    pairs = (_ordered(*two) for two in combinations(heard, 2))
    return Compared(
        {one.candidate.pk: _interval(one, utterances) for one in heard},
        [found for pair in pairs if (found := _pair(*pair, utterances))],
    )


def _ordered(one: _Heard, other: _Heard) -> tuple[_Heard, _Heard]:
    """A custom model is compared with its base model, not the other way round."""
    if one.candidate.model.base_id == other.candidate.model_id:
        return other, one
    return one, other


def _interval(one: _Heard, utterances: _Utterances) -> Interval | None:
    speakers = utterances.speakers
    some = one.is_heard
    return rate_interval(
        one.counts[some], speakers[some] if len(speakers) else speakers
    )


def _pair(old: _Heard, new: _Heard, utterances: _Utterances) -> dict[str, Any] | None:
    both = old.is_heard & new.is_heard
    olds, news = old.counts[both], new.counts[both]
    speakers = utterances.speakers
    speakers = speakers[both] if len(speakers) else speakers
    interval = difference_interval(olds, news, speakers)
    if interval is None:
        return None
    errors = int(news[:, 1:].sum() - olds[:, 1:].sum())
    difference = errors / int(olds[:, 0].sum())
    more = minutes_to_tell(
        interval, difference, float(utterances.seconds[both].sum() / 60)
    )
    is_small = len(olds) < MIN_UTTERANCES
    return {
        "old": old.candidate.pk,
        "new": new.candidate.pk,
        "utterances": len(olds),
        "difference": difference,
        "low": interval.low,
        "high": interval.high,
        "verdict": "unclear" if is_small else interval.verdict,
        "more_seconds": None if more is None else more * 60,
    }


def _utterances(evaluation: Evaluation) -> _Utterances:
    rows = list(
        evaluation.items.order_by("position").values_list(
            "position", "utterance__seconds", "utterance__speaker"
        )
    )
    speakers = [speaker for _, _, speaker in rows]
    return _Utterances(
        np.array([position for position, _, _ in rows], dtype=np.int64),
        np.array([seconds for _, seconds, _ in rows]),
        numbered(speakers if all(speakers) else []),
    )


def _heard(candidate: Candidate, utterances: _Utterances) -> _Heard:
    size = len(utterances.positions)
    counts, is_heard = np.zeros((size, 4), dtype=np.int64), np.zeros(size, dtype=bool)
    rows = Hypothesis.objects.filter(candidate=candidate, error="")
    found = list(rows.values_list("item__position", *COUNTS))
    table = np.array(found, dtype=np.int64).reshape(-1, 1 + len(COUNTS))
    places = np.searchsorted(utterances.positions, table[:, 0])
    counts[places], is_heard[places] = table[:, 1:], True
    return _Heard(candidate, counts, is_heard)
