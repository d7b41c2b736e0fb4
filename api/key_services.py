"""What persons do with their keys on the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from api import keys
from api.models import ApiKey, Scope

_PROJECTS = "/speechtotext/projects?api-version=2025-10-15"
_HEADER = "Ocp-Apim-Subscription-Key"


def make_once(user: User, pk: UUID, **values: Any) -> tuple[ApiKey, str] | None:
    """A new key, and the same in plain; None when `pk` was made before.

    `values` are those of `keys.make`.
    """
    try:
        with transaction.atomic():
            return keys.make(user, pk=pk, **values)
    except IntegrityError:
        if not ApiKey.objects.filter(pk=pk).exists():
            raise
        return None


@dataclass(frozen=True)
class NewKey:
    """A key with what is shown of it once. `root` is the address of this server
    without the last slash."""

    key: ApiKey
    plain: str
    root: str

    @property
    def uses(self) -> list[tuple[str, str]]:
        """Lines that use it as they are pasted, each with its title; none for a key
        that may not read, as they list projects."""
        if not self.key.may(Scope.READ):
            return []
        address = self.root + _PROJECTS
        python = (
            "from urllib.request import Request, urlopen; "
            f'print(urlopen(Request("{address}", '
            f'headers={{"{_HEADER}": "{self.plain}"}})).read().decode())'
        )
        studio = f"STUDIO_ENDPOINT={self.root} STUDIO_KEY={self.plain}"
        return [
            ("curl", f'curl -H "{_HEADER}: {self.plain}" "{address}"'),
            ("Command line", f"{studio} ./studio project list"),
            ("Python", python),
        ]
