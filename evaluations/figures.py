"""What the alignments of a model come to on a test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluations.columns import Columns
from evaluations.comparison import MIN_UTTERANCES
from scoring.significance import rate_interval
from scoring.table import Table


@dataclass(frozen=True)
class Figures:
    """Fields of a `Candidate`, by their names there."""

    words: int
    insertions: int
    deletions: int
    substitutions: int
    sentences: int
    wrong_sentences: int
    low: float | None
    high: float | None


def figures_of(table: Table, columns: Columns) -> Figures:
    """The sums of a model's table, and how sure its error rate is."""
    heard = ~table.failed
    groups = columns.speaker_groups
    # Of fewer utterances an interval would say more than can be known.
    interval = None
    if np.count_nonzero(heard) >= MIN_UTTERANCES:
        interval = rate_interval(
            table.counts[heard], groups[heard] if len(groups) else groups
        )
    total = table.total()
    return Figures(
        words=total.words,
        insertions=total.insertions,
        deletions=total.deletions,
        substitutions=total.substitutions,
        sentences=int(np.count_nonzero(heard)),
        wrong_sentences=int(np.count_nonzero(table.errors)),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
    )
