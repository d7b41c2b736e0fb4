from __future__ import annotations

from celery import shared_task

from api.models import WebHook
from api.webhooks import courier, deliver, services
from api.webhooks.post import Undelivered
from jobs.runner import run


@shared_task
def challenge(hook_id: str) -> None:
    run(WebHook, hook_id, services.challenge, expected=(Undelivered,))


@shared_task
def deliver_due() -> None:
    courier.set_out()


@shared_task
def tidy_deliveries() -> None:
    deliver.tidy_up()
