"""Clients that are too many, too slow, or gone, against a whole installation: nobody
else is to notice."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx
import pytest
import websockets
from websockets.sync.client import connect

from recognition.tests.callers import (
    OWN,
    SHORT_AUDIO,
    WAV_HEADER,
    Said,
    audio_message,
    clip_of,
    clips,
    held,
    key_of,
    understood,
)
from recognition.tests.installation import Deployed, deployed
from speechstudio.tests.studio import ROOT, clean_environment, free_port, wait_for

pytestmark = pytest.mark.real

CLIENTS = 200
SLOW = 40  # clients
SLOW_SECONDS = 5
VANISHING = 20  # clients of each kind
FAST = "/speechtotext/transcriptions:transcribe?api-version=2025-10-15"
OPENAI = "/v1/audio/transcriptions"
SHORT = f"{SHORT_AUDIO}?language=en-US"
# The data plane alone, with less patience than it has, which nobody would wait for.
IMPATIENT = """
import sys
import uvicorn
from recognition import asgi, short_audio
short_audio._MAX_SENDING_SECONDS = 2
uvicorn.run(asgi.application, port=int(sys.argv[1]), log_level="warning")
"""


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed(tmp_path_factory.mktemp("data")) as ward:
        sql = "SELECT count(*) FROM endpoints_endpoint WHERE serving_id IS NOT NULL"
        wait_for(lambda: ward.studio.rows(sql)[0][0])
        yield ward


@pytest.fixture(scope="module")
def said(ward: Deployed) -> Sequence[Said]:
    return understood(ward, clips()[:12])


def ask(ward: Deployed, one: Said) -> httpx.Response:
    url = f"{ward.url}{SHORT}"
    return httpx.post(url, content=one.wav, headers=key_of(ward), timeout=60)


def assert_is_served(ward: Deployed, said: Sequence[Said]) -> None:
    """As if nobody else was there."""
    answer = ask(ward, said[0])
    assert answer.status_code == 200, answer.text
    assert clip_of(answer.json()["DisplayText"], said) is said[0]


def test_two_hundred_who_speak_at_once_get_their_own_words_or_are_put_off(
    ward: Deployed, said: Sequence[Said]
) -> None:
    own = [said[number % len(said)] for number in range(CLIENTS)]

    async def all_of_them() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=CLIENTS)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            asked = (
                client.post(f"{ward.url}{SHORT}", content=one.wav, headers=key_of(ward))
                for one in own
            )
            return await asyncio.gather(*asked)

    answers = asyncio.run(all_of_them())
    served = 0
    for one, answer in zip(own, answers, strict=True):
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) > 0
            continue
        assert answer.status_code == 200, answer.text
        assert clip_of(answer.json()["DisplayText"], said) in (one, OWN)
        served += 1
    # As many as may wait, by the settings.
    assert served >= 32
    assert_is_served(ward, said)


def opened(ward: Deployed, stack: ExitStack) -> socket.socket:
    address = httpx.URL(ward.url)
    pair = (address.host, address.port or 80)
    return stack.enter_context(socket.create_connection(pair, timeout=30))


def head(ward: Deployed, path: str, length: int) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: studio",
        f"Ocp-Apim-Subscription-Key: {ward.key}",
        "Content-Type: multipart/form-data; boundary=x",
        f"Content-Length: {length}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_slow_clients_hold_up_nobody(ward: Deployed, said: Sequence[Said]) -> None:
    """A byte a second, of a body or already of the headers."""
    wav = said[0].wav
    with ExitStack() as stack:
        slow = [(opened(ward, stack), iter(wav)) for _ in range(SLOW)]
        for number, (connection, _) in enumerate(slow):
            path = (SHORT, FAST, OPENAI)[number % 3]
            whole = head(ward, path, len(wav))
            connection.sendall(whole if number % 2 else whole[: len(whole) // 2])
        took = []
        for _ in range(SLOW_SECONDS):
            for connection, body in slow:
                connection.sendall(bytes([next(body)]))
            began = time.monotonic()
            assert_is_served(ward, said)
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, 1.0 - took[-1]))
    assert min(took) < 5


@contextmanager
def impatient(ward: Deployed) -> Iterator[str]:
    """The address of the data plane alone, with two seconds of patience."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", IMPATIENT, str(port)],
        cwd=ROOT,
        env=clean_environment() | {"DATA_DIR": str(ward.studio.folder)},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(url), 60)
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/models").status_code == 401
    except httpx.TransportError:
        return False


def test_a_body_that_takes_too_long_ends_with_408(ward: Deployed) -> None:
    with impatient(ward) as url, ExitStack() as stack:
        there = Deployed(ward.studio, url, ward.endpoint, ward.key)
        slow = [opened(there, stack) for _ in range(5)]
        began = time.monotonic()
        for connection in slow:
            connection.sendall(head(there, SHORT, 100_000) + b"R")
        for connection in slow:
            answer = connection.makefile("rb").read()
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b"connection: close" in answer.lower()
        assert 1.5 < time.monotonic() - began < 10


def vanish(ward: Deployed, said: Sequence[Said]) -> None:
    """In the middle of a body, of a question that waits, and of a stream."""
    for number in range(VANISHING):
        one = said[number % len(said)]
        wav = one.wav
        for path in (SHORT, FAST, OPENAI):
            with ExitStack() as stack:
                part = wav[: len(wav) // 2]
                opened(ward, stack).sendall(head(ward, path, len(wav)) + part)
        with ExitStack() as stack:
            opened(ward, stack).sendall(head(ward, SHORT, len(wav)) + wav)
        with connect(
            f"{ward.url.replace('http', 'ws')}{SHORT}",
            additional_headers=key_of(ward),
            subprotocols=[websockets.Subprotocol("USP")],
            open_timeout=30,
        ) as connection:
            audio = audio_message()
            connection.send(audio + WAV_HEADER)
            connection.send(audio + one.pcm)
            connection.close_socket()


def test_clients_that_vanish_leave_nothing(
    ward: Deployed, said: Sequence[Said]
) -> None:
    found = ward.studio.processes()
    (web,) = (pid for pid, command in found.items() if "uvicorn" in command)
    files = ward.studio.folder / "tmp"
    # The first time, pools of threads fill up.
    vanish(ward, said)
    assert_is_served(ward, said)
    wait_for(lambda: not list(files.iterdir()), 20)
    time.sleep(1)
    before = held(web)
    vanish(ward, said)
    assert_is_served(ward, said)
    wait_for(lambda: held(web).files <= before.files, 20)
    wait_for(lambda: held(web).threads <= before.threads, 20)
    assert not list(files.iterdir())
