from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from speechstudio import env
from speechstudio.tests.studio import clean_environment


@pytest.mark.parametrize(
    "written, value",
    [("", True), ("1", True), ("Yes", True), (" off ", False), ("0", False)],
)
def test_a_boolean(monkeypatch: pytest.MonkeyPatch, written: str, value: bool) -> None:
    monkeypatch.setenv("X", written)
    assert env.boolean("X", True) is value


def test_what_is_no_boolean_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "maybe")
    with pytest.raises(ImproperlyConfigured, match="X must be true or false"):
        env.boolean("X", True)


@pytest.mark.parametrize("written, value", [("", 5), ("1", 1), (" 9 ", 9)])
def test_an_integer(monkeypatch: pytest.MonkeyPatch, written: str, value: int) -> None:
    monkeypatch.setenv("X", written)
    assert env.integer("X", 5, 1, 9) == value


@pytest.mark.parametrize("written", ["0", "10", "-1", "1.5", "five", "٣"])
def test_what_is_no_integer_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("X", written)
    with pytest.raises(
        ImproperlyConfigured, match="X must be a whole number from 1 to 9"
    ):
        env.integer("X", 5, 1, 9)


@pytest.mark.parametrize(
    "written, value",
    [
        ("", ""),
        ("https://Speech.example.org/", "https://speech.example.org"),
        (" http://10.0.0.5:8000 ", "http://10.0.0.5:8000"),
    ],
)
def test_an_origin(monkeypatch: pytest.MonkeyPatch, written: str, value: str) -> None:
    monkeypatch.setenv("X", written)
    assert env.origin("X") == value


@pytest.mark.parametrize(
    "written",
    [
        *("speech.example.org", "wss://speech.example.org", "https://"),
        *("https://speech.example.org/v1", "https://a:secret@b", "https://a b"),
        *("https://a; script-src *", "https://[::1]:8000", "https://a:port"),
    ],
)
def test_what_is_no_origin_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("X", written)
    with pytest.raises(ImproperlyConfigured, match="X must be the address") as told:
        env.origin("X")
    assert "secret" not in str(told.value)


def test_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " a, b,,c ")
    assert env.words("X") == ["a", "b", "c"]


def test_a_secret_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("swordfish\n")
    monkeypatch.setenv("X_FILE", str(path))
    assert env.text("X") == "swordfish"
    monkeypatch.setenv("X", "said directly")
    assert env.text("X") == "said directly"
    monkeypatch.setenv("X", "")
    assert env.text("X") == "swordfish"
    path.write_text("\n")
    assert env.text("X", "default") == "default"


def test_a_secret_file_that_is_missing_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("X_FILE", "/no/such/file")
    with pytest.raises(ImproperlyConfigured, match="X_FILE: No such file"):
        env.text("X")


def test_set_but_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "")
    monkeypatch.setenv("X_FILE", "")
    assert env.text("X", "default") == "default"
    assert env.words("X", "a,b") == ["a", "b"]
    assert env.choice("X", "red", ["red", "blue"]) == "red"
    assert env.integer("X", 5, 1, 9) == 5
    assert env.boolean("X", True) is True


@pytest.mark.parametrize("written", ["BLUE", "blue", " Blue "])
def test_a_choice(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("X", written)
    assert env.choice("X", "RED", ["RED", "BLUE"]) == "BLUE"


def test_what_is_no_choice_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "mauve")
    with pytest.raises(
        ImproperlyConfigured, match="X must be RED, GREEN or BLUE, not 'mauve'"
    ):
        env.choice("X", "RED", ["RED", "GREEN", "BLUE"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tell")
def test_hosts_are_names_or_networks() -> None:
    fine = ["files.intra", "10.1.0.0/16", "127.0.0.1", "::1", "a_b-c"]
    assert env.hosts("X", fine) == fine


@pytest.mark.parametrize("word", ["10.0.0.1/8", "1.2.3", "a/b", "http://a", "a b"])
def test_what_is_no_host_stops_the_start(word: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X must have host names"):
        env.hosts("X", [word])


def test_cores_are_those_we_may_use() -> None:
    assert env.cores() == len(os.sched_getaffinity(0))


def test_cores_where_there_is_no_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert env.cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert env.cores() == 1


def test_nothing_but_cores_asks_for_affinity() -> None:
    rooms = ("datasets", "engines", "evaluations", "jobs", "speechstudio", "training")
    asking = {
        path.relative_to(settings.BASE_DIR).as_posix()
        for room in rooms
        for path in (settings.BASE_DIR / room).rglob("*.py")
        if "tests" not in path.parts and "sched_getaffinity" in path.read_text()
    }
    assert asking == {"speechstudio/env.py"}


def read(expression: str, folder: Path, **variables: str) -> str:
    """What the settings make of these variables."""
    return subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings as s; {expression}"],
        cwd=settings.BASE_DIR,
        env=clean_environment()
        | {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "speechstudio.settings"}
        | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_processes_of_the_worker_share_the_cores(tmp_path: Path) -> None:
    asked = "print(s.ENGINE_THREADS)"
    assert read(asked, tmp_path) == str(env.cores())
    assert read(asked, tmp_path, WORKER_CONCURRENCY="64") == str(
        max(1, env.cores() // 64)
    )
    own = {"WORKER_CONCURRENCY": "2", "ENGINE_THREADS": "3"}
    assert read(asked, tmp_path, **own) == "3"


def test_the_trainer_has_every_core_unless_told_otherwise(tmp_path: Path) -> None:
    asked = "print(s.TRAINING_THREADS)"
    assert read(asked, tmp_path, WORKER_CONCURRENCY="64") == str(env.cores())
    assert read(asked, tmp_path, TRAINING_CONCURRENCY="64") == str(
        max(1, env.cores() // 64)
    )
    assert read(asked, tmp_path, ENGINE_THREADS="3") == "3"


def test_a_redis_named_in_a_file_is_not_embedded(tmp_path: Path) -> None:
    asked = "print(s.EMBEDDED_REDIS, s.CELERY_BROKER_URL)"
    address = tmp_path / "redis"
    address.write_text("redis://elsewhere/0\n")
    said = read(asked, tmp_path, REDIS_URL_FILE=str(address))
    assert said == "False redis://elsewhere/0"
    assert read(asked, tmp_path).startswith("True redis+socket://")


def test_empty_variables_change_no_setting(tmp_path: Path) -> None:
    # The order of a set differs from process to process.
    asked = (
        "print([(k, str(getattr(s, k))) for k in sorted(dir(s)) "
        "if k.isupper() and k != 'SETTINGS_MODULE'])"
    )
    empty = dict.fromkeys(env.NAMES - {"DATA_DIR"}, "")
    assert read(asked, tmp_path, **empty) == read(asked, tmp_path)


def test_the_environment_of_tests_has_none_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in env.NAMES:
        monkeypatch.setenv(name, "x")
        monkeypatch.setenv(f"{name}_FILE", "x")
    kept = {name.removesuffix("_FILE") for name in clean_environment()}
    assert not kept & env.NAMES
    assert "PATH" in kept
