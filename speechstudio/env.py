"""Read settings from the environment; a wrong value stops the start."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """The variable, or what the file named by `<name>_FILE` holds.

    The second form is how secrets reach a container without showing up in
    its environment.
    """
    path = os.environ.get(f"{name}_FILE")
    if path and name not in os.environ:
        try:
            with open(path, encoding="utf-8") as f:  # noqa: PTH123
                return f.read().strip()
        except OSError as e:
            raise ImproperlyConfigured(f"{name}_FILE: {e.strerror}: {path}") from e
    return os.environ.get(name, default)


def boolean(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return value in ("1", "true", "yes", "on") if value else default
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int, low: int, high: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(
            f"{name} must be a whole number from {low} to {high}, not {value!r}."
        )
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [w.strip() for w in text(name, default).split(",") if w.strip()]
