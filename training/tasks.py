from __future__ import annotations

from celery import shared_task

from engines.base import EngineError
from jobs.runner import run
from training.fetch import fetch
from training.models import SpeechModel


@shared_task
def fetch_model(model_id: str) -> None:
    run(SpeechModel, model_id, fetch, expected=(EngineError,))
