"""One message to an address that somebody gave.

Where it may go, and how long that may take, says `datasets.guard`. Redirects are not
followed: who answered the challenge is who is told.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

import httpcore
import httpx
from django.conf import settings

from datasets.fetch import checked
from datasets.formats.base import FormatError
from datasets.guard import Guard, Pace

SECONDS = 10.0
_MOST_BYTES = 4096  # of an answer that are read
_TIMEOUTS = dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)
_EVENT = b"X-MicrosoftSpeechServices-Event"
_SIGNATURE = b"X-MicrosoftSpeechServices-Signature"


class Undelivered(Exception):
    """The message is fit for who gave the address."""


@dataclass(frozen=True)
class Message:
    """`body` is JSON; `query` goes into the address."""

    url: str
    event: str
    body: bytes
    secret: str = ""
    query: tuple[tuple[str, str], ...] = ()


def post(message: Message) -> str:
    """Send it; what was answered, cut short. Raises `Undelivered` unless that was a
    success."""
    try:
        url = checked(message.url).copy_merge_params(dict(message.query))
        return _send(url, message)
    except FormatError as e:
        raise Undelivered(reason(e)) from e
    except httpcore.TimeoutException as e:
        raise Undelivered(_REASONS["fetch.timed_out"]) from e
    except (httpcore.NetworkError, httpcore.ProtocolError) as e:
        text = "No connection, or it broke off before the answer came."
        raise Undelivered(text) from e


_REASONS = {
    "fetch.timed_out": f"No answer within {SECONDS:.0f} seconds.",
    "fetch.forbidden_address": "It is in a private network, on this machine, or at a "
    "port below 1024 other than 80 and 443, where nothing is sent to. The "
    "administrator can allow it in the setting FETCH_ALLOWED_HOSTS.",
}


def reason(error: FormatError) -> str:
    """Why nothing is sent there. `datasets.guard` speaks of what is fetched."""
    return _REASONS.get(error.code, str(error))


def _send(url: httpx.URL, message: Message) -> str:
    guard = Guard(settings.FETCH_ALLOWED_HOSTS, pace=Pace(total_seconds=SECONDS))
    with (
        httpcore.ConnectionPool(network_backend=guard) as pool,
        pool.stream(
            "POST",
            httpcore.URL(
                scheme=url.raw_scheme,
                host=url.raw_host,
                port=url.port,
                target=url.raw_path,
            ),
            headers=[(b"Host", url.netloc), *_headers(message)],
            content=message.body,
            extensions={"timeout": _TIMEOUTS},
        ) as response,
    ):
        if 300 <= response.status < 400:
            text = f"It leads elsewhere (status {response.status}). Give the address "
            raise Undelivered(text + "itself.")
        if not 200 <= response.status < 300:
            raise Undelivered(f"It answered with status {response.status}.")
        return _beginning(response)


def _beginning(response: httpcore.Response) -> str:
    content = b""
    for chunk in response.iter_stream():
        content += chunk
        if len(content) >= _MOST_BYTES:
            break
    return content[:_MOST_BYTES].decode("utf-8", "replace")


def _headers(message: Message) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"Accept-Encoding", b"identity"),
        (b"Connection", b"close"),
        (b"Content-Length", str(len(message.body)).encode()),
        (b"Content-Type", b"application/json"),
        (b"User-Agent", b"speechstudio"),
        (_EVENT, message.event.encode()),
    ]
    if message.secret:
        headers.append((_SIGNATURE, signature(message.secret, message.body)))
    return headers


def signature(secret: str, body: bytes) -> bytes:
    """Of a message: HMAC-SHA256 of its body in Base64, as the reference signs.

    >>> signature("key", b"{}")
    b'p3dyTZQ+tI3Gm8qKSm1XoE2z+ex+HeTlgehgJlvfMDI='
    """
    return b64encode(hmac.digest(secret.encode(), body, sha256))
