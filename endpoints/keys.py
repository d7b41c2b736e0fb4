"""The keys of an endpoint: made, shown once, and recognised by their digest.

A key is 128 random bits, so a plain digest keeps it as safe as a slow one would.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from django.utils.timezone import now

from endpoints.models import Endpoint, Key

NUMBERS = (1, 2)
_LONGEST = 200  # characters of what may be asked for


def renew(endpoint: Endpoint, number: int) -> str:
    """Make a new key in the place of the former one of this number, which ends with
    it; the other key goes on being good. Gives it in plain, for the only time."""
    assert number in NUMBERS
    plain = secrets.token_hex(16)
    Key.objects.update_or_create(
        endpoint=endpoint,
        number=number,
        defaults={"digest": _digest(plain), "hint": plain[-4:], "created": now()},
    )
    return plain


def find(plain: str) -> Key | None:
    """The key, with its endpoint and what that answers with; None for a wrong one."""
    if len(plain) > _LONGEST:
        return None
    found = Key.objects.filter(digest=_digest(plain))
    return found.select_related("endpoint__project", "endpoint__serving").first()


def _digest(plain: str) -> str:
    return sha256(plain.encode()).hexdigest()
