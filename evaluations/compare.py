"""Whether the models of a test differ.

All have recognised the same utterances, so a difference is that of pairs. It is worked
out when errors were counted and kept with them: figures alone, as models and tests may
be renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from evaluations.columns import Columns
from evaluations.comparison import MIN_UTTERANCES
from evaluations.models import Candidate
from scoring.significance import difference_interval, minutes_to_tell
from scoring.table import Table


def compared(
    tables: Mapping[Candidate, Table], columns: Columns
) -> list[dict[str, Any]]:
    """All pairs of models of a test, each by its table: what `comparisons` are made
    from."""
    pairs = (_ordered(*two) for two in combinations(tables, 2))
    found = (_pair(old, new, tables, columns) for old, new in pairs)
    return [pair for pair in found if pair]


def _ordered(one: Candidate, other: Candidate) -> tuple[Candidate, Candidate]:
    """A custom model is compared with its base model, not the other way round."""
    if one.model.base_id == other.model_id:
        return other, one
    return one, other


def _pair(
    old: Candidate, new: Candidate, tables: Mapping[Candidate, Table], columns: Columns
) -> dict[str, Any] | None:
    both = ~(tables[old].failed | tables[new].failed)
    olds, news = tables[old].counts[both], tables[new].counts[both]
    speakers = columns.speaker_groups
    speakers = speakers[both] if len(speakers) else speakers
    interval = difference_interval(olds, news, speakers)
    if interval is None:
        return None
    errors = int(news[:, 1:].sum() - olds[:, 1:].sum())
    difference = errors / int(olds[:, 0].sum())
    more = minutes_to_tell(
        interval, difference, float(columns.seconds[both].sum() / 60)
    )
    is_small = len(olds) < MIN_UTTERANCES
    return {
        "old": old.pk,
        "new": new.pk,
        "utterances": len(olds),
        "difference": difference,
        "low": interval.low,
        "high": interval.high,
        "verdict": "unclear" if is_small else interval.verdict,
        "more_seconds": None if more is None else more * 60,
    }
