from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from engines.azure.retry import Patience, Retrying, retry_after

GOOD = httpx.Response(200, json={"a": 1})
Step = httpx.Response | Exception


@dataclass
class Server:
    """Answers one step after the other, the last one for ever. Time passes only while
    somebody sleeps."""

    steps: list[Step]
    now: float = 0.0
    waits: list[float] = field(default_factory=list)
    asked: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        step = self.steps[min(self.asked, len(self.steps) - 1)]
        self.asked += 1
        if isinstance(step, Exception):
            raise step
        return step

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def client(self, patience: Patience = Patience()) -> httpx.Client:  # noqa: B008
        transport = Retrying(
            httpx.MockTransport(self),
            patience,
            sleep=self.sleep,
            draw=lambda: 1.0,
            clock=lambda: self.now,
        )
        return httpx.Client(transport=transport, base_url="https://a.example")


def broken() -> httpx.Response:
    def parts() -> Iterator[bytes]:
        yield b'{"a"'
        raise httpx.RemoteProtocolError("peer closed connection")

    return httpx.Response(200, content=parts())


@pytest.mark.parametrize(
    "step",
    [
        *(httpx.Response(status) for status in (408, 429, 500, 502, 503, 504)),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("cut"),
        httpx.RemoteProtocolError("half"),
        broken(),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_what_may_be_done_twice_is_tried_again(method: str, step: Step) -> None:
    if isinstance(step, httpx.Response) and step.status_code == 200:
        step = broken()
    server = Server([step, GOOD])
    assert server.client().request(method, "/").json() == {"a": 1}
    assert server.asked == 2


@pytest.mark.parametrize(
    "step, again",
    [
        (httpx.ConnectError("refused"), True),
        (httpx.ConnectTimeout("slow"), True),
        (httpx.Response(429), True),
        (httpx.Response(500), False),
        (httpx.Response(503), False),
        (httpx.ReadTimeout("slow"), False),
        (httpx.RemoteProtocolError("half"), False),
    ],
)
def test_a_post_is_repeated_only_when_it_was_not_carried_out(
    step: Step, again: bool
) -> None:
    server = Server([step, GOOD])
    try:
        server.client().post("/")
    except httpx.TransportError:
        assert not again
    assert server.asked == 1 + again


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 301])
def test_what_will_not_change_is_not_tried_again(status: int) -> None:
    server = Server([httpx.Response(status), GOOD])
    assert server.client().get("/").status_code == status
    assert server.asked == 1


def test_each_wait_is_twice_as_long_and_the_tries_end() -> None:
    server = Server([httpx.Response(503)])
    assert server.client(Patience(tries=7, longest_wait=4)).get("/").status_code == 503
    assert server.waits == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_the_wait_is_the_one_asked_for() -> None:
    answer = httpx.Response(429, headers={"Retry-After": "20"})
    server = Server([answer, GOOD])
    server.client().get("/")
    assert server.waits == [20.5]


def test_nobody_waits_longer_than_in_all_allowed() -> None:
    answer = httpx.Response(429, headers={"Retry-After": "3600"})
    server = Server([answer])
    assert server.client().get("/").status_code == 429
    assert server.waits == []


def test_a_storm_of_429_ends_in_time() -> None:
    answer = httpx.Response(429, headers={"Retry-After": "50"})
    server = Server([answer])
    server.client(Patience(tries=1_000, total=120)).get("/")
    assert server.now <= 120
    assert server.asked == 3


def test_an_answer_that_drips_is_given_up() -> None:
    server = Server([GOOD])

    def drip() -> Iterator[bytes]:
        while True:
            server.now += 50
            yield b" "

    server.steps = [httpx.Response(200, content=drip())]
    with pytest.raises(httpx.ReadTimeout):
        server.client(Patience(tries=3)).get("/")


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
LATER = "Wed, 21 Oct 2026 07:28:30 GMT"


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "-7"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 5_000}, 999_999_999.0),
        # The clock of the resource counts, whatever ours says.
        ({"Retry-After": LATER, "Date": DATE}, 30.0),
        ({"Retry-After": DATE, "Date": LATER}, 0.0),
        ({"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}, 0.0),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Response(429, headers=headers)) == seconds


def test_a_delete_whose_first_answer_was_lost_is_done() -> None:
    server = Server([httpx.ReadTimeout("slow"), httpx.Response(404)])
    one = AzureClient(
        "https://a.example",
        "key",
        transport=httpx.MockTransport(server),
        patience=Patience(first_wait=0),
    )
    one.delete("datasets/7")
    server.steps = [httpx.Response(404)]
    with pytest.raises(AzureError) as told:
        one.delete("datasets/7")
    assert told.value.kind is Kind.GONE
