"""In which order a worker takes what waits."""

from __future__ import annotations

from django.conf import settings
from kombu.utils.scheduling import cycle_by_name


def test_what_people_wait_for_is_taken_before_what_takes_long() -> None:
    strategy = settings.CELERY_BROKER_TRANSPORT_OPTIONS["queue_order_strategy"]
    order = cycle_by_name(strategy)(list(reversed(settings.QUEUES)))
    for _ in range(3):
        first, *_ = order.consume(len(settings.QUEUES))
        assert first == settings.CELERY_TASK_DEFAULT_QUEUE
        order.rotate(first)
