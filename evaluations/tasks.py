from __future__ import annotations

from uuid import UUID

from celery import shared_task

from engines.base import EngineError
from evaluations import services
from evaluations.evaluate import evaluate, recognise, settle
from evaluations.levels import count, prepare
from evaluations.models import Evaluation, Scoring, Shard
from jobs.runner import run
from training.models import PlannedTest


@shared_task
def run_evaluation(evaluation_id: str) -> None:
    # Its dataset may still be on the way: `Evaluation.tend` sends it again then.
    if Evaluation.awaits_import(evaluation_id):
        return
    run(Evaluation, evaluation_id, evaluate, expected=(EngineError,))
    # Where nothing is left to recognise, no shard ends it.
    settle(evaluation_id)


@shared_task
def run_shard(shard_id: str) -> None:
    run(Shard, shard_id, recognise, expected=(EngineError,))
    evaluation_id = _evaluation_of(shard_id)
    if evaluation_id:
        settle(evaluation_id)


@shared_task
def settle_evaluation(evaluation_id: str) -> None:
    settle(evaluation_id)


@shared_task
def run_scoring(scoring_id: str) -> None:
    run(Scoring, scoring_id, count, expected=())


@shared_task
def count_levels(evaluation_id: str) -> None:
    succeeded = Evaluation.Status.SUCCEEDED
    for evaluation in Evaluation.objects.filter(pk=evaluation_id, status=succeeded):
        prepare(evaluation)


@shared_task
def make_planned_tests() -> None:
    for planned in PlannedTest.due():
        services.make_planned(planned)


def _evaluation_of(shard_id: str) -> UUID | None:
    keys = Shard.objects.filter(pk=shard_id).values_list(
        "candidate__evaluation", flat=True
    )
    return keys.first()
