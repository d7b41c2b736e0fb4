from __future__ import annotations

import io
import json
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engines.azure.address import endpoint_of, on
from engines.azure.client import BLOCK_BYTES, AzureClient
from engines.azure.errors import AzureError, Kind
from engines.azure.retry import Patience

KEY = "0123456789abcdef0123456789abcdef"
HOST = "https://westus.api.cognitive.microsoft.com"
ONCE = Patience(tries=1)
Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, **more: Any) -> AzureClient:
    more.setdefault("patience", ONCE)
    return AzureClient(HOST, KEY, transport=httpx.MockTransport(handler), **more)


def answering(*answers: httpx.Response) -> Handler:
    rest = iter(answers)
    return lambda request: next(rest)


def failing(cause: Exception, seen: type[Exception] = httpx.ConnectError) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise seen("failed") from cause

    return handler


def caught(handler: Handler, method: str = "GET") -> AzureError:
    with pytest.raises(AzureError) as told:
        client(handler).ask(method, "datasets")
    return told.value


UNTRUSTED = ssl.SSLCertVerificationError()
UNTRUSTED.verify_message = "self-signed certificate"


@pytest.mark.parametrize(
    "handler, code, words",
    [
        (failing(socket.gaierror()), "NameNotFound", "not known"),
        (failing(ConnectionRefusedError()), "ConnectionRefused", "refuses"),
        (failing(UNTRUSTED), "TlsFailed", "self-signed"),
        (failing(TimeoutError(), httpx.ConnectTimeout), "TimedOut", "in time"),
        (failing(TimeoutError(), httpx.ReadTimeout), "TimedOut", "in time"),
        (failing(OSError(), httpx.ReadError), "ConnectionLost", "broke off"),
        (failing(OSError(), httpx.RemoteProtocolError), "ConnectionLost", "broke off"),
    ],
)
def test_what_is_wrong_with_the_network_is_told_apart(
    handler: Handler, code: str, words: str
) -> None:
    error = caught(handler)
    assert (error.kind, error.code, error.status) == (Kind.NETWORK, code, 0)
    assert words in str(error)


INNER = {
    "code": "Conflict",
    "message": "Outer.",
    "innerError": {"code": "InUseViolation", "message": "In use.", "target": "id"},
}
GATEWAY = {"error": {"code": "401", "message": "Access denied."}}


@pytest.mark.parametrize(
    "answer, kind, code, message",
    [
        (httpx.Response(401, json=GATEWAY), Kind.KEY, "401", "Access denied."),
        (httpx.Response(401), Kind.KEY, "Unauthorized", "key is missing"),
        (httpx.Response(403), Kind.FORBIDDEN, "Forbidden", "may not be used"),
        (httpx.Response(404, text="<html>"), Kind.GONE, "NotFound", "not there"),
        (httpx.Response(409, json=INNER), Kind.CONFLICT, "InUseViolation", "In use."),
        (httpx.Response(429), Kind.THROTTLED, "TooManyRequests", "too many"),
        (httpx.Response(400, json=INNER), Kind.REFUSED, "InUseViolation", "In use."),
        (httpx.Response(400, content=b"[" * 9_999), Kind.REFUSED, "BadRequest", "400"),
        (httpx.Response(400, json={"code": 7}), Kind.REFUSED, "BadRequest", "400"),
        (httpx.Response(500), Kind.SERVER, "InternalServerError", "of its own"),
        (httpx.Response(503), Kind.SERVER, "ServiceUnavailable", "of its own"),
        (httpx.Response(301), Kind.NOT_AZURE, "Redirect", "redirect"),
        (httpx.Response(200, html="<p>"), Kind.NOT_AZURE, "NotAzure", "a web page"),
        (httpx.Response(200, text="{"), Kind.NOT_AZURE, "NotAzure", "no JSON"),
        (httpx.Response(200, text="[" * 99_999), Kind.NOT_AZURE, "NotAzure", "no JSON"),
    ],
)
def test_answers_are_told_apart(
    answer: httpx.Response, kind: Kind, code: str, message: str
) -> None:
    error = caught(answering(answer))
    assert (error.kind, error.code) == (kind, code)
    assert message in str(error)


def test_the_target_and_the_wait_are_known() -> None:
    error = caught(answering(httpx.Response(409, json=INNER)))
    assert error.target == "id"
    error = caught(answering(httpx.Response(429, headers={"Retry-After": "7"})))
    assert error.retry_after == 7.0


def test_huge_answers_are_not_read_to_their_end() -> None:
    read = 0

    def parts() -> Iterator[bytes]:
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield b" " * 1024**2

    error = caught(answering(httpx.Response(200, content=parts())))
    assert (error.kind, error.code) == (Kind.NOT_AZURE, "TooLarge")
    assert read == 33


def test_json_of_another_shape_is_no_resource() -> None:
    with pytest.raises(AzureError) as told:
        client(answering(httpx.Response(200, json=[1]))).get("datasets")
    assert told.value.kind is Kind.NOT_AZURE
    page = httpx.Response(200, json={"values": {"a": 1}})
    with pytest.raises(AzureError, match="no Speech resource"):
        list(client(answering(page)).pages("datasets"))


def test_version_and_key_go_along() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["Ocp-Apim-Subscription-Key"] == KEY
        assert str(request.url) == (
            f"{HOST}/speechtotext/datasets?top=2&api-version=2025-10-15"
        )
        return httpx.Response(200, json={})

    client(handler).get("datasets", top=2, filter=None)


def test_v32_has_its_version_in_the_path() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"{HOST}/speechtotext/v3.2/datasets"
        return httpx.Response(200, json={})

    one = client(handler, version="v3.2")
    one.get("datasets")
    one.get(f"{HOST}/speechtotext/v3.2/datasets")


def test_pages_are_followed_to_the_last() -> None:
    link = f"{HOST}/speechtotext/datasets?skip=1&api-version=2025-10-15"
    first = httpx.Response(200, json={"values": [{"a": 1}], "@nextLink": link})
    last = httpx.Response(200, json={"values": [{"a": 2}], "@nextLink": None})
    found = list(client(answering(first, last)).pages("datasets"))
    assert found == [{"a": 1}, {"a": 2}]


def test_a_list_that_leads_back_to_itself_is_stopped() -> None:
    link = f"{HOST}/speechtotext/datasets?skip=1"
    page = httpx.Response(200, json={"values": [], "@nextLink": link})
    with pytest.raises(AzureError, match="never end"):
        list(client(lambda _: page).pages("datasets"))


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/speechtotext/datasets",
        "https://westus.api.cognitive.microsoft.com.evil.example/speechtotext/datasets",
        "https://evilapi.cognitive.microsoft.com@evil.example/speechtotext/datasets",
        "http://169.254.169.254/speechtotext/datasets",
        f"{HOST}/other/datasets",
    ],
)
def test_the_key_goes_to_no_other_server(link: str) -> None:
    page = httpx.Response(200, json={"values": [], "@nextLink": link})
    with pytest.raises(AzureError) as told:
        list(client(answering(page)).pages("datasets"))
    assert told.value.code == "ForeignAddress"


def test_the_address_of_the_region_is_asked_for_at_the_own_name() -> None:
    own = "https://me.cognitiveservices.azure.com"
    assert on(own, f"{HOST}/speechtotext/datasets/7?a=1") == (
        f"{own}/speechtotext/datasets/7?a=1"
    )
    assert on("https://a.example/x", "http://a.example:80/speechtotext/b") == (
        "https://a.example/x/speechtotext/b"
    )


@pytest.mark.parametrize(
    "given",
    [
        *("", "ftp://a.example", "https://", "https://a:b@c.example", "//a.example"),
        *("https://a.example/?key=1", "https://a b", "https://[::1", "a.example"),
        "https://a.example:99999",
    ],
)
def test_what_is_no_endpoint_is_refused(given: str) -> None:
    with pytest.raises(AzureError, match="An endpoint is"):
        endpoint_of(given)


@pytest.mark.parametrize("key", ["", " ", "a b", "a\nb", "schlüssel"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(AzureError) as told:
        AzureClient(HOST, key)
    assert told.value.kind is Kind.KEY


def test_the_key_is_in_no_repr_error_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = {"code": "x", "message": f"Key {KEY} is wrong."}
    one = client(answering(httpx.Response(401, json=said)))
    with pytest.raises(AzureError) as told:
        one.get("datasets")
    assert KEY not in f"{one!r} {told.value!r} {told.value} {caplog.text}"
    assert "***" in str(told.value)


OUTDATED = {"code": "InvalidArgument", "message": "No.", "target": "api-version"}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json=OUTDATED),
        httpx.Response(400, json={"error": {"code": "x", "message": "API version?"}}),
        httpx.Response(404, json={"error": {"code": "404", "message": "Nothing."}}),
    ],
)
def test_a_resource_that_knows_no_newer_version_is_spoken_to_in_v32(
    answer: httpx.Response,
) -> None:
    one = client(answering(answer, httpx.Response(200, json={"values": []})))
    assert one.detect() == one.version == "v3.2"


def test_a_wrong_key_is_no_question_of_the_version() -> None:
    with pytest.raises(AzureError) as told:
        client(answering(httpx.Response(401))).detect()
    assert told.value.kind is Kind.KEY


class Blocks:
    """A dataset that takes blocks."""

    def __init__(self) -> None:
        self.blocks: dict[str, bytes] = {}
        self.committed: list[str] = []
        self.puts = 0
        self.lose_the_answer = False
        self.is_fast = False  # the import has the blocks when somebody asks
        self.refuses = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            listed = [{"name": n, "size": len(b)} for n, b in self.blocks.items()]
            key = "committedBlocks" if self.committed else "uncommittedBlocks"
            if self.committed and self.is_fast:
                listed = []
            return httpx.Response(200, json={key: listed})
        if request.method == "PUT":
            self.puts += 1
            self.blocks[request.url.params["blockid"]] = request.read()
            return httpx.Response(201)
        if self.refuses:
            return httpx.Response(500)
        self.committed = [one["id"] for one in json.loads(request.read())]
        return httpx.Response(502 if self.lose_the_answer else 200)


def sent(server: Blocks, content: bytes, size: int | None = None) -> list[int]:
    told: list[int] = []
    client(server).upload(
        f"{HOST}/speechtotext/datasets/7?api-version=2025-10-15",
        io.BytesIO(content),
        len(content) if size is None else size,
        lambda done, total: told.append(done),
    )
    return told


def test_a_file_is_sent_in_blocks_and_gone_on_with() -> None:
    server, content = Blocks(), b"a" * BLOCK_BYTES + b"b" * 5
    assert sent(server, content) == [BLOCK_BYTES, BLOCK_BYTES + 5]
    assert b"".join(server.blocks[name] for name in server.committed) == content
    assert len({len(name) for name in server.committed}) == 1
    server.committed.clear()
    server.blocks.popitem()
    server.puts = 0
    sent(server, content)
    assert server.puts == 1


def test_other_content_is_never_taken_for_what_was_sent() -> None:
    server = Blocks()
    sent(server, b"one")
    server.committed.clear()
    sent(server, b"two")
    assert server.blocks[server.committed[0]] == b"two"


def test_a_commit_whose_answer_was_lost_is_looked_at() -> None:
    server = Blocks()
    server.lose_the_answer = True
    sent(server, b"one")
    assert len(server.committed) == 1


def test_and_so_is_one_whose_blocks_are_imported_already() -> None:
    server = Blocks()
    server.lose_the_answer = server.is_fast = True
    sent(server, b"one")
    assert len(server.committed) == 1


def test_a_commit_that_failed_is_told() -> None:
    server = Blocks()
    server.refuses = True
    with pytest.raises(AzureError):
        sent(server, b"one")


def test_a_file_that_changes_meanwhile_is_not_committed() -> None:
    server = Blocks()
    with pytest.raises(AzureError, match="was changed"):
        sent(server, b"one", size=4)
    assert not server.committed


def test_the_key_goes_along_with_own_files_only(tmp_path: Path) -> None:
    keys: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers.get("Ocp-Apim-Subscription-Key"))
        return httpx.Response(200, content=b"RIFF")

    one = client(handler)
    target = tmp_path / "new" / "a.wav"
    assert one.download(f"{HOST}/files/7?token=x", target) == 4
    assert target.read_bytes() == b"RIFF"
    one.download("https://blobs.example/a?sig=x", target)
    one.download(HOST.replace("https", "http") + "/files/7", target)
    assert keys == [KEY, None, None]


def test_a_download_that_breaks_off_begins_again(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"RIFFRIFF"
        raise httpx.ReadError("cut")

    good = httpx.Response(200, content=b"RIFF")
    one = client(answering(httpx.Response(200, content=broken()), good))
    assert one.download(f"{HOST}/files/7", tmp_path / "a.wav") == 4
    assert (tmp_path / "a.wav").read_bytes() == b"RIFF"


def test_a_download_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"RI"
        raise httpx.RemoteProtocolError("peer closed connection")

    answers: list[Handler] = [
        lambda _: httpx.Response(404),
        lambda _: httpx.Response(200, content=broken()),
        lambda _: httpx.Response(302, headers={"Location": "http://169.254.169.254/"}),
    ]
    for answer in answers:
        with pytest.raises(AzureError):
            client(answer).download(f"{HOST}/files/7", tmp_path / "a.wav")
    with pytest.raises(AzureError, match="larger than 3 bytes"):
        client(answering(httpx.Response(200, content=b"RIFF"))).download(
            f"{HOST}/files/7", tmp_path / "a.wav", 3
        )
    assert list(tmp_path.iterdir()) == []
