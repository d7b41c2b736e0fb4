from __future__ import annotations

from django.apps import AppConfig


class TranscriptionsConfig(AppConfig):
    name = "transcriptions"
