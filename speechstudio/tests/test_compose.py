"""docker-compose.yml agrees with the rest; Docker itself is not asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from speechstudio.tests.test_readme import table_of_the_readme

yaml = pytest.importorskip("yaml")


@pytest.fixture
def compose() -> Any:
    return yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())


def test_every_service_is_looked_after(compose: Any) -> None:
    services = compose["services"]
    assert set(services) == {
        "prepare",
        "web",
        "worker",
        "trainer",
        "beat",
        "redis",
        "db",
    }
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
    trainer = compose["services"]["trainer"]
    assert "container_name" not in {**worker, **trainer}
    assert f"--queues={','.join(settings.QUEUES)} " in worker["command"]
    assert f"--queues={settings.TRAINING_QUEUE} " in trainer["command"]
    # Only the trainer's image has what it takes to train on audio.
    assert trainer["build"]["args"] == {"TRAINING": "1"}
    assert trainer["image"] != worker["image"]


def test_each_is_asked_by_the_name_that_it_has(compose: Any) -> None:
    for name in ("worker", "trainer"):
        service = compose["services"][name]
        assert f"--hostname={name}@%h " in service["command"]
        assert f"{name}@$$HOSTNAME" in service["healthcheck"]["test"][1]


def test_data_outlives_containers(compose: Any) -> None:
    services = compose["services"]
    used = {v.split(":")[0] for s in services.values() for v in s["volumes"]}
    assert used == set(compose["volumes"])
    for name in ("worker", "trainer"):
        assert services[name]["volumes"] == services["web"]["volumes"]


# What containers set themselves, have no use for, or must not have.
WITHIN = {"DATA_DIR", "DATABASE_URL", "REDIS_URL"}
NOT_HERE = {"HOST", "PORT", "WORKER_CONCURRENCY", "TRAINING_CONCURRENCY", "DEBUG"}


def test_it_passes_on_every_setting_of_the_readme(compose: Any) -> None:
    environment = compose["services"]["prepare"]["environment"]
    names = table_of_the_readme()
    assert set(environment) - {"FORWARDED_ALLOW_IPS"} == names - NOT_HERE
    for name in set(environment) - WITHIN:
        assert environment[name].startswith(f"${{{name}:"), name
    # Only the first start is a matter of the owner's account and the sample.
    once = {"ADMIN_USERNAME", "ADMIN_PASSWORD", "SAMPLE_PROJECT"}
    for service in ("web", "worker", "trainer", "beat"):
        shared = compose["services"][service]["environment"]
        assert shared == {k: v for k, v in environment.items() if k not in once}


def test_the_readme_names_what_is_only_here() -> None:
    readme = (settings.BASE_DIR / "README.md").read_text()
    section = readme.split("## With Docker")[1].split("\n## ")[0]
    for name in {"PUBLISH", "FORWARDED_ALLOW_IPS"} | WITHIN | NOT_HERE:
        assert f"`{name}`" in section, name


def test_the_level_of_the_log_is_that_of_the_settings(compose: Any) -> None:
    for service in compose["services"].values():
        assert "loglevel" not in str(service.get("command"))
