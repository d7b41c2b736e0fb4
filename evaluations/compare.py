"""Whether a custom model is better than its base model on the data of a test.

Both have recognised the same utterances, so the difference is that of pairs. It is
worked out once, when the test ends, and kept with it: figures alone, as models and
tests may be renamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evaluations.comparison import MIN_UTTERANCES
from evaluations.models import Candidate, Evaluation, Hypothesis
from scoring.errors import ErrorCounts
from scoring.significance import difference_interval

_BATCH = 1000
_COUNTS = ("words", "insertions", "deletions", "substitutions")


def compared(evaluation: Evaluation) -> list[dict[str, Any]]:
    """What `Evaluation.comparisons` keeps of a test whose results are all there."""
    candidates = list(evaluation.candidates.select_related("model"))
    by_model = {candidate.model_id: candidate for candidate in candidates}
    found = []
    for custom in candidates:
        base = by_model.get(custom.model.base_id) if custom.model.base_id else None
        one = _compare(base, custom) if base else None
        if one:
            found.append(one)
    return found


def _compare(base: Candidate, custom: Candidate) -> dict[str, Any] | None:
    old, new, speakers = _pairs(base, custom)
    groups = speakers if all(speakers) else []
    interval = difference_interval(old, new, groups)
    if interval is None:
        return None
    errors = sum(one.errors for one in new) - sum(one.errors for one in old)
    is_small = len(old) < MIN_UTTERANCES
    return {
        "base": base.pk,
        "custom": custom.pk,
        "utterances": len(old),
        "difference": errors / sum(one.words for one in old),
        "low": interval.low,
        "high": interval.high,
        "verdict": "unclear" if is_small else interval.verdict,
    }


def _pairs(
    base: Candidate, custom: Candidate
) -> tuple[list[ErrorCounts], list[ErrorCounts], list[str]]:
    """The counts of the utterances that both recognised, and who speaks in each."""
    olds = {item: counts for item, counts, _ in _counts(base)}
    old, new, speakers = [], [], []
    for item, counts, speaker in _counts(custom):
        if item in olds:
            old.append(olds[item])
            new.append(counts)
            speakers.append(speaker)
    return old, new, speakers


def _counts(candidate: Candidate) -> Iterator[tuple[int, ErrorCounts, str]]:
    rows = Hypothesis.objects.filter(candidate=candidate, error="")
    named = rows.order_by("item").values_list(
        "item", "item__utterance__speaker", *_COUNTS
    )
    for item, speaker, *numbers in named.iterator(_BATCH):
        yield item, ErrorCounts(*numbers), speaker
