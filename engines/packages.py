"""The packages that only a process which trains on audio has."""

from __future__ import annotations

from importlib.util import find_spec

_TRAINING = ("torch", "transformers")


def missing() -> list[str]:
    """What is not installed here of what training on audio needs."""
    return [name for name in _TRAINING if find_spec(name) is None]
