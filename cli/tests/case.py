"""The command line against a server of a few lines, or against our own API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from click.testing import CliRunner, Result

from cli.main import studio
from cli.session import Session

ENDPOINT = "https://speech.example.org"
KEY = "0123456789abcdef0123456789abcdef"
ID = "5d2e8f47-1b6c-4a93-8e0d-7c4f9a1b3e33"


@dataclass
class Server:
    """Answers each call by its method and path, the last of its answers for ever."""

    answers: dict[str, list[httpx.Response]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    now: float = 0.0

    def on(self, call: str, *answers: httpx.Response | dict[str, Any]) -> None:
        """`call` is such as `GET datasets`."""
        self.answers[call] = [
            one if isinstance(one, httpx.Response) else httpx.Response(200, json=one)
            for one in answers
        ]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/speechtotext/")
        call = f"{request.method} {path}"
        self.calls.append(call)
        content = request.read()
        if content.startswith((b"{", b"[")):
            self.bodies.append(json.loads(content))
        answers = self.answers.get(call, [httpx.Response(404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self, *args: str, **more: Any) -> Result:
        session = Session(
            transport=httpx.MockTransport(self),
            target_transport=httpx.MockTransport(self),
            sleep=self.sleep,
            clock=lambda: self.now,
        )
        return CliRunner().invoke(studio, args, obj=session, **more)


def entity(collection: str, **fields: Any) -> dict[str, Any]:
    return {"self": f"{ENDPOINT}/speechtotext/{collection}/{ID}", **fields}
