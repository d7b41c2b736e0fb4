"""Read settings from the environment; a wrong value stops the start."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

# Every variable of ours. The tests run without those of the person at the keys.
NAMES = frozenset(
    {
        "ADMIN_PASSWORD",
        "ADMIN_USERNAME",
        "ALLOWED_HOSTS",
        "BASE_MODELS",
        "BEHIND_HTTPS_PROXY",
        "CSRF_TRUSTED_ORIGINS",
        "DATABASE_URL",
        "DATA_DIR",
        "DEBUG",
        "ENGINE_MEMORY_MB",
        "ENGINE_THREADS",
        "FETCH_ALLOWED_HOSTS",
        "HOST",
        "JOB_LOST_AFTER_SECONDS",
        "LOG_LEVEL",
        "MIN_FREE_DISK_MB",
        "MODELS_EXPIRE",
        "PORT",
        "PROJECT_MAX_DATASETS",
        "RECOGNITION_MAX_WAITING",
        "RECOGNITION_URL",
        "REDIS_URL",
        "SAMPLE_PROJECT",
        "SECRET_KEY",
        "TRAINING_CONCURRENCY",
        "WORKER_CONCURRENCY",
    }
)


def text(name: str, default: str = "") -> str:
    """The variable, or what the file named by `<name>_FILE` holds.

    The second form is how secrets reach a container without showing up in
    its environment. What is set but empty counts as not set, here and below:
    that is how a compose file passes on what nobody has set.
    """
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if path and not value:
        try:
            with open(path, encoding="utf-8") as f:  # noqa: PTH123
                value = f.read().strip()
        except OSError as e:
            raise ImproperlyConfigured(f"{name}_FILE: {e.strerror}: {path}") from e
    return value or default


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


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    """One of the choices; in the variable, capitals and small letters are equal."""
    value = os.environ.get(name, "").strip() or default
    for one in choices:
        if one.casefold() == value.casefold():
            return one
    known = f"{', '.join(choices[:-1])} or {choices[-1]}"
    raise ImproperlyConfigured(f"{name} must be {known}, not {value!r}.")


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [w.strip() for w in text(name, default).split(",") if w.strip()]


def hosts(name: str, words: Sequence[str]) -> list[str]:
    """The words, if each is a host's name, an address or a network.

    >>> hosts("X", ["Files.intra", "10.0.0.0/8"])
    ['files.intra', '10.0.0.0/8']
    """
    for word in words:
        # Digits and dots alone, a slash or a colon: a network, or a slip.
        is_name = re.fullmatch(r"(?![\d.]+$)[A-Za-z0-9_.-]+", word)
        try:
            is_name or ipaddress.ip_network(word)
        except ValueError as e:
            raise ImproperlyConfigured(
                f"{name} must have host names or networks such as 10.0.0.0/8, "
                f"separated by commas, not {word!r}."
            ) from e
    return [word.lower() for word in words]


def origin(name: str) -> str:
    """The scheme, the host and perhaps a port of a server, in small letters and without
    the last slash: `https://speech.example.org`; "" where nothing is set.

    There is no path: clients are told a host, and put their own paths behind it. Nor
    is there an IPv6 address, which a content security policy cannot name.
    """
    value = text(name).strip().rstrip("/").lower()
    if not value or re.fullmatch(r"https?://[a-z0-9_.-]+(:\d{1,5})?", value):
        return value
    # It may hold a password, so the message must not repeat it.
    raise ImproperlyConfigured(
        f"{name} must be the address of a server without a path, such as "
        "https://speech.example.org or http://10.0.0.5:8000."
    )


def cores() -> int:
    """The cores that we may use; containers have fewer than the machine."""
    # Only Linux can tell.
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
