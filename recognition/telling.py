"""What a client is told of a stream, and what is counted and kept of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from endpoints import usage
from recognition.kept import Session, is_kept
from recognition.messages import Asked
from recognition.phrases import nothing, phrase
from recognition.stream import Drafted, Event, Phrase, Silent, Started, Stopped
from transcriptions.results import ticks


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


def count(event: Phrase) -> None:
    endpoint = event.heard.caller.endpoint
    if endpoint:
        seconds = event.end - event.start
        usage.note(endpoint, seconds, 1000 * event.waited, failed=False)


def session_of(event: Phrase, asked: Asked) -> Session | None:
    """What is kept of a phrase, where that is wanted."""
    caller, heard = event.heard.caller, event.heard
    if caller.endpoint is None or not is_kept(caller, asked.is_stored):
        return None
    wanted = replace(
        asked.wanted, is_detailed=True, with_times=True, with_confidence=True
    )
    # The sound that is kept begins with the phrase.
    full = phrase(heard.transcript, heard.writer, wanted)
    return Session(caller.endpoint, event.pcm, full, event.end - event.start)
