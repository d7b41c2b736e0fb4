from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from engines.base import EngineError
from engines.registry import ENGINES
from speechstudio import sample_project
from speechstudio.setup import create_owner, is_fresh
from training import services


class Command(BaseCommand):
    help = "Make database, static files, base models and first data ready to start."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        try:
            for engine in ENGINES:
                services.sync_base_models(engine)
        except EngineError as e:
            raise CommandError(f"BASE_MODELS: {e}") from e
        _make_administrator()
        if settings.SAMPLE_PROJECT:
            sample_project.install()


def _make_administrator() -> None:
    """The owner's account without a browser, from the environment."""
    name, password = settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD
    if not name and not password:
        return
    if not name or not password:
        raise CommandError("ADMIN_USERNAME and ADMIN_PASSWORD go together.")
    try:
        User.username_validator(name)
    except ValidationError as e:
        raise CommandError("ADMIN_USERNAME has characters that are not allowed.") from e
    if is_fresh():
        create_owner(name, password)
