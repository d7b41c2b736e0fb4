"""Fast transcription: a recording of up to two hours in, all its phrases out.

Reference: section 14 of the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from starlette.datastructures import FormData, UploadFile
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from engines.base import Decoding, Word
from recognition import hearing, recording, wishes
from recognition.access import spoken
from recognition.audio import Tracks
from recognition.errors import Refused, envelope
from recognition.visits import Visit, Visited
from recognition.wishes import Wishes
from scoring.normalization import unit
from transcriptions.wording import Written

_VERSIONS = ("2025-10-15", "2024-11-15")
_MAX_DEFINITION_BYTES = 1024**2


async def transcribe(visit: Visit) -> Response:
    caller = await visit.admitted()
    version = visit.request.query_params.get("api-version", "")
    if version not in _VERSIONS:
        message = f"api-version is {' or '.join(_VERSIONS)}."
        raise Refused(message, target="api-version")
    form = await recording.form_of(visit)
    asked = wishes.read(await _definition(form))
    if caller is None or asked.model:
        caller = await visit.authorise(model=asked.model)
    locale = spoken(caller, asked.locale or caller.locale)
    return await visit.attended(_transcribe(visit, form, asked, locale))


async def _transcribe(
    visit: Visit, form: FormData, asked: Wishes, locale: str
) -> Response:
    source = await _source(visit, form, asked)
    tracks = await recording.tracks_of(visit, source, asked.channels)
    options = Decoding(locale, phrases=asked.phrases, phrase_weight=asked.phrase_weight)
    heard = await hearing.begin(visit, tracks, options)
    written = [one async for one in heard.written(asked.profanity)]
    written.sort(key=lambda one: (one.phrase.start, one.phrase.channel))
    answer = _answer(written, tracks, locale, is_split=bool(asked.channels))
    return JSONResponse(answer, background=heard.log(written))


async def _definition(form: FormData) -> str:
    """Some clients send it as a file."""
    given = form.get("definition", "{}")
    if isinstance(given, str):
        return given
    data = await given.read(_MAX_DEFINITION_BYTES + 1)
    if len(data) > _MAX_DEFINITION_BYTES:
        message = "The definition is larger than 1 MB."
        raise Refused(message, "InvalidRequestBodyFormat", "definition")
    return data.decode("utf-8", "replace")


async def _source(visit: Visit, form: FormData, asked: Wishes) -> BinaryIO:
    """The recording, which was sent or is fetched. What was sent wins.

    Raises `Refused`, and what `recording.fetched` does.
    """
    sent = form.get("audio")
    if isinstance(sent, UploadFile):
        return sent.file
    if sent is not None or not asked.audio_url:
        message = "Send the recording as the file “audio”, or name an audioUrl."
        raise Refused(message, "EmptyRequest", "audio")
    return await recording.fetched(visit, asked.audio_url)


def _answer(
    written: Sequence[Written], tracks: Tracks, locale: str, is_split: bool
) -> dict[str, Any]:
    glue = "" if unit(locale) == "character" else " "
    combined = []
    for channel in tracks.paths:
        texts = [one.forms.display for one in written if one.phrase.channel == channel]
        combined.append(_of_channel(channel, is_split) | {"text": glue.join(texts)})
    return {
        "durationMilliseconds": round(1000 * tracks.seconds),
        "combinedPhrases": combined,
        "phrases": [_phrase(one, locale, is_split) for one in written],
    }


def _phrase(one: Written, locale: str, is_split: bool) -> dict[str, Any]:
    phrase = one.phrase
    return _of_channel(phrase.channel, is_split) | {
        **_times(phrase.start, phrase.end),
        "text": one.forms.display,
        "words": [_word(word) for word in one.shown],
        "locale": locale,
        "confidence": round(phrase.confidence, 4),
    }


def _of_channel(channel: int, is_split: bool) -> dict[str, Any]:
    """Named only when channels were to be told apart."""
    return {"channel": channel} if is_split else {}


def _word(word: Word) -> dict[str, Any]:
    return {"text": word.text, **_times(word.start, word.end)}


def _times(start: float, end: float) -> dict[str, int]:
    offset = round(1000 * start)
    return {
        "offsetMilliseconds": offset,
        "durationMilliseconds": max(0, round(1000 * end) - offset),
    }


routes: list[BaseRoute] = [
    Route(
        "/speechtotext/transcriptions:transcribe",
        Visited(transcribe, envelope),
        methods=["POST"],
    )
]
