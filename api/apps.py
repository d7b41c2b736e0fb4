from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = "REST API"

    def ready(self) -> None:
        # It needs the models of all rooms.
        from api.webhooks.events import listen

        listen()
