"""What a person or a client can do with tests."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from django.db import transaction

from datasets.models import Dataset
from evaluations.models import Candidate, Evaluation
from projects.models import Project
from training.models import PlannedTest, SpeechModel


@transaction.atomic
def create(
    project: Project,
    dataset: Dataset,
    models: Sequence[SpeechModel],
    name: str,
    description: str = "",
    key: UUID | None = None,
) -> Evaluation:
    """Make a test of these models on this dataset, and have it run.

    `key` is for a form that may be sent twice: it makes one test.
    """
    evaluation, is_new = Evaluation.objects.get_or_create(
        pk=key or uuid4(),
        project=project,
        defaults={"dataset": dataset, "name": name, "description": description},
    )
    if not is_new:
        return evaluation
    for position, model in enumerate(models, start=1):
        Candidate.objects.create(evaluation=evaluation, model=model, position=position)
    transaction.on_commit(evaluation.enqueue)
    return evaluation


@transaction.atomic
def make_planned(planned: PlannedTest) -> None:
    """Make the test that was chosen with a training; twice makes one.

    The base model is compared with it, unless that has expired meanwhile.
    """
    model, dataset = planned.model, planned.dataset
    assert model.project is not None
    compared = [one for one in (model.base, model) if one and not one.is_expired]
    if compared:
        name = f"{model.name[:90]} on {dataset.name[:90]}"
        if planned.role == PlannedTest.Role.GUARD:
            name += " (guard)"
        create(model.project, dataset, compared, name, key=planned.pk)
    PlannedTest.objects.filter(pk=planned.pk).update(is_made=True)


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
