"""docker-compose.yml agrees with the rest; Docker itself is not asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

yaml = pytest.importorskip("yaml")


@pytest.fixture
def compose() -> Any:
    return yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())


def test_every_service_is_looked_after(compose: Any) -> None:
    services = compose["services"]
    assert set(services) == {"prepare", "web", "worker", "beat", "redis", "db"}
    for name in set(services) - {"prepare"}:
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["healthcheck"]["test"]


def test_secrets_come_from_outside(compose: Any) -> None:
    environment = compose["services"]["web"]["environment"]
    assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]


def test_only_the_web_server_is_published_and_only_here(compose: Any) -> None:
    published = {k: v["ports"] for k, v in compose["services"].items() if "ports" in v}
    assert published == {"web": ["${PUBLISH:-127.0.0.1:8000}:8000"]}


def test_workers_can_be_many_and_serve_every_queue(compose: Any) -> None:
    worker = compose["services"]["worker"]
    assert "container_name" not in worker
    assert f"--queues={','.join(settings.QUEUES)} " in worker["command"]


def test_data_outlives_containers(compose: Any) -> None:
    services = compose["services"]
    used = {v.split(":")[0] for s in services.values() for v in s["volumes"]}
    assert used == set(compose["volumes"])
    assert services["web"]["volumes"] == services["worker"]["volumes"]
