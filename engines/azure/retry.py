"""The one rule for trying again, as a transport of httpx.

Safe methods and those that may be done twice are tried again after 408, 429, 5xx, a
time-out or a broken connection. A POST is tried again only where it certainly was not
carried out: the connection was never made, or the resource said 429.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from engines.azure.errors import AzureError, Kind

# PATCH is a merge here: twice gives what once gives.
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
# Nothing was sent when these are raised.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# An answer that is no file; lists have at most a thousand entries.
MAX_ANSWER_BYTES = 32 * 1024**2
# Marks a request whose answer the caller reads piece by piece.
STREAMED = "speechstudio.streamed"
TRIES = "speechstudio.tries"


@dataclass(frozen=True)
class Patience:
    """How long one call may take, with all its tries, and how long the resource may
    be silent in one. Seconds."""

    tries: int = 5
    total: float = 120.0
    first_wait: float = 0.5
    longest_wait: float = 30.0
    silence: float = 60.0


@dataclass
class Retrying(httpx.BaseTransport):
    """`draw` gives numbers from 0 to 1, for the jitter."""

    inner: httpx.BaseTransport
    patience: Patience = Patience()
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random
    # Never the time of day: it may jump.
    clock: Callable[[], float] = time.monotonic

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = self.clock() + self.patience.total
        number = 0
        while True:
            number += 1
            try:
                response = self._answer(request)
            except httpx.TransportError as e:
                wait = self._wait(number, None)
                if not self._may_repeat(request, e) or not self._fits(
                    number, wait, deadline
                ):
                    raise
            else:
                wait = self._wait(number, retry_after(response))
                if not self._must_repeat(request, response) or not self._fits(
                    number, wait, deadline
                ):
                    response.extensions[TRIES] = number
                    return response
                response.close()
            self.sleep(wait)

    def close(self) -> None:
        self.inner.close()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        """The answer, read to its end, so that one that breaks off is tried again."""
        response = self.inner.handle_request(request)
        if STREAMED in request.extensions:
            return response
        if not isinstance(response.stream, httpx.SyncByteStream):
            raise TypeError("an asynchronous transport")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            # A few bytes may unpack to gigabytes, so it is asked for as it is.
            response.close()
            message = "The answer is compressed, which was not asked for."
            raise AzureError(message, "Compressed", kind=Kind.NOT_AZURE)
        content = bytearray()
        until = self.clock() + self.patience.total
        try:
            for part in response.stream:
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    message = "The answer is larger than any of a Speech resource."
                    raise AzureError(message, "TooLarge", kind=Kind.NOT_AZURE)
                if self.clock() > until:
                    message = "The answer came too slowly."
                    raise httpx.ReadTimeout(message, request=request)
        finally:
            response.close()
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(bytes(content)),
            extensions=response.extensions,
        )

    def _may_repeat(self, request: httpx.Request, error: httpx.TransportError) -> bool:
        if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
            return False
        return request.method in _REPEATABLE or isinstance(error, _NOT_SENT)

    def _must_repeat(self, request: httpx.Request, response: httpx.Response) -> bool:
        status = response.status_code
        return status == 429 or (status in _AGAIN and request.method in _REPEATABLE)

    def _wait(self, number: int, asked: float | None) -> float:
        """Twice as long each time, from the half to all of it by chance, so that those
        who were turned away together do not come back together."""
        longest = self.patience.first_wait * 2.0 ** (number - 1)
        wait: float = min(longest, self.patience.longest_wait)
        wait *= 0.5 + self.draw() / 2
        return wait if asked is None else asked + wait

    def _fits(self, number: int, wait: float, deadline: float) -> bool:
        return number < self.patience.tries and self.clock() + wait <= deadline


def retry_after(response: httpx.Response) -> float | None:
    """How long the resource asks to wait, in seconds; None when it does not say.

    A date counts from that of the answer: our own clock may be wrong.
    """
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        until = parsedate_to_datetime(given).timestamp()
    except (ValueError, OverflowError):
        return None
    try:
        sent = parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        sent = time.time()
    return max(0.0, until - sent)
