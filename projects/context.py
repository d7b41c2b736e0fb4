from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from projects.access import projects_of


def switcher(request: HttpRequest) -> dict[str, Any]:
    """The latest projects of this person, for the menu in the top bar."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {}
    return {
        "nav_projects": SimpleLazyObject(lambda: list(projects_of(request.user)[:12]))
    }
