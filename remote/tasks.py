from __future__ import annotations

from celery import shared_task

from engines.base import EngineError
from evaluations.models import Shard
from jobs.runner import run
from remote import bring, evaluate, rename
from remote.bases import try_refresh, without_bases
from remote.deploy import DEPLOYMENT, catch_up
from remote.evaluate import TESTING
from remote.leave import tidy as tidy_up
from remote.models import Arrival
from remote.poll import mend_clock, round_of_questions
from remote.train import TRAINING
from remote.transcribe import BATCHES
from remote.works import continue_, take_up
from resources.models import Resource


@shared_task
def begin_model(model_id: str) -> None:
    take_up(TRAINING, model_id)


@shared_task
def begin_shard(shard_id: str) -> None:
    run(Shard, shard_id, evaluate.begin, expected=(EngineError,))
    for shard in Shard.objects.filter(pk=shard_id):
        TESTING.after(shard)


@shared_task
def begin_endpoint(endpoint_id: str) -> None:
    take_up(DEPLOYMENT, endpoint_id)


@shared_task
def begin_transcription(transcription_id: str) -> None:
    take_up(BATCHES, transcription_id)


@shared_task
def bring_in(arrival_id: str) -> None:
    run(Arrival, arrival_id, bring.bring_in, expected=(EngineError,))


@shared_task
def go_on(remote_id: str) -> None:
    """With a job that has ended there, or that waits to be sent."""
    continue_(remote_id)


@shared_task
def poll() -> None:
    round_of_questions(go_on.delay)


@shared_task
def tidy() -> None:
    tidy_up()
    catch_up()
    rename.catch_up()
    mend_clock()
    for resource in without_bases():
        try_refresh(resource)


@shared_task
def refresh_bases() -> None:
    for resource in Resource.objects.all():
        try_refresh(resource)
