from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from speechstudio import env


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


def test_a_secret_file_that_is_missing_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("X_FILE", "/no/such/file")
    with pytest.raises(ImproperlyConfigured, match="X_FILE: No such file"):
        env.text("X")
