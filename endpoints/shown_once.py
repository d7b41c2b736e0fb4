"""Keys in plain, on their way from where they are made to the page that shows them.

They wait in the session until that page is asked for, which is at once; a form that
is sent twice loses none.
"""

from __future__ import annotations

from collections.abc import Mapping

from endpoints.models import Endpoint
from projects.requests import Request

_NAME = "endpoint_keys"


def put(request: Request, endpoint: Endpoint, keys: Mapping[int, str]) -> None:
    """`keys` are by their numbers."""
    if not keys:
        return
    waiting = request.session.setdefault(_NAME, {}).setdefault(str(endpoint.pk), {})
    # Beside what may wait already: the other key was made in another tab.
    waiting |= {str(number): key for number, key in keys.items()}
    request.session.modified = True


def take(request: Request, endpoint: Endpoint) -> dict[int, str]:
    """What waits for this endpoint, for the only time."""
    found = request.session.get(_NAME, {}).pop(str(endpoint.pk), {})
    if found:
        request.session.modified = True
    return {int(number): key for number, key in found.items()}
