"""Count errors anew that were counted by other rules."""

from __future__ import annotations

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
        _recount(evaluation, list(rows.select_related("item__utterance")))


def _recount(evaluation: Evaluation, rows: list[Hypothesis]) -> None:
    texts = ((row.item.utterance.transcript, row.text) for row in rows)
    found = counts_many(texts, scale_of(evaluation))
    for row, count in zip(rows, found, strict=True):
        for name in COUNTS:
            setattr(row, name, getattr(count, name))
    Hypothesis.objects.bulk_update(rows, COUNTS)
