"""The Celery application. Tasks live in the rooms."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_process_init

from speechstudio.launch import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechstudio.settings")

app = Celery("speechstudio")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_main_process = os.getpid()


def _die_with_the_worker(**_: object) -> None:
    """A pool process must not go on alone when the worker was killed."""
    if os.getpid() != _main_process:
        die_with(_main_process)


worker_process_init.connect(_die_with_the_worker)
