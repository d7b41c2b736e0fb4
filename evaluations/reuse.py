"""Take over what a model has heard already, instead of having it listen again.

The same model with the same settings hears the same in the same audio, whichever
dataset or test of the project that was for.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max

from datasets.models import Utterance
from evaluations.models import Candidate, Evaluation, Hypothesis, Item

_BATCH = 500


def reuse(evaluation: Evaluation, candidate: Candidate) -> None:
    """Store what earlier tests of the project heard with this candidate's model."""
    last = evaluation.items.aggregate(last=Max("position"))["last"] or 0
    for start in range(1, last + 1, _BATCH):
        some = evaluation.items.filter(position__range=(start, start + _BATCH - 1))
        todo = some.exclude(hypotheses__candidate=candidate)
        _take_over(evaluation, candidate, list(todo.select_related("utterance")))


def _take_over(
    evaluation: Evaluation, candidate: Candidate, items: Sequence[Item]
) -> None:
    heard = _heard(evaluation, candidate, items)
    hashed = ((item, heard.get(item.utterance.audio_hash)) for item in items)
    found = [(item, old) for item, old in hashed if old]
    Hypothesis.objects.bulk_create(
        (
            Hypothesis(
                candidate=candidate,
                item=item,
                text=old.text,
                display=old.display,
                timings=old.timings,
            )
            for item, old in found
        ),
        # A worker that was given up for dead may have stored one meanwhile.
        ignore_conflicts=True,
    )


def _heard(
    evaluation: Evaluation, candidate: Candidate, items: Sequence[Item]
) -> dict[int | None, Hypothesis]:
    """Earlier results by the audio they are of."""
    hashes = {item.utterance.audio_hash for item in items} - {None}
    same = Utterance.objects.filter(
        audio_hash__in=hashes, dataset__project=evaluation.project_id
    )
    # In steps: a database that begins with the model walks all it has ever heard.
    by_utterance = dict(same.values_list("pk", "audio_hash"))
    played = Item.objects.filter(utterance__in=by_utterance)
    rows = Hypothesis.objects.filter(
        item__in=list(played.values_list("pk", flat=True)),
        candidate__model=candidate.model_id,
        candidate__decoding=candidate.decoding,
        error="",
    ).select_related("item")
    return {by_utterance[row.item.utterance_id]: row for row in rows}
