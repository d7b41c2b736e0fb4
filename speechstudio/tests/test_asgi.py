from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIHandler
from django.http import FileResponse, StreamingHttpResponse
from django.test import Client
from django.test.utils import override_settings

from api import keys
from speechstudio import asgi

UPLOAD = f"/projects/{uuid4()}/datasets/new/source/"
BLOCK = f"/uploads/{uuid4()}/blocks/"
API_BLOCK = f"/speechtotext/datasets/{uuid4()}/blocks"


class Visit:
    """One request, and what was answered."""

    def __init__(self, path: str, body: Iterable[bytes], **headers: str) -> None:
        names = {k.replace("_", "-").encode(): v.encode() for k, v in headers.items()}
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"localhost"), *names.items()],
        }
        self.parts = iter(body)
        self.received = 0
        self.sent: list[Mapping[str, Any]] = []
        async_to_sync(asgi.application)(self.scope, self.receive, self.send)

    async def receive(self) -> Mapping[str, Any]:
        part = next(self.parts, None)
        self.received += len(part or b"")
        more = part is not None
        return {"type": "http.request", "body": part or b"", "more_body": more}

    async def send(self, message: Mapping[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(m.get("body", b"") for m in self.sent).decode()


class Received(ASGIHandler):
    """Stands in for the pages: takes the body as Django does, and thanks."""

    length = 0

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except Exception:
            return
        with body:
            type(self).length = body.seek(0, 2)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"thanks"})


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(asgi, "_handler", Received())
    monkeypatch.setattr(asgi, "_is_signed_in", lambda cookie: cookie == b"olga")
    monkeypatch.setattr(asgi, "MAX_BYTES", 500)
    Received.length = 0
    with override_settings(
        FORM_MAX_BYTES=1000, UPLOAD_MAX_BYTES=5000, UPLOAD_BLOCK_MAX_BYTES=800
    ):
        yield


def test_a_form_passes() -> None:
    visit = Visit("/projects/new/", [b"x" * 1000], content_length="1000")
    assert visit.status == 200
    assert Received.length == 1000


def test_an_empty_form_passes() -> None:
    assert Visit("/sign-out/", [], content_length="0").status == 200


def test_a_large_form_is_refused_unread() -> None:
    visit = Visit("/projects/new/", [b"x" * 1001], content_length="1001")
    assert visit.status == 413
    assert "at most 1000" in visit.text
    assert (b"connection", b"close") in visit.sent[0]["headers"]
    assert visit.received == 0


def test_an_upload_passes_for_people_only() -> None:
    body = [b"x" * 1000] * 5
    headers = {"content_length": "5000"}
    assert Visit(UPLOAD, body, cookie="olga", **headers).status == 200
    assert Received.length == 5000
    assert Visit(UPLOAD, body, **headers).status == 413
    assert Visit(UPLOAD, body, cookie="mallory", **headers).status == 413
    assert Visit("/projects/", body, cookie="olga", **headers).status == 413


def test_an_upload_has_a_limit() -> None:
    length = str(5001 + 1024**2)
    visit = Visit(UPLOAD, [], cookie="olga", content_length=length)
    assert visit.status == 413


def test_a_block_has_a_limit_of_its_own() -> None:
    for path in (BLOCK, API_BLOCK, API_BLOCK.replace("/datasets", "/v3.2/datasets")):
        visit = Visit(path, [b"x" * 800], cookie="olga", content_length="800")
        assert visit.status == 200
        visit = Visit(path, [b"x" * 801], cookie="olga", content_length="801")
        assert (visit.status, visit.received) == (413, 0)


def test_the_api_refuses_in_its_own_words() -> None:
    for headers in ({"content_length": "501"}, {"transfer_encoding": "chunked"}):
        visit = Visit("/speechtotext/datasets", [b"x" * 501], **headers)
        assert visit.status == 413
        said = json.loads(visit.text)
        assert said["innerError"]["code"] == "InvalidRequestBodyFormat"
        assert "500 bytes" in said["message"]
    visit = Visit("/speechtotext/datasets", [b"x" * 500], content_length="500")
    assert visit.status == 200


@pytest.mark.django_db
def test_a_form_of_the_api_passes_with_a_key_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The test's own connection has to stay open.
    monkeypatch.setattr(asgi, "close_old_connections", lambda: None)
    monkeypatch.setattr(asgi, "connection", SimpleNamespace(close=lambda: None))
    user = User.objects.create_user("olga")
    key = keys.make(user, "tests")[1]
    path, body = "/speechtotext/v3.2/datasets/upload", [b"x" * 1000] * 4
    for given, status in ((key, 200), ("wrong", 413)):
        headers = {"ocp_apim_subscription_key": given, "content_length": "4000"}
        assert Visit(path, body, **headers).status == status
    assert Visit(path, body, content_length="4000").status == 413


def test_a_body_without_length_is_counted() -> None:
    chunked = {"transfer_encoding": "chunked"}
    assert Visit("/projects/new/", [b"x" * 500] * 2, **chunked).status == 200
    visit = Visit("/projects/new/", [b"x" * 500] * 100, **chunked)
    assert visit.status == 413
    assert visit.received == 1500
    assert Visit(UPLOAD, [b"x" * 500] * 4, cookie="olga", **chunked).status == 200


@override_settings(UPLOAD_MAX_BYTES=100 * 1024**2)
def test_an_upload_goes_to_disk_in_the_data_folder() -> None:
    part, folder = b"x" * 65536, Path(settings.FILE_UPLOAD_TEMP_DIR)
    assert folder.is_dir() and asgi.tempfile.gettempdir() == str(folder)
    tracemalloc.start()
    try:
        Visit(
            UPLOAD,
            (part for _ in range(1000)),
            cookie="olga",
            content_length="65536000",
        )
        assert Received.length == 65_536_000
        assert tracemalloc.get_traced_memory()[1] < 10 * 1024**2
    finally:
        tracemalloc.stop()


def test_a_websocket_is_declined() -> None:
    sent = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    async_to_sync(asgi.application)({"type": "websocket", "path": "/"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000}]


def test_health_is_asked_without_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"]))

    monkeypatch.setattr(asgi, "_handler", pages)
    Visit("/healthz", [], cookie="olga")
    Visit("/projects/", [], cookie="olga")
    assert [b"cookie" in headers for headers in seen] == [False, True]


def test_files_are_sent_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(bytes(1_000_000))
    with path.open("rb") as file:
        sent = _send(FileResponse(file))
    assert sum(len(m.get("body", b"")) for m in sent) == 1_000_000
    assert len(sent) > 10


def test_a_stream_is_read_no_faster_than_it_is_sent() -> None:
    read = []

    def parts() -> Iterator[bytes]:
        for i in range(3):
            read.append(i)
            yield b"x"

    order = []
    _send(StreamingHttpResponse(parts()), lambda: order.append(len(read)))
    # The first message is the head, the last one the end.
    assert order == [0, 1, 2, 3, 3]


@pytest.mark.django_db
def test_who_is_signed_in(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    # The test's own connection has to stay open.
    monkeypatch.setattr(asgi, "close_old_connections", lambda: None)
    monkeypatch.setattr(asgi, "connection", SimpleNamespace(close=lambda: None))
    client.force_login(User.objects.create_user("olga"))
    name = settings.SESSION_COOKIE_NAME
    key = client.cookies[name].value
    assert asgi._is_signed_in(f"theme=dark; {name}={key}".encode())
    assert not asgi._is_signed_in(f"{name}=0123456789abcdef".encode())
    assert not asgi._is_signed_in(b"theme=dark")
    assert not asgi._is_signed_in(b"")


def _send(response: Any, note: Any = lambda: None) -> list[Mapping[str, Any]]:
    sent: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        note()
        sent.append(message)

    async_to_sync(asgi.Handler().send_response)(response, send)
    return sent
