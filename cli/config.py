"""Which server is asked, and with which key: from the environment, or from the file
that `studio config` writes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click


@dataclass(frozen=True)
class Config:
    endpoint: str = ""
    key: str = ""


def path() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "speechstudio" / "config.json"


def load(environ: Mapping[str, str] = os.environ) -> Config:
    """STUDIO_ENDPOINT and STUDIO_KEY come before the file."""
    endpoint, key = environ.get("STUDIO_ENDPOINT", ""), environ.get("STUDIO_KEY", "")
    if endpoint and key:
        return Config(endpoint, key)
    stored = _stored()
    return Config(endpoint or stored.endpoint, key or stored.key)


def save(config: Config) -> None:
    """For nobody's eyes but the owner's, from the first moment on."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = target.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"endpoint": config.endpoint, "key": config.key}, file)
    fresh.replace(target)


def _stored() -> Config:
    try:
        found = json.loads(path().read_text())
        return Config(str(found["endpoint"]), str(found["key"]))
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError, KeyError, TypeError) as e:
        message = f"{path()} cannot be read. Write it anew: studio config"
        raise click.UsageError(message) from e
