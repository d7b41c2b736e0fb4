"""What can go wrong with a Speech resource, told apart.

Reference: section 19 of the reference product, and the gateway before it, which wraps
its own refusals as `{"error": {"code", "message"}}`.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import httpx

from engines.base import EngineError

_MAX_MESSAGE = 1_000


class Kind(StrEnum):
    """What somebody would do about it differs from kind to kind."""

    NETWORK = "network"  # the resource was not reached
    KEY = "key"  # 401
    FORBIDDEN = "forbidden"  # 403
    GONE = "gone"  # 404
    CONFLICT = "conflict"  # 409
    THROTTLED = "throttled"  # 429
    SERVER = "server"  # 5xx
    REFUSED = "refused"  # any other 4xx: what was asked for is wrong
    NOT_AZURE = "not-azure"  # something answers, which is no Speech resource


_KINDS = {
    401: Kind.KEY,
    403: Kind.FORBIDDEN,
    404: Kind.GONE,
    409: Kind.CONFLICT,
    429: Kind.THROTTLED,
}


class AzureError(EngineError):
    """`status` is that of HTTP, 0 where there was no answer; `target` the field that
    it is about; `retry_after` seconds, where the resource said how long to wait."""

    def __init__(
        self,
        message: str,
        code: str,
        status: int = 0,
        kind: Kind = Kind.NETWORK,
        target: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code)
        self.status = status
        self.kind = kind
        self.target = target
        self.retry_after = retry_after


def not_reached(error: Exception, host: str) -> AzureError:
    """What a failure of the connection means."""
    causes = list(_causes(error))
    if any(isinstance(one, socket.gaierror) for one in causes):
        message = f"The name {host} is not known. Check the spelling of the endpoint."
        return AzureError(message, "NameNotFound")
    if bad := next((c for c in causes if isinstance(c, ssl.SSLError)), None):
        why = getattr(bad, "verify_message", "") or "no safe connection was made"
        message = f"The certificate of {host} is not to be trusted: {why}."
        return AzureError(message, "TlsFailed")
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        message = f"{host} refuses the connection. Does anything listen there?"
        return AzureError(message, "ConnectionRefused")
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        message = f"{host} did not answer in time."
        return AzureError(message, "TimedOut")
    return AzureError(f"The connection to {host} broke off.", "ConnectionLost")


def refusal(
    response: httpx.Response, content: bytes, retry_after: float | None
) -> AzureError:
    """What an answer other than 2xx means."""
    status = response.status_code
    if status < 400:
        message = (
            f"It answers with a redirect ({status}), which no Speech resource does."
        )
        return AzureError(message, "Redirect", status, Kind.NOT_AZURE)
    kind = _KINDS.get(status, Kind.SERVER if status >= 500 else Kind.REFUSED)
    code, message, target = _said(content)
    message = message or _unsaid(status, kind)
    code = code or response.reason_phrase.replace(" ", "") or str(status)
    return AzureError(message, code, status, kind, target, retry_after)


def _said(content: bytes) -> tuple[str, str, str]:
    """Code, message and target of an envelope: the innermost that there are."""
    code = message = target = ""
    try:
        said: Any = json.loads(content)
    except (ValueError, RecursionError):
        return "", "", ""
    if isinstance(said, dict) and isinstance(said.get("error"), dict):
        said = said["error"]
    depth = 0
    while isinstance(said, dict) and depth < 10:
        code = _text(said.get("code")) or code
        message = _text(said.get("message")) or message
        target = _text(said.get("target")) or target
        said, depth = said.get("innerError"), depth + 1
    return code, message, target


def _unsaid(status: int, kind: Kind) -> str:
    return {
        Kind.KEY: "The key is missing, wrong, or has expired.",
        Kind.FORBIDDEN: "The key may not be used for this.",
        Kind.GONE: "It is not there.",
        Kind.CONFLICT: "It is in use.",
        Kind.THROTTLED: "There were too many requests. Try again later.",
        Kind.SERVER: f"The resource has an error of its own ({status}).",
    }.get(kind, f"The resource refuses this ({status}).")


def _text(value: object) -> str:
    return value[:_MAX_MESSAGE] if isinstance(value, str) else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__
