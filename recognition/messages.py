"""The messages of Microsoft's Speech SDK: read and written, nothing else.

A text message has header lines `Name:value`, an empty line and a JSON body. A binary
one begins with the length of its header lines (16 bits, big-endian); behind them comes
sound, and a message without sound ends it.

Reference: what the SDK (1.53) sends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar
from uuid import uuid4

from recognition.errors import Refused
from recognition.listening import Timing
from recognition.phrases import MODES, Wanted
from recognition.wishes import phrase_list

T = TypeVar("T")

# How long somebody may be silent before a phrase has ended, in seconds.
_PAUSE = 0.5
_PAUSES = (0.1, 5.0)
_INITIAL_SILENCES = (0.1, 60.0)
# What a client may ask for that is not to be had, and would miss in the answers.
_NOT_HERE = {
    "languageId": "Languages are not told apart",
    "speakerDiarization": "Speakers are not told apart",
    "pronunciationAssessment": "Pronunciation is not assessed",
    "translation": "Speech is not translated",
}


class Malformed(Exception):
    """The client sends what nobody can make sense of; fit for its program's log."""


class Mode(StrEnum):
    """As an address or `speech.context` says it."""

    INTERACTIVE = "interactive"  # one phrase
    CONVERSATION = "conversation"
    DICTATION = "dictation"


@dataclass(frozen=True)
class Message:
    path: str  # in small letters
    request: str  # which turn it belongs to; may be empty
    body: str | bytes


@dataclass(frozen=True)
class Asked:
    """What a client wants of a turn. Times are in seconds."""

    locale: str
    mode: Mode = Mode.CONVERSATION
    wanted: Wanted = field(default_factory=Wanted)
    pause: float = _PAUSE  # that ends a phrase
    initial_silence: float | None = None  # None: what is usual in the mode
    phrases: tuple[str, ...] = ()
    phrase_weight: float = 1.0
    is_stored: bool = False

    @property
    def is_one_phrase(self) -> bool:
        return self.mode is Mode.INTERACTIVE

    @property
    def timing(self) -> Timing:
        usual = 5.0 if self.is_one_phrase else 15.0
        return Timing(
            pause=self.pause,
            initial_silence=self.initial_silence or usual,
            longest=15.0 if self.is_one_phrase else 25.0,
        )


def read_text(text: str) -> Message:
    """Raises `Malformed`."""
    head, gap, body = text.partition("\r\n\r\n")
    if not gap:
        raise Malformed("A message has no empty line behind its headers.")
    headers = _headers(head)
    return Message(headers.get("path", "").lower(), _request(headers), body)


def read_binary(data: bytes) -> Message:
    """Raises `Malformed`."""
    length = int.from_bytes(data[:2], "big")
    head = data[2 : 2 + length]
    if len(data) < 2 or len(head) < length:
        raise Malformed("The headers of a message go beyond its end.")
    try:
        headers = _headers(head.decode())
    except UnicodeDecodeError as e:
        raise Malformed("The headers of a message are not UTF-8.") from e
    path = headers.get("path", "").lower()
    return Message(path, _request(headers), data[2 + length :])


def write(request: str, path: str, body: Mapping[str, Any]) -> str:
    return (
        f"X-RequestId:{request}\r\nPath:{path}\r\n"
        "Content-Type:application/json; charset=utf-8\r\n\r\n"
        f"{json.dumps(body, ensure_ascii=False)}"
    )


def turn_start() -> dict[str, Any]:
    return {"context": {"serviceTag": uuid4().hex}}


def asked_by(mode: Mode, query: Mapping[str, str], locale: str) -> Asked:
    """What the address asks for; `locale` where it names none. Raises `Malformed`."""
    return Asked(
        locale=query.get("language") or locale,
        mode=mode,
        wanted=Wanted(
            is_detailed=query.get("format", "").lower() == "detailed",
            profanity=_profanity(query.get("profanity", "masked")),
            with_times=query.get("wordLevelTimestamps", "").lower() == "true",
            with_confidence=query.get("wordLevelConfidence", "").lower() == "true",
        ),
        pause=_seconds(query.get("endSilenceTimeoutMs"), _PAUSES, _PAUSE),
        initial_silence=_seconds(
            query.get("initialSilenceTimeoutMs"), _INITIAL_SILENCES, None
        ),
        is_stored=query.get("storeAudio", "").lower() == "true",
    )


def told_by(message: Message, before: Asked) -> Asked:
    """What `speech.context` asks for, beyond the address. Raises `Malformed`."""
    try:
        context = json.loads(message.body)
    # Of JSON that is nested too deeply, RecursionError.
    except (ValueError, RecursionError) as e:
        raise Malformed("The body of speech.context is no JSON.") from e
    detection = _part(context, "phraseDetection")
    _check_possible(context, detection, _part(detection, "enrichment"))
    mode = str(detection.get("mode") or before.mode)
    segmentation = _part(_part(detection, mode), "segmentation")
    phrases, weight = _phrases(_part(context, "dgi"), before)
    pause = segmentation.get(
        "segmentationSilenceTimeoutMs", detection.get("trailingSilenceTimeout")
    )
    initial = detection.get("initialSilenceTimeout")
    return replace(
        before,
        locale=str(detection.get("language") or before.locale),
        mode=_mode(mode),
        wanted=_wanted(context, before.wanted),
        pause=_seconds(pause, _PAUSES, before.pause),
        initial_silence=_seconds(initial, _INITIAL_SILENCES, before.initial_silence),
        phrases=phrases,
        phrase_weight=weight,
    )


def _check_possible(*parts: Mapping[str, Any]) -> None:
    for name, why_not in _NOT_HERE.items():
        if any(part.get(name) for part in parts):
            raise Malformed(f"{why_not} here: {name} of speech.context.")


def _mode(name: str) -> Mode:
    try:
        return Mode(name.lower())
    except ValueError as e:
        raise Malformed(f"There is no mode {name[:40]!r}.") from e


def _wanted(context: object, before: Wanted) -> Wanted:
    output = _part(context, "phraseOutput")
    options = _part(output, "detailed").get("options") or []
    if not isinstance(options, list):
        raise Malformed("The options of speech.context are no list.")
    enrichment = _part(_part(context, "phraseDetection"), "enrichment")
    form = str(output.get("format", "")).lower()
    return Wanted(
        is_detailed=form == "detailed" if form else before.is_detailed,
        profanity=_profanity(enrichment.get("profanity", before.profanity)),
        with_times=before.with_times or "WordTimings" in options,
        with_confidence=before.with_confidence or "WordConfidence" in options,
    )


def _phrases(
    grammars: Mapping[str, Any], before: Asked
) -> tuple[tuple[str, ...], float]:
    """The phrase list and its weight, which the SDK calls dynamic grammar and bias."""
    try:
        items = [
            item for group in grammars.get("Groups", ()) for item in group["Items"]
        ]
        found = phrase_list([item["Text"] for item in items], "dgi")
        weight = float(grammars.get("bias", before.phrase_weight))
    except (KeyError, TypeError, ValueError) as e:
        raise Malformed("The phrase list of speech.context cannot be read.") from e
    except Refused as e:
        raise Malformed(str(e)) from e
    if not 0 <= weight <= 2:
        raise Malformed("The weight of a phrase list goes from 0 to 2.")
    return found, weight


def _part(value: object, name: str) -> Mapping[str, Any]:
    """An object within another; empty when it is not there."""
    if not isinstance(value, dict):
        raise Malformed("The body of speech.context is not what it should be.")
    found = value.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Malformed(f"{name} of speech.context is no object.")
    return found


def _profanity(mode: object) -> Any:
    """One of the modes of `engines.display.profanity`."""
    if str(mode).lower() not in MODES:
        raise Malformed(f"There is no profanity mode {str(mode)[:40]!r}.")
    return MODES[str(mode).lower()]


def _seconds(given: object, bounds: tuple[float, float], default: T) -> float | T:
    """Of milliseconds, within bounds."""
    if given is None:
        return default
    try:
        seconds = float(str(given)) / 1000
    except ValueError as e:
        raise Malformed("A timeout is no number of milliseconds.") from e
    low, high = bounds
    return min(max(seconds, low), high) if seconds == seconds else default


def _headers(head: str) -> dict[str, str]:
    lines = (line.partition(":") for line in head.split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _request(headers: Mapping[str, str]) -> str:
    request = headers.get("x-requestid", "")
    if len(request) > 64 or not (request.replace("-", "") or "0").isalnum():
        raise Malformed("X-RequestId is no identifier.")
    return request
