"""Containers of files: list what is in one, and write into one.

Two kinds answer without a program that signs in: those of Azure, whose address ends
with a SAS, and buckets as those of S3, where everybody may list and read, or whose
list somebody has signed. Nobody's redirect is followed, `Guard` decides where a
connection may go, and no message has more of an address than the host: the rest may
be a key.

Reference: https://learn.microsoft.com/rest/api/storageservices/list-blobs,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode

import httpcore
import httpx

from datasets import fetch
from datasets.formats.base import FormatError, size_text
from datasets.formats.listing import Page
from datasets.guard import Guard, Pace

MAX_FILES = 10_000  # in a container, as in the reference
MAX_PAGES = 1_000
LISTING_SECONDS = 15 * 60.0
PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds before it is tried again
_REQUEST_SECONDS = 10 * 60.0
_PAGE_BYTES = 32 * 1024**2  # 5,000 files of Azure have some 8 MB
_TIMEOUT_SECONDS = 30.0
# What asks for a listing, and gives no access.
_ASKING = frozenset(
    {"restype", "comp", "prefix", "marker", "include", "delimiter", "maxresults"}
    | {"list-type", "continuation-token", "start-after", "max-keys", "encoding-type"}
)
_SIGNED = frozenset({"x-amz-signature", "x-goog-signature", "signature"})


def checked(address: str, permissions: str) -> httpx.URL:
    """The address, if it can be one of a container that gives these permissions, in
    the letters of a SAS. Raises `FormatError`."""
    url = fetch.checked(address)
    given = {name.lower(): value for name, value in parse_qsl(_query(url))}
    if given.get("sr", "c") not in ("c", "d"):
        raise FormatError(
            "This address opens a single file. Make a SAS of the container.",
            "container.address",
        )
    # Who may create a file may write one that is not there yet.
    permitted = given.get("sp", permissions).replace("c", "w")
    missing = [one for one in permissions if one not in permitted]
    if missing:
        names = {"r": "read", "l": "list", "w": "write"}
        wanted = " and ".join(names[one] for one in missing)
        message = f"The SAS does not permit to {wanted}. Make one that does."
        raise FormatError(message, "container.denied")
    return url


def check_writable(address: str) -> None:
    """Raises `FormatError` when nobody can write into a container by this address."""
    url = checked(address, "w")
    if "sig" in _names(url):
        return
    why = "Results can only be written to an Azure container: give its address with "
    why += "a SAS that permits to write."
    if _names(url) & _SIGNED:
        why += " A presigned address of S3 opens a single object, so it cannot be used."
    raise FormatError(why, "container.address")


def names_in(
    address: str,
    *,
    allowed: Sequence[str] = (),
    report: Callable[[int], None] = lambda count: None,
) -> list[str]:
    """The names of all files, with the folders that they are in.

    Raises `FormatError`. `report` is given, after each page, how many there are so
    far.
    """
    url = checked(address, "rl")
    names: list[str] = []
    markers = {""}
    marker, until = "", time.monotonic() + LISTING_SECONDS
    for _ in range(MAX_PAGES):
        page = _page(url, marker, allowed)
        names += page.names
        if len(names) > MAX_FILES:
            raise _too_many(url)
        report(len(names))
        marker = page.marker
        if not marker:
            return names
        if marker in markers or time.monotonic() > until:
            break
        markers.add(marker)
        if _names(url) & _SIGNED:
            raise FormatError(
                "A presigned list has one page only, and the bucket holds more than "
                f"the {len(names):,} files of it. Sign the list of a part, with a "
                "prefix, or let everybody list.",
                "container.signed",
            )
    message = f"The list of {url.host} does not come to an end. It was given up."
    raise FormatError(message, "container.endless")


def address_of(container: str, name: str) -> str:
    """Where a file of a container is, without what opens it.

    >>> address_of("https://a.example/calls/?sv=1&sig=secret", "May 1/a#b.wav")
    'https://a.example/calls/May%201/a%23b.wav'
    """
    return f"{fetch.without_query(container).rstrip('/')}/{quote(name)}"


def opened(address: str, container: str) -> str:
    """The address of a file with what opens the container, if that is in its own.

    >>> opened("https://a.example/c/b.wav", "https://a.example/c?comp=list&sig=s%2F")
    'https://a.example/c/b.wav?sig=s%2F'
    """
    url = fetch.checked(container)
    access = _without(_query(url), _ASKING) if _is_azure(url) else ""
    return f"{address}?{access}" if access else address


def write(
    container: str,
    name: str,
    content: Callable[[], Iterator[bytes]],
    size: int,
    *,
    allowed: Sequence[str] = (),
) -> None:
    """Put a file of `size` bytes into an Azure container, in place of what may be
    there. Raises `FormatError`.

    Reference: https://learn.microsoft.com/rest/api/storageservices/put-blob
    """
    url = fetch.checked(opened(address_of(container, name), container))
    headers = [
        (b"x-ms-blob-type", b"BlockBlob"),
        (b"Content-Type", b"application/json"),
        (b"Content-Length", str(size).encode()),
    ]
    answer = _ask("PUT", url, allowed, headers, content)
    if answer.status in (200, 201, 204):
        return
    if answer.status in (401, 403):
        message = f"{url.host} does not let us write ({answer.status}): the SAS has no "
        message += "permission to write, or it has expired."
        raise FormatError(message, "container.denied")
    if answer.status == 404:
        message = f"{url.host} has no such container."
        raise FormatError(message, "container.not_found")
    message = f"{url.host} did not take the file (status {answer.status})."
    raise FormatError(message, "container.refused")


def _page(url: httpx.URL, marker: str, allowed: Sequence[str]) -> Page:
    if _is_azure(url):
        asked = {"restype": "container", "comp": "list"}
        asked |= {"marker": marker} if marker else {}
    else:
        asked = {"list-type": "2"} | ({"continuation-token": marker} if marker else {})
    query = f"{_without(_query(url), _ASKING - {'prefix'})}&{urlencode(asked)}"
    target = url.copy_with(query=query.strip("&").encode(), fragment=None)
    answer = _ask("GET", target, allowed)
    if answer.status == 200:
        page = Page(answer.body)
        if page.is_whole:
            return page
        raise FormatError(
            f"{url.host} did not answer with a list of files. Give the address of an "
            "Azure container with its SAS, or of a bucket that lists its files.",
            "container.none",
        )
    raise _not_listed(url.host, answer.status)


def _not_listed(host: str, status: int) -> FormatError:
    if status in (401, 403):
        message = f"{host} does not let us list the container ({status}): the SAS has "
        message += "no permission to read and list, or it has expired; or a bucket is "
        return FormatError(message + "not public.", "container.denied")
    if status in (404, 410):
        message = f"{host} has no such container ({status}). Check the address."
        return FormatError(message, "container.not_found")
    if 300 <= status < 400:
        message = f"{host} leads on to another address ({status}). Give that one; a "
        message += "bucket's has the region in it."
        return FormatError(message, "container.redirected")
    message = f"{host} gave no list of files (status {status}). Give the address of "
    message += "the container itself; for a part of it, add the parameter prefix."
    return FormatError(message, "container.none")


def _too_many(url: httpx.URL) -> FormatError:
    return FormatError(
        f"{url.host} lists more than {MAX_FILES:,} files. Add the parameter prefix to "
        "the address, to take a part of them.",
        "container.too_many",
    )


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


class _Patience(Pace):
    """A request may take its time, while it writes as well as while it reads."""

    def count(self, received: int) -> None:
        if self.clock() - self.started > _REQUEST_SECONDS:
            minutes = _REQUEST_SECONDS / 60
            message = f"It did not end within {minutes:.0f} minutes and was given up."
            raise FormatError(message, "container.timed_out")


def _ask(
    method: str,
    url: httpx.URL,
    allowed: Sequence[str],
    headers: Iterable[tuple[bytes, bytes]] = (),
    content: Callable[[], Iterator[bytes]] | None = None,
) -> _Answer:
    """What the server says, who is asked again where that may help.

    Raises `FormatError`.
    """
    for pause in PAUSES:
        try:
            return _ask_once(method, url, allowed, headers, content)
        except _Unreachable:
            time.sleep(pause)
    return _ask_once(method, url, allowed, headers, content)


class _Unreachable(FormatError):
    """It may answer later."""


def _ask_once(
    method: str,
    url: httpx.URL,
    allowed: Sequence[str],
    headers: Iterable[tuple[bytes, bytes]],
    content: Callable[[], Iterator[bytes]] | None,
) -> _Answer:
    """Raises `_Unreachable`, or another `FormatError`."""
    code = "container.unreachable"
    try:
        answer = _answer(method, url, allowed, headers, content)
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
    ) as e:
        message = f"{url.host} cannot be reached, or the connection broke off. "
        raise _Unreachable(message + "Try again later.", code) from e
    if answer.status >= 500 or answer.status in (408, 429):
        message = f"{url.host} is busy or out of order (status {answer.status}). "
        raise _Unreachable(message + "Try again later.", code)
    return answer


def _answer(
    method: str,
    url: httpx.URL,
    allowed: Sequence[str],
    headers: Iterable[tuple[bytes, bytes]],
    content: Callable[[], Iterator[bytes]] | None,
) -> _Answer:
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _TIMEOUT_SECONDS)
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    fixed = [
        (b"Host", url.netloc),
        (b"Connection", b"close"),
        (b"Accept-Encoding", b"identity"),
        (b"User-Agent", b"speechstudio"),
    ]
    guard = Guard(allowed, pace=_Patience())
    with (
        httpcore.ConnectionPool(network_backend=guard) as pool,
        pool.stream(
            method,
            target,
            headers=[*fixed, *headers],
            content=content() if content else None,
            extensions={"timeout": timeouts},
        ) as response,
    ):
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > _PAGE_BYTES:
                message = f"{url.host} sent more than {size_text(_PAGE_BYTES)}; a page "
                message += "of a list of files is smaller."
                raise FormatError(message, "container.none")
        return _Answer(response.status, bytes(body))


def _is_azure(url: httpx.URL) -> bool:
    return ".blob." in url.host or bool(_names(url) & {"sig", "restype", "comp"})


def _query(url: httpx.URL) -> str:
    return url.query.decode("ascii")


def _names(url: httpx.URL) -> set[str]:
    """The names of the parameters, in small letters."""
    return {_name(part) for part in _query(url).split("&")}


def _without(query: str, names: Iterable[str]) -> str:
    """The parameters with other names, as they are written: some are signed.

    >>> _without("comp=list&sig=a%2Fb%3D", ["comp"])
    'sig=a%2Fb%3D'
    """
    left = set(names)
    return "&".join(
        part for part in query.split("&") if part and _name(part) not in left
    )


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0]).lower()
