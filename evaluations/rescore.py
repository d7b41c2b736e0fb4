"""Count errors anew that were counted by other rules."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max

from evaluations.models import COUNTS, Candidate, Evaluation, Hypothesis
from evaluations.scale import scale_of
from scoring.errors import counts_many

_BATCH = 500


def recount(evaluation: Evaluation, candidate: Candidate) -> None:
    """Count the errors of all that a model has heard, by the rules of today."""
    last = evaluation.items.aggregate(last=Max("position"))["last"] or 0
    for start in range(1, last + 1, _BATCH):
        within = (start, start + _BATCH - 1)
        rows = candidate.hypotheses.filter(item__position__range=within, error="")
        said = rows.select_related("item__utterance")
        count(evaluation, [(h.item.utterance.transcript, h) for h in said])


def count(evaluation: Evaluation, pairs: Sequence[tuple[str, Hypothesis]]) -> None:
    """Store how each differs from the text before it."""
    rows = [row for _, row in pairs]
    texts = ((said, row.text) for said, row in pairs)
    found = counts_many(texts, scale_of(evaluation))
    for row, counts in zip(rows, found, strict=True):
        for name in COUNTS:
            setattr(row, name, getattr(counts, name))
    Hypothesis.objects.bulk_update(rows, COUNTS)
