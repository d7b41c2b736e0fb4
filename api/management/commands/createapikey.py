from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from api import keys
from api.models import Scope
from projects.access import projects_of

_MOST_DAYS = 36_500


class Command(BaseCommand):
    help = "Makes an API key for a person, and prints it as the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="the person's user name")
        parser.add_argument("--name", default="command line", help="what it is for")
        parser.add_argument("--project", help="ID of the only project it is good for")
        parser.add_argument(
            "--scopes",
            default=",".join(Scope.values),
            help=f"what it may do: {', '.join(Scope.values)} (default: all)",
        )
        parser.add_argument("--days", type=int, help="after how many days it expires")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody is called {options['user']} here.")
        scopes = [one.strip() for one in options["scopes"].split(",")]
        if not set(scopes) <= set(Scope.values):
            raise CommandError(f"Scopes are {', '.join(Scope.values)}.")
        days = options["days"]
        if days is not None and not 1 <= days <= _MOST_DAYS:
            raise CommandError(f"A key is good for 1 to {_MOST_DAYS:,} days.")
        project = None
        if options["project"]:
            seen = projects_of(user)
            project = next((p for p in seen if str(p.pk) == options["project"]), None)
            if project is None:
                raise CommandError("This person sees no such project.")
        expires = None if days is None else now() + timedelta(days=days)
        _, plain = keys.make(user, options["name"][:100], project, scopes, expires)
        self.stdout.write(plain)
