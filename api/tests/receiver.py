"""A program that is told: a server on the loopback address, which keeps what comes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Told:
    event: str
    signature: str | None
    body: bytes
    query: dict[str, list[str]]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`status` is what it answers; `answer` what it says to a challenge, None for what
    it ought to say."""

    url: str = ""
    status: int = 200
    answer: str | None = None
    location: str = ""
    delay: float = 0.0
    told: list[Told] = field(default_factory=list)

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers["Content-Length"])
        told = Told(
            handler.headers["X-MicrosoftSpeechServices-Event"],
            handler.headers["X-MicrosoftSpeechServices-Signature"],
            handler.rfile.read(length),
            parse_qs(urlsplit(handler.path).query),
        )
        self.told.append(told)
        time.sleep(self.delay)
        token = told.query.get("validationToken", [""])[0]
        content = (token if self.answer is None else self.answer).encode()
        handler.send_response(self.status)
        handler.send_header("Content-Length", str(len(content)))
        if self.location:
            handler.send_header("Location", self.location)
        handler.end_headers()
        # Who was slow has nobody left to talk to.
        with suppress(BrokenPipeError, ConnectionResetError):
            handler.wfile.write(content)

    @property
    def events(self) -> list[str]:
        return [one.event for one in self.told]


@contextmanager
def receiver() -> Iterator[Receiver]:
    it = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            it.take(self)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        it.url = f"http://127.0.0.1:{server.server_port}/told?code=s3cret"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield it
        server.shutdown()
        thread.join()
