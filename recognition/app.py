"""The data plane: everything that has speech recognised, for programs.

It answers beside the pages (`speechstudio.asgi`) or alone (`recognition.asgi`), in any
number of processes. What one does not know, such as what is waiting in another, none
needs.
"""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from recognition import fast, openai, short_audio, token, websocket
from recognition.errors import Problem, Said, envelope, short
from recognition.errors import openai as openai_says

_PATHS = re.compile(r"/(speech|sts|stt|v1)/|/speechtotext/transcriptions:transcribe$")


def answers(path: str) -> bool:
    """Whether a path is one of the data plane."""
    return bool(_PATHS.match(path))


async def _not_there(request: Request, error: Exception) -> Response:
    """No such address, or not with this method."""
    assert isinstance(error, HTTPException)
    names = {404: "NotFound", 405: "NotAllowed"}
    code = names.get(error.status_code, "InvalidRequest")
    message = f"{request.method} {request.url.path}: {error.detail}."
    return _protocol(request.url.path)(Problem(error.status_code, message, code))


def _protocol(path: str) -> Said:
    if path.startswith("/v1/"):
        return openai_says
    return envelope if path.startswith("/speechtotext/") else short


application = Starlette(
    routes=[
        *short_audio.routes,
        *websocket.routes,
        *token.routes,
        *fast.routes,
        *openai.routes,
    ],
    exception_handlers={HTTPException: _not_there},
)
