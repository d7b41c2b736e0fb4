from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from engines.registry import ENGINES

from training import services


class Command(BaseCommand):
    help = "Make the list of base models say what the engines offer now."

    def handle(self, *args: Any, **options: Any) -> None:
        for engine in ENGINES:
            services.sync_base_models(engine)
