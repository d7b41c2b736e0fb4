"""The figures of a test with its references as they are, and as people corrected them.

Only what was corrected is aligned anew; all the rest is in the tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Max

from evaluations.analysis.kept import Kept
from evaluations.columns import Columns, columns_of
from evaluations.comparison import MIN_UTTERANCES
from evaluations.levels import Scored
from evaluations.models import Candidate, Correction, Evaluation, Hypothesis
from evaluations.tables import shown_text
from scoring.errors import ErrorCounts, counts_many
from scoring.scale import Scale
from scoring.significance import Interval, rate_interval
from scoring.table import Table

_BATCH = 1000


@dataclass(frozen=True)
class Rate:
    """An error rate and where it lies with 95 % probability; None where that says
    nothing."""

    counts: ErrorCounts
    interval: Interval | None

    @property
    def value(self) -> float | None:
        return self.counts.rate


@dataclass(frozen=True)
class Pair:
    """A model by the references as they are, and as corrected; None without a table."""

    model: Candidate
    before: Rate
    after: Rate | None


_Rates = dict[int, Rate]
_kept: Kept[_Rates] = Kept(most=32)


def rate_of(model: Candidate) -> Rate:
    """What the page of a test says of a model."""
    known = model.low is not None and model.high is not None
    interval = Interval(model.low or 0.0, model.high or 0.0) if known else None
    return Rate(model.counts, interval)


def pairs_of(shown: Scored) -> list[Pair]:
    """Each model of a test both ways."""
    state = shown.evaluation.corrections.aggregate(n=Count("pk"), last=Max("at"))
    key = (
        shown.evaluation.pk,
        shown.scale.digest,
        *(model.table for model in shown.models),
        # Any change of a correction is later than all others; to take one back
        # leaves fewer.
        *state.values(),
    )
    after = _kept.get(key, lambda: _corrected(shown)) if state["n"] else {}
    return [Pair(one, rate_of(one), after.get(one.pk)) for one in shown.models]


def _corrected(shown: Scored) -> _Rates:
    columns = columns_of(shown.evaluation)
    anew = _aligned_anew(shown.evaluation, shown.models, shown.scale)
    return {
        model.pk: _rate(table, anew[model.pk], columns)
        for model, table in zip(shown.models, shown.own_tables, strict=True)
        if table is not None
    }


def _rate(table: Table, anew: dict[int, ErrorCounts], columns: Columns) -> Rate:
    """`anew` has the counts of what was corrected, by position."""
    counts: npt.NDArray[np.int64] = table.counts.astype(np.int64)
    rows = np.searchsorted(columns.positions, list(anew))
    for row, found in zip(rows, anew.values(), strict=True):
        counts[row] = (
            found.words,
            found.insertions,
            found.deletions,
            found.substitutions,
        )
    heard = ~table.failed
    groups = columns.speaker_groups
    interval = None
    if np.count_nonzero(heard) >= MIN_UTTERANCES:  # as in `evaluations.figures`
        interval = rate_interval(
            counts[heard], groups[heard] if len(groups) else groups
        )
    return Rate(ErrorCounts(*map(int, counts.sum(axis=0))), interval)


def _aligned_anew(
    evaluation: Evaluation, models: Sequence[Candidate], scale: Scale
) -> defaultdict[int, dict[int, ErrorCounts]]:
    """For each model the counts of what was corrected, by position."""
    corrections = Correction.objects.filter(evaluation=evaluation)
    texts = dict(corrections.values_list("item", "text"))
    rows = Hypothesis.objects.filter(
        item__correction__evaluation=evaluation, candidate__in=models, error=""
    ).select_related("item")
    found: defaultdict[int, dict[int, ErrorCounts]] = defaultdict(dict)
    for row in rows.iterator(_BATCH):
        heard = shown_text(row.text, row.display, scale)
        if row.item_id in texts:  # else it was made just now
            (counts,) = counts_many([(texts[row.item_id], heard)], scale)
            found[row.candidate_id][row.item.position] = counts
    return found
