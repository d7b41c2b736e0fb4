"""Clients that take their time before they say what they want."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest
import uvicorn
import websockets.sync.client

from recognition import head

PATIENCE_SECONDS = 0.4


async def _echo(scope: dict, receive, send) -> None:  # type: ignore[no-untyped-def, type-arg]
    """Answers with the length of what came, or sends back what a stream says."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    headers = [(b"content-length", str(len(str(length))).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(length).encode()})


@contextmanager
def serving() -> Iterator[int]:
    config = uvicorn.Config(
        _echo, port=0, http=head.Protocol, lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(head, "SECONDS", PATIENCE_SECONDS)
    with serving() as port:
        yield port


def dribbled(port: int, before: bytes = b"") -> bytes:
    """What is answered to a head that comes a byte at a time, after `before`."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        answer = b""
        if before:
            client.sendall(before)
            while not answer.endswith(b"\r\n\r\n0"):
                answer += client.recv(1000)
        client.settimeout(0.05)
        for number in range(200):
            client.sendall(b"GET / HTTP/1.1\r\nX: "[number : number + 1] or b"x")
            with suppress(TimeoutError):
                return client.recv(1000)
    return b""


def test_a_head_that_trickles_in_is_given_up(port: int) -> None:
    assert dribbled(port).startswith(b"HTTP/1.1 408")


def test_so_is_the_second_of_a_connection(port: int) -> None:
    before = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert dribbled(port, before).startswith(b"HTTP/1.1 408")


def test_who_says_nothing_is_shown_out(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        started = time.monotonic()
        assert client.recv(1000).startswith(b"HTTP/1.1 408")
        assert client.recv(1000) == b""
        assert time.monotonic() - started >= 0.9 * PATIENCE_SECONDS


def test_a_body_may_take_longer(port: int) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(4):
            time.sleep(PATIENCE_SECONDS / 2)
            yield b"abc"

    answer = httpx.post(f"http://127.0.0.1:{port}/", content=slowly(), timeout=10)
    assert (answer.status_code, answer.text) == (200, "12")


def test_and_so_may_a_stream(port: int) -> None:
    with websockets.sync.client.connect(f"ws://127.0.0.1:{port}/") as stream:
        time.sleep(2 * PATIENCE_SECONDS)
        stream.send("still here")
        assert stream.recv(timeout=10) == "still here"


def test_a_connection_that_is_kept_is_used_again(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(3):
            assert client.post("/", content=b"ab").text == "2"
            time.sleep(PATIENCE_SECONDS / 2)
