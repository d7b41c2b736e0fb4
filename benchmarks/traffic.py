"""The clients of a soak: those that ask as they should, and those that do not.

Each checks every answer, its words included: they are to be those of the clip that was
sent, not of another client's.
"""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx
import websockets
from websockets.sync.client import ClientConnection, connect

from recognition.tests.callers import (
    OWN,
    RATE_HZ,
    SHORT_AUDIO,
    WAV_HEADER,
    Said,
    audio_message,
    clip_of,
    key_of,
)
from recognition.tests.installation import Deployed
from speechstudio.tests.studio import post, sign_in, wait_for

FAST = "/speechtotext/transcriptions:transcribe?api-version=2025-10-15"
OPENAI = "/v1/audio/transcriptions"
PATIENCE_SECONDS = 120.0
_PIECE_BYTES = 3_200  # as the Speech SDK tears sound
_PAUSE = bytes(2 * RATE_HZ)  # a second, which ends a phrase


class Busy(Exception):
    """The server asks to come again."""


class Misheard(Exception):
    """The model took its own sentence for what was said."""


class Client:
    """One that asks again and again."""

    def __init__(self, ward: Deployed, clips: Sequence[Said], seed: int) -> None:
        self._ward = ward
        self._clips = clips
        self._random = random.Random(seed)

    def wav(self) -> None:
        said = self._any()
        self._check(said, self._short(said.wav))

    def ogg(self) -> None:
        said = self._any()
        self._check(said, self._short(said.ogg))

    def fast(self) -> None:
        said = self._any()
        answer = self._post(FAST, files={"audio": ("a.ogg", said.ogg)}).json()
        self._check(said, answer["combinedPhrases"][0]["text"])

    def openai(self) -> None:
        said = self._any()
        self._check(said, self._openai(said).json()["text"])

    def events(self) -> None:
        """An answer of OpenAI's in pieces."""
        said = self._any()
        lines = self._openai(said, stream="true").text.splitlines()
        events = [json.loads(line[5:]) for line in lines if line]
        last = events[-1]
        if last.get("error", {}).get("code") == "TooManyRequests":
            raise Busy
        assert last["type"] == "transcript.text.done", last
        self._check(said, last["text"])

    def stream(self) -> None:
        """Three phrases, as fast as they are spoken."""
        said = [self._any() for _ in range(3)]
        sound = b"".join(one.pcm + _PAUSE for one in said)
        with self._connected() as connection:
            _speak(connection, sound)
            texts = _phrases(connection)
        # A breath may have made two of one.
        for text in texts:
            found = clip_of(text, self._clips)
            if found is OWN:
                raise Misheard
            assert found is None or found in said, f"{text!r} was not said"
        assert texts, "nothing was heard"

    def vanishing_stream(self) -> None:
        said = self._any()
        with self._connected() as connection:
            _speak(connection, said.pcm, until=self._random.random())
            connection.close_socket()

    def wrong_key(self) -> None:
        key = {"Ocp-Apim-Subscription-Key": f"{self._random.getrandbits(128):032x}"}
        wav = self._any().wav
        asked = [
            self._request(f"{SHORT_AUDIO}?language=en-US", headers=key, content=wav),
            self._request(FAST, headers=key, files={"audio": wav}),
            self._request(OPENAI, headers=key, files={"file": wav}),
        ]
        assert [answer.status_code for answer in asked] == [401] * 3
        try:
            with self._connected(key):
                raise AssertionError("a wrong key is let in")
        except websockets.InvalidStatus as e:
            assert e.response.status_code == 401

    def garbage(self) -> None:
        noise = self._random.randbytes(self._random.randrange(1, 50_000))
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        key = key_of(self._ward)
        asked = [
            self._request(f"{SHORT_AUDIO}?language=en-US", headers=key, content=noise),
            self._request(FAST, headers=key | form, content=noise),
            self._request(FAST, headers=key, files={"audio": noise}),
            self._request(OPENAI, headers=key | form, content=noise),
            self._request(
                OPENAI,
                headers=key,
                files={"file": ("a.wav", noise)},
                data={"model": "whisper-1"},
            ),
        ]
        found = [answer.status_code for answer in asked]
        assert set(found) <= {400, 429}, found

    def half_a_body(self) -> None:
        """And nobody to read the answer."""
        wav = self._any().wav
        for path in (f"{SHORT_AUDIO}?language=en-US", FAST, OPENAI):
            with self._half(path, wav):
                time.sleep(self._random.random())

    def pages(self) -> None:
        of_project = f"/projects/{self._project()}"
        endpoint = f"/endpoints/{self._ward.endpoint}"
        paths = [f"{endpoint}/", f"{endpoint}/usage/", f"{of_project}/endpoints/"]
        paths += [f"{of_project}/transcriptions/", f"{of_project}/try/"]
        with sign_in(self._ward.studio) as client:
            for path in paths:
                assert client.get(path).status_code == 200, path

    def batch(self) -> None:
        said = self._any()
        files = {"recordings": ("a.ogg", said.ogg)}
        with sign_in(self._ward.studio) as client:
            new = f"/projects/{self._project()}/transcriptions/new/"
            client.get(new)
            page = post(client, new, {"name": "Soak"}, files=files).url.path
            key = page.split("/")[-2].replace("-", "")
            sql = "SELECT status FROM transcriptions_transcription WHERE id = ?"
            ended = [("Succeeded",), ("Failed",)]
            wait_for(lambda: self._ward.studio.rows(sql, key)[0] in ended, 300)
            answer = client.get(f"{page}files/0/as/json/").json()
            self._check(said, answer["combinedRecognizedPhrases"][0]["display"])
            post(client, f"{page}delete/", {})

    def change_of_model(self) -> None:
        before = self._serving()
        sql = "SELECT id FROM training_speechmodel WHERE id <> ?"
        other = str(UUID(self._ward.studio.rows(sql, before)[0][0]))
        with sign_in(self._ward.studio) as client:
            page = f"/endpoints/{self._ward.endpoint}/model/"
            post(client, page, {"model": other})
        wait_for(lambda: self._serving() != before, 300)

    def _any(self) -> Said:
        return self._random.choice(self._clips)

    def _check(self, said: Said, heard: str) -> None:
        found = clip_of(heard, self._clips)
        if found is OWN:
            raise Misheard
        assert found is said, f"{said.text!r}: {heard!r}"

    def _short(self, body: bytes) -> str:
        path = f"{SHORT_AUDIO}?language=en-US"
        answer = self._post(path, content=body).json()
        assert answer["RecognitionStatus"] == "Success", answer
        return str(answer["DisplayText"])

    def _openai(self, said: Said, **more: str) -> httpx.Response:
        files = {"file": ("a.ogg", said.ogg)}
        return self._post(OPENAI, files=files, data={"model": "whisper-1"} | more)

    def _post(self, path: str, **more: object) -> httpx.Response:
        answer = self._request(path, headers=key_of(self._ward), **more)
        if answer.status_code == 429:
            assert answer.headers["Retry-After"]
            raise Busy
        assert answer.status_code == 200, (answer.status_code, answer.text[:300])
        return answer

    def _request(self, path: str, **more: object) -> httpx.Response:
        return httpx.post(f"{self._ward.url}{path}", timeout=PATIENCE_SECONDS, **more)  # type: ignore[arg-type]

    @contextmanager
    def _connected(
        self, key: dict[str, str] | None = None
    ) -> Iterator[ClientConnection]:
        with connect(
            f"{self._ward.url.replace('http', 'ws')}{SHORT_AUDIO}?language=en-US",
            additional_headers=key or key_of(self._ward),
            subprotocols=[websockets.Subprotocol("USP")],
            open_timeout=PATIENCE_SECONDS,
        ) as connection:
            yield connection

    @contextmanager
    def _half(self, path: str, body: bytes) -> Iterator[None]:
        address = httpx.URL(self._ward.url)
        with socket.create_connection((address.host, address.port or 80)) as raw:
            head = f"POST {path} HTTP/1.1\r\nHost: {address.host}\r\n"
            head += f"Ocp-Apim-Subscription-Key: {self._ward.key}\r\n"
            head += "Content-Type: multipart/form-data; boundary=x\r\n"
            head += f"Content-Length: {len(body)}\r\n\r\n"
            raw.sendall(head.encode() + body[: len(body) // 2])
            yield

    def _project(self) -> UUID:
        sql = "SELECT project_id FROM endpoints_endpoint"
        return UUID(self._ward.studio.rows(sql)[0][0])

    def _serving(self) -> str:
        sql = "SELECT serving_id FROM endpoints_endpoint"
        return str(self._ward.studio.rows(sql)[0][0])


def _speak(connection: ClientConnection, sound: bytes, until: float = 1.0) -> None:
    """In real time; `until` this share of it."""
    audio = audio_message()
    connection.send(audio + WAV_HEADER)
    began = time.monotonic()
    for at in range(0, int(until * len(sound)), _PIECE_BYTES):
        due = began + at / 2 / RATE_HZ
        time.sleep(max(0.0, due - time.monotonic()))
        connection.send(audio + sound[at : at + _PIECE_BYTES])
    if until == 1.0:
        connection.send(audio)


def _phrases(connection: ClientConnection) -> list[str]:
    """The texts of a turn, until it ends."""
    texts = []
    while True:
        head, _, body = str(connection.recv(timeout=PATIENCE_SECONDS)).partition(
            "\r\n\r\n"
        )
        if "Path:speech.phrase" in head:
            texts.append(json.loads(body).get("DisplayText", ""))
        if "Path:turn.end" in head:
            return [text for text in texts if text]


@dataclass(frozen=True)
class Kind:
    name: str
    ask: Callable[[Client], None]
    pause: float  # seconds between two, in the mean
    clients: int = 1


KINDS = [
    Kind("short audio, WAV", Client.wav, 2, 2),
    Kind("short audio, OGG", Client.ogg, 3),
    Kind("fast transcription", Client.fast, 5),
    Kind("OpenAI, JSON", Client.openai, 5),
    Kind("OpenAI, events", Client.events, 5),
    Kind("stream of three phrases", Client.stream, 2),
    Kind("stream that vanishes", Client.vanishing_stream, 5),
    Kind("wrong keys", Client.wrong_key, 5),
    Kind("garbage", Client.garbage, 5),
    Kind("half a body", Client.half_a_body, 5),
    Kind("pages", Client.pages, 5),
    Kind("batch of a file", Client.batch, 20),
    Kind("change of model", Client.change_of_model, 150),
]
