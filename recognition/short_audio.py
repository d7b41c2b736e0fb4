"""Short audio: up to a minute of sound in, one answer out.

Reference: section 15 of the reference; addresses and headers are those that its
clients send to a custom endpoint.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from datasets.formats.base import AudioError
from datasets.formats.wav import read_header
from editor.disk import look_ahead
from engines.base import SAMPLE_RATE_HZ, Decoding
from engines.registry import get_engine
from engines.segments import segments
from recognition import audio
from recognition.access import Caller, spoken
from recognition.errors import Refused, short
from recognition.kept import Session, check_asked, is_kept, keep
from recognition.phrases import MODES, Wanted, nothing, phrase
from recognition.recogniser import Turn, recogniser
from recognition.swap import swap
from recognition.visits import Visit, Visited
from recognition.writers import writer_of

# By the mode: the longest audio in seconds.
MODES_OF_SPEECH = {"interactive": 15, "conversation": 60, "dictation": 60}
# A minute in any form that is worth sending, such as 48 kHz stereo.
_MAX_BYTES = 16 * 1024**2
# A client may send while somebody still speaks.
_MAX_SENDING_SECONDS = 90
_LOUD = 330  # of 32,768, root mean square: -40 dBFS
_RATE = re.compile(r"samplerate\s*=\s*\"?(\d+)", re.IGNORECASE)
_NOT_HERE = "Pronunciation-Assessment"


async def recognise(most_seconds: int, visit: Visit) -> Response:
    request = visit.request
    caller = await visit.authorise(request.query_params.get("cid", ""))
    check_asked(caller, _is_asked(visit))
    locale = _locale(visit, caller)
    wanted = _wanted(visit)
    if _NOT_HERE.lower() in request.headers:
        raise Refused("Pronunciation is not assessed here.", "NotAllowed", _NOT_HERE)
    look_ahead()
    async with audio.body_of(request, _MAX_BYTES, _MAX_SENDING_SECONDS) as body:
        visit.received()
        await asyncio.to_thread(_check_rate, request.headers, body)
        pcm = await audio.samples(body, most_seconds)
    visit.audio_seconds = len(pcm) / 2 / SAMPLE_RATE_HZ
    model = await visit.attended(swap.model_for(caller))
    hearing = recogniser.hear(*model, pcm, Decoding(locale), Turn.FINAL)
    transcript = await visit.attended(hearing)
    if not transcript.words:
        status = await asyncio.to_thread(_status, model[0], pcm)
        answer = nothing(status, 0.0, visit.audio_seconds)
        return JSONResponse(answer, background=_log(visit, pcm, answer))
    writer = await writer_of(model, locale)
    full = phrase(transcript, writer, Wanted.all(wanted.profanity))
    answer = phrase(transcript, writer, wanted)
    return JSONResponse(answer, background=_log(visit, pcm, full))


def _locale(visit: Visit, caller: Caller) -> str:
    """Raises `Refused` or `Denied`."""
    locale = visit.request.query_params.get("language", "")
    if not locale:
        message = "Name the language in the address, such as language=en-US."
        raise Refused(message, "UnsupportedLanguageCode", "language")
    return spoken(caller, locale)


def _wanted(visit: Visit) -> Wanted:
    """Raises `Refused`."""
    asked = visit.request.query_params
    form = asked.get("format", "simple").lower()
    if form not in ("simple", "detailed"):
        raise Refused("format is simple or detailed.", target="format")
    profanity = asked.get("profanity", "masked").lower()
    if profanity not in MODES:
        raise Refused("profanity is masked, removed or raw.", target="profanity")
    return Wanted(
        is_detailed=form == "detailed",
        profanity=MODES[profanity],
        with_times=asked.get("wordLevelTimestamps", "").lower() == "true",
        with_confidence=asked.get("wordLevelConfidence", "").lower() == "true",
    )


def _check_rate(headers: Any, body: BinaryIO) -> None:
    """Raises `AudioError` when the header of the request says another sampling rate
    than that of the file: one of both is wrong, and the speech would be, too."""
    said = _RATE.search(headers.get("content-type", ""))
    wav = read_header(body)
    if said and wav is not None and wav.rate_hz != int(said[1]):
        message = f"has {wav.rate_hz:,} samples a second, but Content-Type says "
        raise AudioError(f"{message}{int(said[1]):,}", "audio.rate")


def _status(engine: str, pcm: bytes) -> str:
    """Why there are no words."""
    if segments(get_engine(engine).speech_of(pcm)):
        return "NoMatch"
    level = np.sqrt(np.mean(np.square(np.frombuffer(pcm, "<i2").astype(np.float32))))
    return "BabbleTimeout" if level > _LOUD else "InitialSilenceTimeout"


def _is_asked(visit: Visit) -> bool:
    """Whether the client wants its session logged."""
    return visit.request.query_params.get("storeAudio", "").lower() == "true"


def _log(visit: Visit, pcm: bytes, answer: dict[str, Any]) -> BackgroundTask | None:
    caller = visit.caller
    assert caller is not None
    if caller.endpoint is None or not is_kept(caller, _is_asked(visit)):
        return None
    session = Session(caller.endpoint, pcm, answer, visit.audio_seconds)
    return BackgroundTask(keep, session)


routes: list[BaseRoute] = [
    Route(
        f"/speech/recognition/{mode}/cognitiveservices/v1",
        Visited(partial(recognise, most_seconds), short),
        methods=["POST"],
    )
    for mode, most_seconds in MODES_OF_SPEECH.items()
]
