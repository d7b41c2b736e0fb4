"""The web application, behind a guard that bounds what a request may carry."""

from __future__ import annotations

import gc
import os
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from io import BytesIO
from typing import Any

import django
from asgiref.sync import sync_to_async

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechstudio.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402
from django.contrib.auth import SESSION_KEY  # noqa: E402
from django.core.handlers.asgi import ASGIHandler, ASGIRequest  # noqa: E402
from django.db import close_old_connections, connection  # noqa: E402
from django.http import HttpResponseBase  # noqa: E402
from django.template.defaultfilters import filesizeformat  # noqa: E402

from api.body import MAX_BYTES  # noqa: E402
from api.caller import caller_of  # noqa: E402
from api.errors import ApiError, envelope  # noqa: E402
from recognition import app as data_plane  # noqa: E402

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_UPLOAD = re.compile(
    r"/projects/[0-9a-f-]{36}/(datasets/new/source|transcriptions/new)/"
    r"|/speechtotext/v3\.2/datasets/upload"
)
_MODEL = re.compile(r"/projects/[0-9a-f-]{36}/models/import/")
_BLOCK = re.compile(
    r"/uploads/[0-9a-f-]{36}/blocks/"
    r"|/speechtotext/(v3\.2/)?datasets/[0-9a-f-]{36}/blocks"
)
_API = "/speechtotext/"
# The same for everybody. Without a cookie no session is looked up, which could
# not be answered while the database is away.
_HEALTH = "/healthz"
_MULTIPART_OVERHEAD_BYTES = 1024**2
_PAGE = """<!doctype html>
<html lang="en">
<title>Too large</title>
<h1>Too large</h1>
<p>The server accepts at most {limit} here. Nothing was stored.</p>
</html>
"""


class Handler(ASGIHandler):
    """Django's, but it sends files piece by piece.

    Django's own collects what a plain iterator gives, so the whole file, in
    memory first, and warns that it did.
    """

    async def send_response(self, response: HttpResponseBase, send: Send) -> None:
        if response.streaming and not getattr(response, "is_async", True):
            parts = iter(response)
            response.streaming_content = _in_thread(parts)  # type: ignore[attr-defined]
        await super().send_response(response, send)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if data_plane.answers(scope["path"]):
        # It has limits of its own.
        await _data_plane(scope, receive, send)
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})
        return
    headers = dict(scope["headers"])
    if scope["path"] == _HEALTH:
        scope = {**scope, "headers": [h for h in scope["headers"] if h[0] != b"cookie"]}
    if b"content-length" not in headers and b"transfer-encoding" not in headers:
        await _handler(scope, receive, send)
        return
    # Chunked bodies do not say how long they are, and are counted.
    length = int(headers.get(b"content-length", -1))
    limit = await _limit(scope, headers, length)
    if length > limit:
        await _refuse(scope["path"], limit, send)
        return
    await _handle_counted(limit, scope, receive, send)


async def _limit(
    scope: dict[str, Any], headers: Mapping[bytes, bytes], length: int
) -> int:
    """What this request may carry: much, when somebody who is known uploads."""
    path = scope["path"]
    if _BLOCK.fullmatch(path):
        return int(settings.UPLOAD_BLOCK_MAX_BYTES)
    is_api = path.startswith(_API)
    usual = MAX_BYTES if is_api else int(settings.FORM_MAX_BYTES)
    if _MODEL.fullmatch(path):
        most = int(settings.MODEL_MAX_BYTES)
    elif _UPLOAD.fullmatch(path):
        most = int(settings.UPLOAD_MAX_BYTES)
    else:
        most = 0
    if 0 <= length <= usual or not most:
        return usual
    if is_api:
        is_known = await sync_to_async(_has_key)(scope)
    else:
        is_known = await sync_to_async(_is_signed_in)(headers.get(b"cookie", b""))
    return most + _MULTIPART_OVERHEAD_BYTES if is_known else usual


async def _handle_counted(
    limit: int, scope: dict[str, Any], receive: Receive, send: Send
) -> None:
    seen = 0

    async def receive_counted() -> Mapping[str, Any]:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        # To Django it looks as if the client had gone: it stores nothing.
        return {"type": "http.disconnect"} if seen > limit else message

    await _handler(scope, receive_counted, send)
    if seen > limit:
        await _refuse(scope["path"], limit, send)


async def _refuse(path: str, limit: int, send: Send) -> None:
    """Answer without reading the rest, and hang up."""
    kind, body = b"text/html; charset=utf-8", _PAGE.format(limit=filesizeformat(limit))
    if path.startswith(_API):
        message = f"The body has at most {limit:,} bytes here. Nothing was stored."
        error = ApiError(message, "InvalidRequestBodyFormat", status=413)
        kind, body = b"application/json", envelope(error).content.decode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body.encode())).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


def _has_key(scope: dict[str, Any]) -> bool:
    """Whether the headers have the key of somebody who may call the API."""
    close_old_connections()
    try:
        caller_of(ASGIRequest(scope, BytesIO()))
    except ApiError:
        return False
    finally:
        connection.close()
    return True


def _is_signed_in(cookie: bytes) -> bool:
    """Whether the cookie belongs to somebody's session."""
    try:
        cookies = SimpleCookie(cookie.decode("latin1"))
    except CookieError:
        return False
    if settings.SESSION_COOKIE_NAME not in cookies:
        return False
    close_old_connections()
    try:
        store = import_module(settings.SESSION_ENGINE).SessionStore
        return SESSION_KEY in store(cookies[settings.SESSION_COOKIE_NAME].value)
    finally:
        # Outside of a request nobody else would do it.
        connection.close()


async def _in_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    def following() -> bytes | None:
        return next(parts, None)

    while (part := await sync_to_async(following)()) is not None:
        yield part


# Django keeps a request's body here until it is read, before any setting of
# its own applies. On many machines /tmp is in memory, and 2 GB may come.
tempfile.tempdir = str(settings.FILE_UPLOAD_TEMP_DIR)
# Now, rather than in the first visitor's time.
import_module(settings.ROOT_URLCONF)
_handler = Handler()
# Its types say the same in other words.
_data_plane: Any = data_plane.application
# What has been loaded stays: to look through it again and again for what may go takes
# long enough to be noticed.
gc.collect()
gc.freeze()
