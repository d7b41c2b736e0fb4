"""The voices that speak text, and the one instance of each in this process.

A voice is imported when it is first asked for: a web process only asks which
languages have one.
"""

from __future__ import annotations

from pkgutil import resolve_name
from threading import Lock

from engines.base import EngineError, Voice
from scoring.locale import language_of

_VOICES = {"en": "engines.voice:EnglishVoice"}

_instances: dict[str, Voice] = {}
_lock = Lock()


def has_voice(locale: str) -> bool:
    """Whether there is a voice for the language of this locale."""
    return language_of(locale) in _VOICES


def get_voice(locale: str) -> Voice:
    """The voice that speaks the language of this locale.

    Raises `EngineError` when there is none.
    """
    if not has_voice(locale):
        raise EngineError(f"There is no voice for {locale}.", "NoVoice")
    spoken = language_of(locale)
    with _lock:
        if spoken not in _instances:
            _instances[spoken] = resolve_name(_VOICES[spoken])()
        return _instances[spoken]
