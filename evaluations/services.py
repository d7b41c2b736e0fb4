"""What a person or a client can do with tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Max

from datasets.models import Dataset
from engines.base import Decoding
from evaluations import levels, tables
from evaluations.models import Candidate, Evaluation, Hypothesis, Scoring
from projects.models import Project
from projects.storage import delete_tree
from training.lifetime import DEPRECATED
from training.models import PlannedTest, SpeechModel
from training.offers import audible, testable


class Refused(Exception):
    """This cannot be tested; the message is fit for the user.

    `about` is the dataset or the model that is to blame; the code is one of the REST
    API's.
    """

    def __init__(self, message: str, about: Dataset | SpeechModel, code: str) -> None:
        super().__init__(message)
        self.about = about
        self.code = code


def check(
    project: Project, dataset: Dataset, models: Sequence[SpeechModel], kind: str
) -> None:
    """What the form of the wizard offers nothing else than, for those who ask without
    it. Raises `Refused`."""
    inspects = kind == Evaluation.Kind.INSPECTION
    problem, code = _why_not_data(project, dataset, inspects)
    if problem:
        raise Refused(f"“{dataset.name}”: {problem}", dataset, code)
    for model in models:
        problem, code = _why_not_model(project, model)
        if problem:
            raise Refused(f"“{model.name}”: {problem}", model, code)


def _why_not_data(
    project: Project, dataset: Dataset, inspects: bool
) -> tuple[str, str]:
    if dataset.project_id != project.pk:
        return "It belongs to another project.", "InvalidDataset"
    if dataset.status == Dataset.Status.FAILED:
        return "Its import has failed.", "FailedDataset"
    if dataset.is_active:
        return "It is not imported yet. Wait for that.", "InvalidDataset"
    fitting = audible(project) if inspects else testable(project)
    if not fitting.filter(pk=dataset.pk).exists():
        what = "audio" if inspects else "audio with transcripts"
        return f"A test of this kind needs {what}.", "InvalidDataset"
    return "", ""


def _why_not_model(project: Project, model: SpeechModel) -> tuple[str, str]:
    if model.project_id not in (None, project.pk) or model.engine != project.engine:
        return "It belongs to another project.", "InvalidModel"
    if not model.speaks(project.locale):
        return f"It does not speak {project.language}.", "ModelMismatch"
    if model.is_expired:
        return "It has expired and recognises nothing any more.", DEPRECATED
    if not model.is_offered:
        return "It is not on offer any more.", "InvalidModel"
    if model.is_custom and model.status == SpeechModel.Status.FAILED:
        return "It has failed: there is nothing to test.", "InvalidModel"
    if model.is_custom and model.is_active:
        return "It is not ready yet.", "InvalidModel"
    return "", ""


@transaction.atomic
def create(
    project: Project,
    dataset: Dataset,
    models: Sequence[SpeechModel],
    name: str,
    description: str = "",
    key: UUID | None = None,
    kind: str = Evaluation.Kind.ACCURACY,
) -> Evaluation:
    """Make a test of these models on this dataset, and have it run.

    `key` is for a form that may be sent twice: it makes one test.
    """
    evaluation, is_new = Evaluation.objects.get_or_create(
        pk=key or uuid4(),
        project=project,
        defaults={
            "dataset": dataset,
            "name": name,
            "description": description,
            "kind": kind,
        },
    )
    if not is_new:
        return evaluation
    _enter(evaluation, models)
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


@transaction.atomic
def add_models(evaluation: Evaluation, models: Iterable[SpeechModel]) -> bool:
    """Have more models recognise the data of a test; what it has is kept.

    Those that take part already are left out. False while the test runs.
    """
    if not _go_on(evaluation):
        return False
    known = set(evaluation.candidates.values_list("model", flat=True))
    _enter(evaluation, [model for model in models if model.pk not in known])
    return True


@transaction.atomic
def remove_model(evaluation: Evaluation, candidate: Candidate) -> bool:
    """Take a model and what it heard out of a test. False for its last one, and while
    the test runs."""
    if evaluation.candidates.count() < 2 or not _go_on(evaluation):
        return False
    key = str(candidate.pk)
    levels = [one.figures.get(key, {}) for one in evaluation.scorings.all()]
    names = [candidate.table, *(figures.get("table", "") for figures in levels)]
    candidate.delete()
    transaction.on_commit(partial(tables.delete, names))
    return True


@transaction.atomic
def recognise_failed(evaluation: Evaluation) -> None:
    """Try the recordings again that could not be recognised."""
    failed = evaluation.candidates.filter(failed__gt=0)
    if failed.exists() and _go_on(evaluation):
        Hypothesis.objects.filter(candidate__in=failed).exclude(error="").delete()
        failed.update(is_complete=False)


def _go_on(evaluation: Evaluation) -> bool:
    """Have a test that has ended run again after the commit; False if it runs."""
    if not (evaluation.reopen() or evaluation.retry()):
        return False
    # What a level counts right now changes under its hands; it is counted anew.
    for scoring in evaluation.scorings.exclude(status=Scoring.Status.SUCCEEDED):
        names = levels.tables_of(scoring)
        scoring.delete()
        transaction.on_commit(partial(tables.delete, names))
    _queue_again(evaluation)
    return True


def _queue_again(evaluation: Evaluation) -> None:
    Evaluation.objects.filter(pk=evaluation.pk).update(stage="")
    transaction.on_commit(evaluation.enqueue)


def _enter(evaluation: Evaluation, models: Iterable[SpeechModel]) -> None:
    last = evaluation.candidates.aggregate(last=Max("position"))["last"] or 0
    decoding = Decoding(evaluation.project.locale).settings
    for position, model in enumerate(models, start=last + 1):
        Candidate.objects.create(
            evaluation=evaluation, model=model, position=position, decoding=decoding
        )


def retry(evaluation: Evaluation) -> None:
    """Run a failed test again; the results it already has are kept."""
    if evaluation.retry():
        _queue_again(evaluation)


@transaction.atomic
def count_again(scoring: Scoring) -> None:
    """Count the errors of a level once more, which has failed."""
    if scoring.retry():
        transaction.on_commit(scoring.enqueue)


@transaction.atomic
def delete(evaluation: Evaluation) -> None:
    """Delete a test with its results; if it runs, the workers stop."""
    evaluation.call_off()
    folder = evaluation.folder
    evaluation.delete()
    transaction.on_commit(partial(delete_tree, folder))


def rename(evaluation: Evaluation, name: str, description: str) -> None:
    Evaluation.objects.filter(pk=evaluation.pk).update(
        name=name, description=description
    )
