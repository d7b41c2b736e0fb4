"""Fetch a file from an address that somebody typed, without trusting either.

`guard` decides where a connection may go. Redirects are followed by hand, and
each target is checked in the same way. There are no proxies, no cookies and no
passwords, and no message or log has the address beyond host and path: the rest
may be a key.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import unquote

import httpcore
import httpx
from django.utils.http import parse_header_parameters

from datasets.formats.base import FormatError, bare_name, looks_like, shown, size_text
from datasets.guard import Guard

MAX_REDIRECTS = 5
MAX_ADDRESS_CHARACTERS = 4_000
CONNECT_SECONDS = 15.0
IDLE_SECONDS = 30.0  # between two pieces
_HEAD_BYTES = 32 * 1024  # by which is judged what came
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SIGN_IN = re.compile(rb"type=.?password|sign[ -]?in|log[ -]?in|anmeld", re.IGNORECASE)
_SIGN_IN_PLACE = re.compile(r"log-?in|sign-?in|oauth|saml|[./]auth", re.IGNORECASE)
_HEADERS = (
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),
    (b"Connection", b"close"),
    (b"User-Agent", b"speechstudio"),
)
_TIMEOUTS = {
    "connect": CONNECT_SECONDS,
    "read": IDLE_SECONDS,
    "write": IDLE_SECONDS,
    "pool": CONNECT_SECONDS,
}

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Fetched:
    size: int  # bytes
    name: str  # that the server gave the file; empty when it gave none


def fetch(
    address: str,
    target: IO[bytes],
    limit: int,
    *,
    is_text: bool = False,
    allowed: Sequence[str] = (),
    report: Report = lambda done, total: None,
    guard: Guard | None = None,
) -> Fetched:
    """Write what is at `address` to `target`, in constant memory.

    Raises `FormatError`, with a code that begins with "fetch.". `allowed` are
    names and networks that need not be public. `report` is given the bytes done
    and their total, 0 when the server does not say it.
    """
    guard = guard or Guard(allowed)
    url = checked(address)
    with httpcore.ConnectionPool(network_backend=guard) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            with (
                _errors_said(url),
                pool.stream(
                    "GET",
                    httpcore.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        target=url.raw_path,
                    ),
                    headers=[(b"Host", url.netloc), *_HEADERS],
                    extensions={"timeout": _TIMEOUTS},
                ) as response,
            ):
                answer = _Answer(url, response)
                if response.status not in _REDIRECTS:
                    return answer.store(target, limit, is_text, report)
                url = answer.next_address()
    message = f"The server led from one address to the next more than {MAX_REDIRECTS} "
    raise FormatError(message + "times.", "fetch.redirects")


def checked(address: str) -> httpx.URL:
    """The address, if it is one that could be fetched. Raises `FormatError`."""
    try:
        url = httpx.URL(address.strip())
        host = url.host  # decoded only here
    except (httpx.InvalidURL, ValueError) as e:
        message = "This is not an address. Write it as https://example.org/file.zip."
        raise FormatError(message, "fetch.address") from e
    if url.scheme not in ("http", "https") or not host:
        message = "Only addresses that begin with https:// or http:// can be fetched."
        raise FormatError(message, "fetch.address")
    if url.port is not None and not 0 < url.port < 65_536:
        raise FormatError("Ports go from 1 to 65535.", "fetch.address")
    if url.userinfo:
        raise FormatError(
            "Leave out the name and password before the @. Use a link that opens "
            "without signing in, such as a public link or a SAS address.",
            "fetch.password",
        )
    if len(address) > MAX_ADDRESS_CHARACTERS:
        message = f"The address is longer than {MAX_ADDRESS_CHARACTERS:,} characters."
        raise FormatError(message, "fetch.address")
    return url


def check_public(address: str, allowed: Sequence[str] = ()) -> None:
    """Raises `FormatError` for what is no address, and for a private one that is given
    by its number. Where a name leads to is found out by those who go there."""
    url = checked(address)
    guard = Guard(allowed, resolve=_numbers_only)
    try:
        guard.addresses(url.host, url.port or (443 if url.scheme == "https" else 80))
    except FormatError as e:
        if e.code != "fetch.unknown_host":
            raise


def _numbers_only(host: str, port: int, **options: Any) -> list[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST, **options)


def shown_address(address: str) -> str:
    """Host and path: what pages may show of an address.

    >>> shown_address("https://a.example:8443/b/c%20d.zip?sig=secret#x")
    'a.example:8443/b/c d.zip'
    """
    url = checked(address)
    return f"{url.netloc.decode('ascii')}{url.path}"


def without_query(address: str) -> str:
    """
    >>> without_query("https://a.example/b.zip?sig=secret#x")
    'https://a.example/b.zip'
    """
    return str(checked(address).copy_with(query=None, fragment=None))


def file_name(address: str) -> str:
    """The last part of the path, or the host.

    >>> file_name("https://a.example/b/c%20d.zip?e=f.g"), file_name("http://a.example")
    ('c d.zip', 'a.example')
    """
    url = checked(address)
    return PurePosixPath(url.path).name or url.host


class _Answer:
    """What a server said to the request for `url`."""

    def __init__(self, url: httpx.URL, response: httpcore.Response) -> None:
        self.url = url
        self.response = response
        self.headers = {
            name.decode("latin1").lower(): value.decode("latin1")
            for name, value in response.headers
        }

    def next_address(self) -> httpx.URL:
        try:
            target = self.url.join(self.headers["location"])
        except (KeyError, httpx.InvalidURL, ValueError) as e:
            message = f"{self.url.host} leads on to an address that is none."
            raise FormatError(message, "fetch.redirects") from e
        try:
            return checked(str(target))
        except FormatError as e:
            message = f"{self.url.host} leads on to another address. {e}"
            raise FormatError(message, e.code) from e

    def store(
        self, target: IO[bytes], limit: int, is_text: bool, report: Report
    ) -> Fetched:
        self._check_status()
        total = int(self.headers.get("content-length", "")[:18] or 0)
        if total > limit:
            raise _too_large(f"The file has {size_text(total)}", limit)
        done, reported, head = 0, 0.0, b""
        for chunk in self.response.iter_stream():
            done += len(chunk)
            if done > limit:
                raise _too_large("The file is too large", limit)
            if len(head) < _HEAD_BYTES:
                head += chunk
                if len(head) >= _HEAD_BYTES:
                    self._check_content(head, is_text)
            target.write(chunk)
            if time.monotonic() - reported >= 1:
                reported = time.monotonic()
                report(done, total)
        if len(head) < _HEAD_BYTES:
            self._check_content(head, is_text)
        target.flush()
        return Fetched(done, self._file_name())

    def _check_status(self) -> None:
        status, host = self.response.status, self.url.host
        if status == 200:
            if self.headers.get("content-encoding", "identity") != "identity":
                message = f"{host} sends the file packed (Content-Encoding), although "
                message += "it was asked not to. Store it there as it is."
                raise FormatError(message, "fetch.not_promised")
            return
        if status in (401, 403, 407):
            raise _needs_login(host, status)
        if status in (404, 410):
            message = f"{host} has no such file (status {status}). Check the address; "
            message += "a link may have expired."
            raise FormatError(message, "fetch.not_found")
        if status in (408, 425, 429) or status >= 500:
            message = f"{host} cannot send it at the moment (status {status}). Try "
            raise FormatError(message + "again later.", "fetch.unreachable")
        message = f"{host} answered with status {status} and no file."
        raise FormatError(message, "fetch.not_promised")

    def _check_content(self, head: bytes, is_text: bool) -> None:
        """Raises when it is a page or a message instead of a file."""
        host = self.url.host
        what = looks_like(head[:512])
        media = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if what == "a web page (HTML or XML)":
            place = f"{host}{self.url.path}"
            if _SIGN_IN.search(head) or _SIGN_IN_PLACE.search(place):
                raise _needs_login(host, 200)
        elif media == "application/json" or media.endswith("+json"):
            what = "a JSON document, such as a message of an error"
        elif what == "an empty file":
            raise FormatError(f"The file at {host} is empty.", "fetch.not_promised")
        elif is_text or what != "plain text":
            return
        raise FormatError(
            f"{host} sent {what}, not the file. Use the address from which a browser "
            "downloads the file itself, without a page around it.",
            "fetch.not_promised",
        )

    def _file_name(self) -> str:
        given = self.headers.get("content-disposition", "")
        _, values = parse_header_parameters(given)
        return shown(bare_name(unquote(values.get("filename", ""))))


@contextmanager
def _errors_said(url: httpx.URL) -> Iterator[None]:
    """Turn what goes wrong on the way into words for the user."""
    host = url.host
    try:
        yield
    except httpcore.TimeoutException as e:
        message = f"{host} did not answer in time. Try again later."
        raise FormatError(message, "fetch.timed_out") from e
    except httpcore.ConnectError as e:
        message = f"{host} cannot be reached. Check the address, or try again later."
        raise FormatError(message, "fetch.unreachable") from e
    except (httpcore.NetworkError, httpcore.ProtocolError) as e:
        message = f"The connection to {host} broke off. Try again later."
        raise FormatError(message, "fetch.interrupted") from e


def _needs_login(host: str, status: int) -> FormatError:
    said = "shows a page to sign in" if status == 200 else f"refuses it ({status})"
    return FormatError(
        f"{host} {said}: the address needs a login, or the access it gave has ended. "
        "Use a link that opens without signing in, such as a public link or a fresh "
        "SAS address.",
        "fetch.login",
    )


def _too_large(what: str, limit: int) -> FormatError:
    message = f"{what}; {size_text(limit)} is the limit. Split it into several files."
    return FormatError(message, "fetch.too_large")
