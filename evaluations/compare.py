"""Whether the models of a test differ.

All have recognised the same utterances, so a difference is that of pairs. It is worked
out when errors were counted and kept with them: figures alone, as models and tests may
be renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.columns import Columns
from evaluations.comparison import MIN_UTTERANCES
from evaluations.models import Candidate
from scoring.significance import Groups, difference_interval, minutes_to_tell
from scoring.table import Table


@dataclass(frozen=True)
class Difference:
    """The fields of a `Comparison` that are figures."""

    utterances: int
    difference: float
    low: float
    high: float
    verdict: str
    more_seconds: float | None


def difference_of(
    olds: npt.NDArray[np.integer],
    news: npt.NDArray[np.integer],
    groups: Groups,
    minutes: float,
) -> Difference | None:
    """Of two models on the same utterances, which last so long; None without words.

    `olds` and `news` are the counts of `table.Table`, `groups` as in `significance`.
    """
    interval = difference_interval(olds, news, groups)
    if interval is None:
        return None
    errors = int(news[:, 1:].sum() - olds[:, 1:].sum())
    difference = errors / int(olds[:, 0].sum())
    more = minutes_to_tell(interval, difference, minutes)
    return Difference(
        len(olds),
        difference,
        interval.low,
        interval.high,
        "unclear" if len(olds) < MIN_UTTERANCES else interval.verdict,
        None if more is None else more * 60,
    )


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
    speakers = columns.speaker_groups
    found = difference_of(
        tables[old].counts[both],
        tables[new].counts[both],
        speakers[both] if len(speakers) else speakers,
        float(columns.seconds[both].sum() / 60),
    )
    return {"old": old.pk, "new": new.pk, **asdict(found)} if found else None
