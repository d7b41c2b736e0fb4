"""Transcription for the clients of OpenAI.

An endpoint is a model here: its ID is the model's name, and `whisper-1`, which many
programs have written into them, means the endpoint that the key belongs to.

Reference: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from django.utils.translation import get_language_info
from starlette.datastructures import FormData, UploadFile
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Route

from engines.base import Decoding, Word
from engines.captions import Caption, srt, vtt
from recognition import recording
from recognition.access import Caller, Denied, spoken
from recognition.audio import Tracks
from recognition.errors import Refused, openai, problem_of
from recognition.recording import Hearing
from recognition.visits import Visit, Visited
from recognition.wishes import phrase_list
from scoring.locale import language_of
from transcriptions.phrases import Phrase

_ALIAS = "whisper-1"
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_GRANULARITIES = ("segment", "word")
_KNOWN = {
    "chunking_strategy",
    "file",
    "include",
    "keywords",
    "known_speaker_names",
    "known_speaker_references",
    "language",
    "languages",
    "model",
    "prompt",
    "response_format",
    "stream",
    "temperature",
    "timestamp_granularities",
}
_UNSPACED = ("ja", "th", "yue", "zh")


@dataclass(frozen=True)
class _Asked:
    form: str
    granularities: tuple[str, ...]
    is_streamed: bool
    phrases: tuple[str, ...]


async def transcribe(visit: Visit) -> Response:
    caller = await _caller(visit)
    form = await recording.form_of(visit)
    _check_model(caller, _one(form, "model"))
    asked = _asked(form)
    locale = _locale(caller, _one(form, "language"))
    sent = form.get("file")
    if not isinstance(sent, UploadFile):
        raise Refused("Send the recording as the file “file”.", target="file")
    hearing = await visit.attended(_begin(visit, sent, locale, asked.phrases))
    if asked.is_streamed:
        visit.is_open = True
        return StreamingResponse(_events(hearing), media_type="text/event-stream")
    return await visit.attended(_answer(hearing, asked))


async def translate(visit: Visit) -> Response:
    await _caller(visit)
    message = "Speech is not translated with this engine."
    raise Refused(message, "NotAllowed", "model")


async def models(visit: Visit) -> Response:
    caller = await _caller(visit)
    found = [_model(name) for name in _names(caller)]
    return JSONResponse({"object": "list", "data": found})


async def model(visit: Visit) -> Response:
    caller = await _caller(visit)
    name = visit.request.path_params["name"]
    _check_model(caller, name)
    return JSONResponse(_model(name))


async def _caller(visit: Visit) -> Caller:
    """Raises `Denied`; to these clients a missing key is a wrong one."""
    try:
        return await visit.authorise()
    except Denied as error:
        if "authorization" in visit.request.headers:
            raise
        raise Denied(str(error)) from error


def _names(caller: Caller) -> list[str]:
    return [str(caller.endpoint), _ALIAS] if caller.endpoint else [_ALIAS]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "speechstudio"}


def _check_model(caller: Caller, name: str) -> None:
    if name.lower() not in _names(caller):
        names = " or ".join(_names(caller))
        message = f"There is no model “{name[:60]}” for this key; there is {names}."
        raise Refused(message, "model_not_found", "model", 404)


def _asked(form: FormData) -> _Asked:
    """Raises `Refused` for what is not understood, or would be ignored."""
    names = {name.removesuffix("[]") for name in form}
    for name in names - _KNOWN:
        raise Refused(f"{name[:60]} is no known parameter.", "unknown_parameter", name)
    for name in ("include", "known_speaker_names", "known_speaker_references"):
        if name in names:
            raise Refused(f"{name} is not available here.", "unsupported_value", name)
    if _one(form, "chunking_strategy", "auto") != "auto":
        message = "chunking_strategy is auto: recordings are cut where nobody speaks."
        raise Refused(message, "unsupported_value", "chunking_strategy")
    _check_temperature(_one(form, "temperature", "0"))
    answer = _one(form, "response_format", "json")
    if answer not in _FORMATS:
        message = f"response_format is one of {', '.join(_FORMATS)}."
        raise Refused(message, "unsupported_value", "response_format")
    is_streamed = _one(form, "stream", "false").lower() == "true"
    if is_streamed and answer not in ("json", "text"):
        message = "Only the formats json and text can be streamed."
        raise Refused(message, "unsupported_value", "stream")
    return _Asked(answer, _granularities(form, answer), is_streamed, _phrases(form))


def _check_temperature(text: str) -> None:
    try:
        is_zero = float(text) == 0
    except ValueError:
        is_zero = False
    if not is_zero:
        message = "Recognition here is not left to chance: temperature is 0."
        raise Refused(message, "unsupported_value", "temperature")


def _granularities(form: FormData, answer: str) -> tuple[str, ...]:
    name = "timestamp_granularities"
    asked = tuple(_many(form, name))
    if asked and answer != "verbose_json":
        message = f"{name} needs response_format verbose_json."
        raise Refused(message, "unsupported_value", name)
    if not set(asked) <= set(_GRANULARITIES):
        message = f"{name} are {' and '.join(_GRANULARITIES)}."
        raise Refused(message, "unsupported_value", name)
    return asked or ("segment",)


def _phrases(form: FormData) -> tuple[str, ...]:
    """What is expected to be said: the keywords, and the parts of the prompt."""
    prompt = _one(form, "prompt")
    for mark in ",;\n":
        prompt = prompt.replace(mark, "\n")
    return phrase_list([*_many(form, "keywords"), *prompt.splitlines()], "prompt")


def _locale(caller: Caller, language: str) -> str:
    """Where only the language is named, the endpoint says which kind of it."""
    if not language or language.lower() == language_of(caller.locale):
        return caller.locale
    return spoken(caller, language)


def _one(form: FormData, name: str, default: str = "") -> str:
    value = form.get(name, default)
    if not isinstance(value, str):
        raise Refused(f"{name} is a text, not a file.", target=name)
    return value.strip() or default


def _many(form: FormData, name: str) -> list[str]:
    values = [*form.getlist(name), *form.getlist(f"{name}[]")]
    return [value for value in values if isinstance(value, str)]


async def _begin(
    visit: Visit, sent: UploadFile, locale: str, phrases: tuple[str, ...]
) -> Hearing:
    tracks = await recording.tracks_of(visit, sent.file)
    return await recording.begin(visit, tracks, Decoding(locale, phrases=phrases))


async def _answer(hearing: Hearing, asked: _Asked) -> Response:
    phrases, texts = [], []
    async for phrase in hearing.phrases():
        if text := hearing.writer.forms(phrase.text).display:
            phrases.append(phrase)
            texts.append(text)
    log_it = hearing.log(phrases)
    captions = [
        Caption(phrase.start, phrase.end, text)
        for phrase, text in zip(phrases, texts, strict=True)
    ]
    whole = _glue(hearing).join(texts)
    match asked.form:
        case "srt":
            return PlainTextResponse(srt(captions), background=log_it)
        case "vtt":
            return PlainTextResponse(
                vtt(captions), media_type="text/vtt", background=log_it
            )
        case "text":
            return PlainTextResponse(f"{whole}\n", background=log_it)
        case "json":
            usage = _usage(hearing.tracks)
            return JSONResponse({"text": whole, "usage": usage}, background=log_it)
    verbose = _verbose(hearing, asked, captions, phrases)
    return JSONResponse(verbose | {"text": whole}, background=log_it)


def _verbose(
    hearing: Hearing,
    asked: _Asked,
    captions: Sequence[Caption],
    phrases: Sequence[Phrase],
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "task": "transcribe",
        "language": _language(hearing.options.locale),
        "duration": round(hearing.tracks.seconds, 3),
        "usage": _usage(hearing.tracks),
    }
    if "segment" in asked.granularities:
        answer["segments"] = [
            _segment(number, caption, phrase.words)
            for number, (caption, phrase) in enumerate(
                zip(captions, phrases, strict=True)
            )
        ]
    if "word" in asked.granularities:
        answer["words"] = [
            {
                "word": word.text.strip(),
                "start": round(word.start, 3),
                "end": round(word.end, 3),
            }
            for phrase in phrases
            for word in phrase.words
        ]
    return answer


def _segment(number: int, caption: Caption, words: Sequence[Word]) -> dict[str, Any]:
    """Tokens are the engine's own, and not told."""
    logs = [log(max(word.probability, 1e-6)) for word in words]
    data = caption.text.encode()
    return {
        "id": number,
        "seek": 0,
        "start": round(caption.start, 3),
        "end": round(caption.end, 3),
        "text": caption.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(sum(logs) / len(logs), 4) if logs else 0.0,
        "compression_ratio": round(len(data) / len(zlib.compress(data)), 3),
        "no_speech_prob": 0.0,
    }


async def _events(hearing: Hearing) -> AsyncIterator[str]:
    """Server-sent events: each phrase as soon as it is known, then all of them."""
    whole, failed = "", True
    try:
        phrases = []
        async for phrase in hearing.phrases():
            if text := hearing.writer.forms(phrase.text).display:
                phrases.append(phrase)
                delta = (_glue(hearing) if whole else "") + text
                whole += delta
                yield _event({"type": "transcript.text.delta", "delta": delta})
        yield _event({"type": "transcript.text.done", "text": whole})
        failed = False
    # The answer has begun: its status cannot say it any more.
    except Exception as error:
        yield _event(json.loads(bytes(openai(problem_of(error)).body)))
    finally:
        hearing.visit.end(failed)
    if log_it := hearing.log(phrases):
        await log_it()


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _glue(hearing: Hearing) -> str:
    return "" if language_of(hearing.options.locale) in _UNSPACED else " "


def _usage(tracks: Tracks) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(tracks.seconds, 3)}


def _language(locale: str) -> str:
    """Its English name, as OpenAI's answers have it.

    >>> _language("en-US"), _language("tlh")
    ('english', 'tlh')
    """
    try:
        return str(get_language_info(language_of(locale))["name"]).lower()
    except KeyError:
        return language_of(locale)


routes: list[BaseRoute] = [
    Route("/v1/audio/transcriptions", Visited(transcribe, openai), methods=["POST"]),
    Route("/v1/audio/translations", Visited(translate, openai), methods=["POST"]),
    Route("/v1/models", Visited(models, openai), methods=["GET"]),
    Route("/v1/models/{name}", Visited(model, openai), methods=["GET"]),
]
