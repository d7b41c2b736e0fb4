"""Tokens: what a client may carry for ten minutes in the place of a key.

Reference: https://learn.microsoft.com/azure/ai-services/authentication
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

import jwt
from django.conf import settings
from django.utils.timezone import now

GOOD_FOR = timedelta(minutes=10)
_ALGORITHM = "HS256"
_AUDIENCE = "speechstudio/recognition"


@dataclass(frozen=True)
class Grant:
    """What its bearer may use: an endpoint or, for the page where models are tried, a
    base model in a project. `key` is the digest of the key that the token was given
    for: with that it ends. A key alone is one of the API, with all that it may do."""

    endpoint: str = ""
    key: str = ""
    project: str = ""
    model: str = ""


def issue(grant: Grant) -> str:
    """A JSON Web Token."""
    claims = {"aud": _AUDIENCE, "exp": now() + GOOD_FOR, "grant": asdict(grant)}
    return jwt.encode(claims, settings.SECRET_KEY, algorithm=_ALGORITHM)


def read(token: str) -> Grant | None:
    """None for what was not issued here, or is over."""
    try:
        claims = jwt.decode(
            token, settings.SECRET_KEY, algorithms=[_ALGORITHM], audience=_AUDIENCE
        )
        return Grant(**claims["grant"])
    except (jwt.InvalidTokenError, KeyError, TypeError):
        return None


def for_endpoint(endpoint: UUID, digest: str = "") -> str:
    return issue(Grant(endpoint=str(endpoint), key=digest))


def for_base_model(project: UUID, model: UUID) -> str:
    return issue(Grant(project=str(project), model=str(model)))
