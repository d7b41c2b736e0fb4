"""What a person or a client can do with tests."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from datasets.models import Dataset
from evaluations.models import Candidate, Evaluation
from projects.models import Project
from training.models import SpeechModel


@transaction.atomic
def create(
    project: Project,
    dataset: Dataset,
    models: Sequence[SpeechModel],
    name: str,
    description: str = "",
) -> Evaluation:
    """Make a test of these models on this dataset, and have it run."""
    evaluation = Evaluation.objects.create(
        project=project, dataset=dataset, name=name, description=description
    )
    for position, model in enumerate(models, start=1):
        Candidate.objects.create(evaluation=evaluation, model=model, position=position)
    transaction.on_commit(evaluation.enqueue)
    return evaluation


def retry(evaluation: Evaluation) -> None:
    """Run a failed test again; the results it already has are kept."""
    Evaluation.objects.filter(pk=evaluation.pk).update(stage="")
    if evaluation.retry():
        transaction.on_commit(evaluation.enqueue)


@transaction.atomic
def delete(evaluation: Evaluation) -> None:
    """Delete a test with its results; if it runs, the workers stop."""
    evaluation.call_off()
    evaluation.delete()


def rename(evaluation: Evaluation, name: str, description: str) -> None:
    Evaluation.objects.filter(pk=evaluation.pk).update(
        name=name, description=description
    )
