from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.test import Client
from django.test.utils import override_settings

from speechstudio import health


@pytest.fixture(autouse=True)
def all_well(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every part answers "ok", and nothing is known from before."""
    fine = dict.fromkeys(["database", "redis", "worker", "disk"], lambda: "ok")
    monkeypatch.setattr(health, "_QUESTIONS", fine)
    monkeypatch.setattr(health, "_latest", {})
    monkeypatch.setattr(health, "_latest_at", 0.0)
    yield
    for thread in health._threads.values():
        thread.join()


def test_it_works(client: Client) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "redis": "ok", "worker": "ok", "disk": "ok"},
    }
    assert "no-store" in response["Cache-Control"]
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


def test_one_part_away_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(health._QUESTIONS, "redis", lambda: "not reachable")
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert response.json()["checks"]["redis"] == "not reachable"
    assert response.json()["checks"]["worker"] == "ok"


def test_asking_often_asks_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setitem(health._QUESTIONS, "disk", lambda: asked.append(1) or "ok")
    for _ in range(5):
        client.get("/healthz")
    assert len(asked) == 1
    monkeypatch.setattr(health, "_latest_at", -10.0)
    client.get("/healthz")
    assert len(asked) == 2


def test_a_part_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    awake = threading.Event()
    asked = []

    def hang() -> str:
        asked.append(1)
        awake.wait(30)
        return "ok"

    monkeypatch.setitem(health._QUESTIONS, "database", hang)
    monkeypatch.setattr(health, "_TIMEOUT_SECONDS", 0.05)
    try:
        assert health.check()["database"] == "no answer in time"
        assert health.check()["database"] == "no answer in time"
        # It still hangs, and is not asked a second time.
        assert len(asked) == 1
    finally:
        awake.set()


@pytest.mark.django_db
def test_the_database() -> None:
    answers = []
    thread = threading.Thread(target=lambda: answers.append(health.database()))
    thread.start()
    thread.join()
    assert answers == ["ok"]


@override_settings(REDIS_URL="redis+socket:///nowhere/redis.sock")
def test_redis_away() -> None:
    assert health.broker() == "not reachable"


def test_disk() -> None:
    assert health.disk() == "ok"
    with override_settings(MIN_FREE_DISK_MB=10**9):
        assert health.disk() == "little space left"
    with override_settings(FILE_UPLOAD_TEMP_DIR="/nowhere"):
        assert health.disk() == "not writable"
