"""A client of the Speech to text REST API: of Azure, and of this project's own server.

Reference: the contract of version 2025-10-15 and what v3.2 does otherwise. The key goes
to the resource's own server only, and is in no error, log or `repr`.
"""

from __future__ import annotations

import json
import os
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from engines.azure import address as addresses
from engines.azure.address import asking, below, endpoint_of, on
from engines.azure.errors import AzureError, Kind, not_reached, refusal
from engines.azure.retry import STREAMED, TRIES, Patience, Retrying, retry_after

NEWEST = "2025-10-15"
OLD = "v3.2"
BLOCK_BYTES = 8 * 1024**2
MAX_FILE_BYTES = 20 * 1024**3
_CONNECT_SECONDS = 10.0
_DOWNLOAD_TRIES = 3
# More pages than any list has; a server that never ends is stopped.
_MAX_PAGES = 100_000


@dataclass(frozen=True)
class Answer:
    """`retry_after`: how many seconds to wait before asking again, where it is said.
    `operation`: where the state of a long operation is to be seen."""

    status: int
    body: Any
    retry_after: float | None = None
    operation: str = ""


class AzureClient:
    """Every method raises `AzureError`, and nothing else that is to be expected.

    `path` is what follows /speechtotext/, such as `datasets`, or an address that the
    resource gave. `links` is how files on other servers are fetched, by default as
    the resource itself is asked.
    """

    def __init__(
        self,
        endpoint: str,
        key: str,
        version: str = NEWEST,
        transport: httpx.BaseTransport | None = None,
        patience: Patience | None = None,
        links: httpx.BaseTransport | None = None,
    ) -> None:
        key = key.strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            message = "The key is missing, or has a sign that no key has."
            raise AzureError(message, "InvalidKey", kind=Kind.KEY)
        self.endpoint = endpoint_of(endpoint)
        self.version = version
        self._key = key
        self._http = _opened(transport or _way_to(self.endpoint), patience)
        self._links = _opened(links or transport or httpx.HTTPTransport(), patience)

    def __repr__(self) -> str:
        return f"AzureClient({self.endpoint!r}, version={self.version!r})"

    def __enter__(self) -> AzureClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
        self._links.close()

    @property
    def is_old(self) -> bool:
        """Whether v3.2 is spoken, which calls some things otherwise."""
        return self.version == OLD

    def get(self, path: str, **query: object) -> dict[str, Any]:
        return _object(self.ask("GET", self.address(path, **query)).body)

    def post(self, path: str, body: Any, **query: object) -> dict[str, Any]:
        """What was made; empty where the answer is."""
        return _object(self.ask("POST", self.address(path, **query), body).body or {})

    def patch(self, path: str, body: Any) -> dict[str, Any]:
        return _object(self.ask("PATCH", path, body).body)

    def delete(self, path: str) -> None:
        try:
            self.ask("DELETE", path)
        except _GoneAtSecondTry:
            # The first try did it, and only its answer was lost.
            return

    def pages(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """The entries of a list, through all its pages, which are fetched as needed."""
        following = self.address(path, **query)
        seen: set[str] = set()
        while following:
            if following in seen or len(seen) >= _MAX_PAGES:
                message = "The pages of the list never end."
                raise AzureError(message, "EndlessList", kind=Kind.NOT_AZURE)
            seen.add(following)
            page = self.get(following)
            values = page.get("values", [])
            if not isinstance(values, list):
                raise _no_json("a list without values")
            yield from (_object(value) for value in values)
            link = page.get("@nextLink") or ""
            following = self.address(link) if isinstance(link, str) and link else ""

    def detect(self) -> str:
        """Find out which version the resource speaks, the newest first, and speak it
        from now on. Says at the same time whether endpoint and key are good."""
        self.version = NEWEST
        try:
            self.get("projects", top=1)
        except AzureError as e:
            if not _is_about_version(e):
                raise
            self.version = OLD
            self.get("projects", top=1)
        return self.version

    def address(self, path: str, **query: object) -> str:
        """Where `path` is asked for. Raises `AzureError` for an address elsewhere."""
        if "://" in path:
            found = on(self.endpoint, path)
        else:
            middle = f"{self.version}/" if self.is_old else ""
            found = f"{self.endpoint}{addresses.ROOT}/{middle}{path.lstrip('/')}"
        if not urlsplit(found).path.partition(addresses.ROOT)[2].startswith("/v"):
            asked = httpx.URL(found).params.get("api-version")
            query["api-version"] = asked or self.version
        return asking(found, **query)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        content: bytes | None = None,
        **query: object,
    ) -> Answer:
        """One call. `body` is sent as JSON, `content` as it is."""
        headers = {"Ocp-Apim-Subscription-Key": self._key}
        if body is not None:
            content = json.dumps(body).encode()
            kind = "merge-patch+json" if method == "PATCH" else "json"
            headers["Content-Type"] = f"application/{kind}"
        elif content is not None:
            headers["Content-Type"] = "application/octet-stream"
        address = self.address(path, **query)
        try:
            response = self._http.request(
                method, address, content=content, headers=headers
            )
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            raise not_reached(e, self._host) from None
        # It has been read. It and its stream hold each other, and with them the block
        # that was sent, until Python looks for such circles.
        response.stream = httpx.ByteStream(b"")
        return self._read(method, response)

    def upload(
        self,
        dataset: str,
        file: BinaryIO,
        size: int,
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Send a file of `size` bytes to a dataset that waits for it, in blocks.

        The name of a block tells its content, so what an earlier attempt has sent of
        the same file is not sent again. `report(done, total)` counts bytes.
        """
        there = {
            block.get("name"): block.get("size")
            for block in self.get(below(self.address(dataset), "blocks")).get(
                "uncommittedBlocks", []
            )
        }
        names: list[str] = []
        done = 0
        while part := file.read(BLOCK_BYTES):
            names.append(_block_name(len(names), part))
            if there.get(names[-1]) != len(part):
                target = below(self.address(dataset), "blocks")
                self.ask("PUT", target, content=part, blockid=names[-1])
            done += len(part)
            report(done, size)
        if done != size:
            message = f"The file has {done:,} bytes, not {size:,}: it was changed."
            raise AzureError(message, "FileChanged", kind=Kind.REFUSED)
        self._commit(dataset, names)

    def download(
        self, link: str, target: Path, most_bytes: int = MAX_FILE_BYTES
    ) -> int:
        """Fetch a file to `target`, which appears when it is complete; its bytes.

        The key goes with it only to the resource's own server.
        """
        is_own = addresses.is_same_origin(self.endpoint, link)
        headers = {"Ocp-Apim-Subscription-Key": self._key} if is_own else {}
        client = self._http if is_own else self._links
        host = urlsplit(link).hostname or ""
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=target.parent, prefix=".download-")
        try:
            with os.fdopen(handle, "wb") as file:
                size = self._stream(client, link, headers, file, most_bytes)
            Path(partial).replace(target)
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            raise not_reached(e, host) from None
        finally:
            Path(partial).unlink(missing_ok=True)
        return size

    def _stream(
        self,
        client: httpx.Client,
        link: str,
        headers: dict[str, str],
        file: BinaryIO,
        most_bytes: int,
    ) -> int:
        """Fetch it, from the beginning again where the connection breaks off."""
        for left in reversed(range(_DOWNLOAD_TRIES)):
            file.seek(0)
            file.truncate()
            try:
                return self._stream_once(client, link, headers, file, most_bytes)
            except httpx.TransportError:
                if not left:
                    raise
        raise AssertionError("no try at all")

    def _stream_once(
        self,
        client: httpx.Client,
        link: str,
        headers: dict[str, str],
        file: BinaryIO,
        most_bytes: int,
    ) -> int:
        size = 0
        extensions = {STREAMED: True}
        with client.stream("GET", link, headers=headers, extensions=extensions) as got:
            if got.status_code != 200:
                content = b"".join(islice(got.iter_bytes(4_096), 16))
                raise self._clean(refusal(got, content, retry_after(got)))
            for part in got.iter_bytes():
                size += len(part)
                if size > most_bytes:
                    message = f"The file is larger than {most_bytes:,} bytes."
                    raise AzureError(message, "TooLarge", kind=Kind.REFUSED)
                file.write(part)
        return size

    def _commit(self, dataset: str, names: list[str]) -> None:
        blocks = below(self.address(dataset), "blocks")
        body = [{"kind": "Latest", "id": name} for name in names]
        try:
            self.ask("POST", below(self.address(dataset), "blocks:commit"), body)
        except AzureError as e:
            if e.kind not in (Kind.NETWORK, Kind.SERVER):
                raise
            # Perhaps it was done, and the answer was lost. Of a dataset that was
            # imported meanwhile no blocks are listed any more.
            listed = self.get(blocks)
            committed, others = (
                [block.get("name") for block in listed.get(kind) or []]
                for kind in ("committedBlocks", "uncommittedBlocks")
            )
            if committed != names and (committed or others):
                raise

    def _read(self, method: str, response: httpx.Response) -> Answer:
        status, wait = response.status_code, retry_after(response)
        if not 200 <= status < 300:
            error = self._clean(refusal(response, response.content, wait))
            again = response.extensions.get(TRIES, 1) > 1
            if method == "DELETE" and error.kind is Kind.GONE and again:
                raise _GoneAtSecondTry(str(error), error.code, 404, Kind.GONE)
            raise error
        operation = response.headers.get("Operation-Location", "")
        if not response.content:
            return Answer(status, None, wait, operation)
        if "html" in response.headers.get("Content-Type", ""):
            raise _no_json("a web page")
        try:
            body = json.loads(response.content)
        except (ValueError, RecursionError):
            raise _no_json("something that is no JSON") from None
        return Answer(status, body, wait, operation)

    def _clean(self, error: AzureError) -> AzureError:
        """Servers may repeat in a message what they were sent."""
        error.args = tuple(str(arg).replace(self._key, "***") for arg in error.args)
        return error

    @property
    def _host(self) -> str:
        return urlsplit(self.endpoint).netloc


class _GoneAtSecondTry(AzureError):
    pass


def _opened(inner: httpx.BaseTransport, patience: Patience | None) -> httpx.Client:
    patience = patience or Patience()
    return httpx.Client(
        transport=Retrying(inner, patience),
        timeout=httpx.Timeout(patience.silence, connect=_CONNECT_SECONDS),
        # A small answer that unpacks to gigabytes is not asked for.
        headers={"Accept-Encoding": "identity"},
        # No password of the environment goes along, and no redirect is followed.
        trust_env=False,
        follow_redirects=False,
    )


def _way_to(endpoint: str) -> httpx.BaseTransport:
    """Through the proxy that the environment names for it, if any."""
    parts = urlsplit(endpoint)
    proxy = getproxies().get(parts.scheme)
    if not proxy or addresses.is_loopback(endpoint) or proxy_bypass(parts.netloc):
        return httpx.HTTPTransport()
    return httpx.HTTPTransport(proxy=proxy)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _no_json("JSON of another shape")
    return value


def _no_json(what: str) -> AzureError:
    message = f"The server answers with {what}; this is no Speech resource."
    return AzureError(message, "NotAzure", 200, Kind.NOT_AZURE)


def _is_about_version(error: AzureError) -> bool:
    said = f"{error.target} {error} {error.code}".lower().replace("-", "")
    unknown = error.kind is Kind.REFUSED and "version" in said.replace(" ", "")
    return unknown or error.kind is Kind.GONE


def _block_name(number: int, part: bytes) -> str:
    """In base64, and of the same length for all blocks."""
    digest = blake2b(part, digest_size=16).hexdigest()
    return b64encode(f"{number:06d}-{digest}".encode()).decode()
