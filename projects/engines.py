"""The engines that a project can be made on: this server's own, and the Speech
resources that the administrator has added."""

from __future__ import annotations

from projects.models import EMBEDDED as EMBEDDED
from resources.models import Resource

_EMBEDDED_NAME = "This server"


def choices() -> list[tuple[str, str]]:
    """What `Project.engine` can be, with a name for people; the embedded one first."""
    resources = Resource.objects.values_list("key", "name")
    return [(EMBEDDED, _EMBEDDED_NAME), *resources]


def name_of(engine: str) -> str:
    return dict(choices()).get(engine, engine)
