"""In how many words the models of an inspection differ."""

from __future__ import annotations

from django.db.models import Max

from evaluations.models import COUNTS, Candidate, Evaluation, Hypothesis
from evaluations.rescore import count

_BATCH = 500


def count_differences(evaluation: Evaluation) -> None:
    """Count for each other model how what it heard differs from the first one's.

    An utterance that either could not recognise has no differences.
    """
    first, *others = evaluation.candidates.all()
    # Another model may have been the first.
    heard = Hypothesis.objects.filter(candidate__evaluation=evaluation)
    heard.update(**dict.fromkeys(COUNTS, 0))
    last = evaluation.items.aggregate(last=Max("position"))["last"] or 0
    for other in others:
        for start in range(1, last + 1, _BATCH):
            _count(evaluation, first, other, range(start, start + _BATCH))


def _count(
    evaluation: Evaluation, first: Candidate, other: Candidate, positions: range
) -> None:
    heard = {h.item_id: h.text for h in _of(first, positions)}
    rows = [row for row in _of(other, positions) if row.item_id in heard]
    count(evaluation, [(heard[row.item_id], row) for row in rows])


def _of(candidate: Candidate, positions: range) -> list[Hypothesis]:
    within = (positions.start, positions.stop - 1)
    rows = candidate.hypotheses.filter(item__position__range=within, error="")
    return list(rows.order_by("item__position"))
