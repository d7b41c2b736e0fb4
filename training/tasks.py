from __future__ import annotations

from celery import shared_task

from engines.base import EngineError
from engines.registry import ENGINES, get_engine
from jobs.runner import run
from training.copy import copy
from training.export import pack
from training.fetch import fetch
from training.importing import import_model as take_in
from training.models import Package, SpeechModel
from training.train import train


@shared_task
def fetch_model(model_id: str) -> None:
    run(SpeechModel, model_id, fetch, expected=(EngineError,))


@shared_task
def copy_model(model_id: str) -> None:
    run(SpeechModel, model_id, copy, expected=(EngineError,))


@shared_task
def import_model(model_id: str) -> None:
    run(SpeechModel, model_id, take_in, expected=(EngineError,))


@shared_task
def pack_model(package_id: str) -> None:
    run(Package, package_id, pack, expected=(EngineError,))


@shared_task
def train_model(model_id: str) -> None:
    run(SpeechModel, model_id, train, expected=(EngineError,))


@shared_task
def remove_model(engine: str, reference: str) -> None:
    get_engine(engine).remove(reference)


@shared_task
def tidy_models() -> None:
    """Delete the files of models that were deleted with their project, or while the
    messages to the workers were lost."""
    for engine in ENGINES:
        rows = SpeechModel.objects.filter(engine=engine).exclude(project=None)
        get_engine(engine).tidy(set(rows.values_list("reference", flat=True)))
