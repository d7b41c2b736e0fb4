"""Tokens for a key: good for ten minutes, for clients that are not to have the key."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from endpoints import tokens
from recognition.access import Denied, credentials, granted
from recognition.errors import short
from recognition.visits import Visit, Visited


async def issue(visit: Visit) -> Response:
    given = credentials(visit.request.headers)
    if "key" not in given:
        raise Denied("Tokens are given for a key.", 403, "Forbidden")
    text = tokens.issue(await granted(given["key"]))
    return PlainTextResponse(text, media_type="application/jwt")


routes: list[BaseRoute] = [
    Route("/sts/v1.0/issueToken", Visited(issue, short), methods=["POST"]),
]
