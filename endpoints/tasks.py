from __future__ import annotations

from celery import shared_task

from endpoints import logs
from endpoints.deploy import deploy
from endpoints.models import Endpoint
from engines.base import EngineError
from jobs.runner import run


@shared_task
def deploy_endpoint(endpoint_id: str) -> None:
    run(Endpoint, endpoint_id, deploy, expected=(EngineError,))


@shared_task
def tidy_logs() -> None:
    """Delete content logs that were kept long enough, and files of deleted ones."""
    if not logs.tidy():
        tidy_logs.delay()
