from __future__ import annotations

from django.apps import AppConfig


class RemoteConfig(AppConfig):
    name = "remote"
    verbose_name = "Work on Speech resources"
