"""What a client is told of a stream, and what is noted and kept of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from asgiref.sync import sync_to_async

from endpoints import logs, usage
from recognition.messages import Asked
from recognition.phrases import confidence, nothing, phrase, ticks
from recognition.stream import Drafted, Event, Phrase, Silent, Started, Stopped


def message_of(event: Event, asked: Asked) -> tuple[str, dict[str, Any]]:
    """The path and the body of the message for an event."""
    match event:
        case Started():
            return "speech.startDetected", {"Offset": ticks(event.at)}
        case Stopped():
            return "speech.endDetected", {"Offset": ticks(event.at)}
        case Drafted():
            duration = ticks(event.end) - ticks(event.start)
            body = {"Offset": ticks(event.start), "Duration": duration}
            return "speech.hypothesis", {"Text": event.text, **body}
        case Silent():
            return "speech.phrase", nothing("InitialSilenceTimeout", 0.0, event.at)
        case Phrase():
            return "speech.phrase", _answer(event, asked)


def _answer(event: Phrase, asked: Asked) -> dict[str, Any]:
    heard = event.heard
    answer = phrase(heard.transcript, heard.writer, asked.wanted, event.start)
    if answer["RecognitionStatus"] == "Success":
        # A client that goes on later does so behind this, not within the last word.
        return answer | {"Duration": ticks(event.end) - answer["Offset"]}
    # Noise, for all the time that a single phrase may take.
    is_babble = event.is_cut and asked.is_one_phrase
    status = "BabbleTimeout" if is_babble else "NoMatch"
    return nothing(status, event.start, event.end)


async def note(event: Phrase, asked: Asked) -> None:
    """Count the phrase, and keep it where that is wanted."""
    caller, heard = event.heard.caller, event.heard
    if caller.endpoint is None:
        return
    seconds = event.end - event.start
    usage.note(caller.endpoint, seconds, 1000 * event.waited, failed=False)
    if not (caller.logging or asked.is_stored):
        return
    words = heard.transcript.words
    wanted = replace(
        asked.wanted, is_detailed=True, with_times=True, with_confidence=True
    )
    # The sound that is kept begins with the phrase.
    full = phrase(heard.transcript, heard.writer, wanted)
    await sync_to_async(logs.keep)(
        caller.endpoint,
        event.pcm,
        full,
        full.get("DisplayText", ""),
        confidence(words) if words else None,
        seconds,
    )
