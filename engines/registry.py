"""The engines that can be chosen, and the one instance of each in this process.

An engine is imported when it is first asked for: a web process never imports
the libraries that recognise speech. A new engine is a line in `ENGINES` and one
in `_settings_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from engines.base import EngineError, LocalEngine

ENGINES = {"whisper": "engines.whisper.engine.WhisperEngine"}
# Names that nothing elsewhere is called by. The last one is that of tests.
OURS = frozenset({*ENGINES, "fake"})

_instances: dict[str, LocalEngine] = {}
_lock = Lock()


def get_engine(name: str) -> LocalEngine:
    """The engine of that name, the same one at every call.

    Raises `EngineError` when there is none.
    """
    with _lock:
        if name not in _instances:
            _instances[name] = _make(name)
        return _instances[name]


@contextmanager
def replaced(name: str, engine: LocalEngine) -> Iterator[None]:
    """Have `get_engine(name)` give this engine for a while: for tests.

    It is the only way to a fake engine, so nobody can choose one.
    """
    with _lock:
        before = _instances.get(name)
        _instances[name] = engine
    try:
        yield
    finally:
        with _lock:
            _instances.pop(name)
            if before:
                _instances[name] = before


def _make(name: str) -> LocalEngine:
    if name not in ENGINES:
        raise EngineError(f"There is no speech engine “{name}”.", "UnknownEngine")
    engine: LocalEngine = import_string(ENGINES[name])(**_settings_of(name))
    return engine


def _settings_of(name: str) -> dict[str, Any]:
    """What an engine's constructor is given."""
    return {
        "whisper": {
            "base_models": settings.ENGINE_BASE_MODELS,
            "threads": settings.ENGINE_THREADS,
            "models_dir": settings.ENGINE_MODELS_DIR,
            "memory_mb": settings.ENGINE_MEMORY_MB,
        }
    }[name]
