"""What clients ask for by JSON: taken apart, and refused where it is not understood.

Nothing is ignored that would change the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recognition.errors import Refused
from transcriptions.models import Transcription

_MAX_PHRASES = 500
# Longer ones are no names or terms, and looking for them takes the time of others.
_MAX_PHRASE = 200  # characters
_MAX_PHRASES_TEXT = 20_000  # characters of all phrases
_MAX_CHANNELS = 2
_MODEL = re.compile(
    r"/models/(?:base/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:[?#]|$)",
    re.IGNORECASE,
)
_KNOWN = {
    "audioUrl",
    "channels",
    "diarization",
    "enhancedMode",
    "locales",
    "models",
    "phraseList",
    "profanityFilterMode",
}


@dataclass(frozen=True)
class Wishes:
    """The definition of a fast transcription."""

    locale: str = ""  # empty: that of the endpoint
    channels: tuple[int, ...] = ()  # empty: all as one
    profanity: str = "Masked"
    phrases: tuple[str, ...] = ()
    phrase_weight: float = 1.0
    audio_url: str = ""
    model: str = ""  # its ID; empty: that of the endpoint


def read(text: str) -> Wishes:
    """Raises `Refused`.

    >>> read('{"locales": ["en-US"], "channels": [0, 1]}').channels
    (0, 1)
    """
    given = _object(text)
    for name in given.keys() - _KNOWN:
        raise Refused(f"{name} is not a property of a definition.", target=name)
    if _is_on(given.get("diarization")):
        message = "Speakers are not told apart (diarization) with this engine."
        raise Refused(message, "NotAllowed", "diarization")
    if _is_on(given.get("enhancedMode")):
        message = "The enhanced mode is not available with this engine."
        raise Refused(message, "NotAllowed", "enhancedMode")
    phrases, weight = _phrases(given.get("phraseList"))
    locale = _locale(given.get("locales"))
    return Wishes(
        locale=locale,
        channels=_channels(given.get("channels")),
        profanity=_profanity(given.get("profanityFilterMode")),
        phrases=phrases,
        phrase_weight=weight,
        audio_url=_text(given.get("audioUrl"), "audioUrl"),
        model=_model(given.get("models") or {}, locale),
    )


def phrase_list(phrases: Sequence[Any], target: str) -> tuple[str, ...]:
    """Each once, without those that are empty. Raises `Refused`.

    >>> phrase_list(["Ward  9", " ", "Ward 9"], "prompt")
    ('Ward 9',)
    """
    if not all(isinstance(phrase, str) for phrase in phrases):
        raise Refused("Phrases are texts.", target=target)
    kept = tuple(dict.fromkeys(" ".join(one.split()) for one in phrases if one.strip()))
    message = ""
    if len(kept) > _MAX_PHRASES:
        message = f"{len(kept):,} phrases are too many: {_MAX_PHRASES} are the limit."
    elif any(len(phrase) > _MAX_PHRASE for phrase in kept):
        message = f"A phrase has at most {_MAX_PHRASE} characters."
    elif sum(map(len, kept)) > _MAX_PHRASES_TEXT:
        message = f"All phrases have at most {_MAX_PHRASES_TEXT:,} characters."
    if message:
        raise Refused(message, "QuotaViolation", target)
    return kept


def _object(text: str) -> dict[str, Any]:
    """Without the properties that are null."""
    try:
        given = json.loads(text)
    # Deeply nested lists exhaust the reader.
    except (ValueError, RecursionError) as e:
        message = "The definition is not JSON."
        raise Refused(message, "InvalidRequestBodyFormat", "definition") from e
    if not isinstance(given, dict):
        message = "The definition is to be an object of JSON."
        raise Refused(message, "InvalidRequestBodyFormat", "definition")
    return {name: value for name, value in given.items() if value is not None}


def _is_on(value: Any) -> bool:
    """Naming any setting of a feature switches it on, as clients expect."""
    if isinstance(value, dict):
        return bool(value) and value.get("enabled") is not False
    return bool(value)


def _locale(value: Any) -> str:
    locales = _list(value, "locales")
    if len(locales) > 1:
        message = "Languages are not told apart with this engine: name one locale."
        raise Refused(message, "InvalidLocale", "locales")
    return _text(locales[0], "locales") if locales else ""


def _channels(value: Any) -> tuple[int, ...]:
    channels = _list(value, "channels")
    is_number = all(type(one) is int and 0 <= one < _MAX_CHANNELS for one in channels)
    if not is_number or len(set(channels)) != len(channels):
        message = "channels lists 0, 1 or both, each once."
        raise Refused(message, "InvalidChannels", "channels")
    return tuple(channels)


def _profanity(value: Any) -> str:
    modes = Transcription.Profanity.values
    if value is None:
        return "Masked"
    if not isinstance(value, str) or value not in modes:
        message = f"profanityFilterMode is one of {', '.join(modes)}."
        raise Refused(message, target="profanityFilterMode")
    return value


def _model(models: Any, locale: str) -> str:
    """The one for this locale; without a locale, the only one that is named."""
    if not isinstance(models, dict):
        message = "models is an object: a locale, and the address of its model."
        raise Refused(message, "InvalidModel", "models")
    if not models:
        return ""
    wanted = {
        address
        for tag, address in models.items()
        if isinstance(address, str) and tag.lower() == (locale or tag).lower()
    }
    found = _MODEL.search(wanted.pop()) if len(wanted) == 1 else None
    if found is None:
        message = "models has no address of one model, such as /speechtotext/models/ID,"
        message += f" for {locale or 'the recording'}."
        raise Refused(message, "InvalidModel", "models")
    return found[1].lower()


def _phrases(value: Any) -> tuple[tuple[str, ...], float]:
    given = {} if value is None else value
    if not isinstance(given, dict):
        raise Refused("phraseList is an object with phrases.", target="phraseList")
    for name in given.keys() - {"phrases", "biasingWeight"}:
        raise Refused(f"{name} is not a property of phraseList.", target="phraseList")
    phrases = phrase_list(_list(given.get("phrases"), "phraseList"), "phraseList")
    weight = given.get("biasingWeight")
    if weight is None:
        return phrases, 1.0
    if type(weight) not in (int, float) or not 0 <= weight <= 2:
        raise Refused("biasingWeight goes from 0 to 2.", target="biasingWeight")
    return phrases, float(weight)


def _list(value: Any, target: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused(f"{target} is a list.", target=target)
    return value


def _text(value: Any, target: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{target} is a text.", target=target)
    return value
