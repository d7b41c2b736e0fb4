"""Transcription and translation for the clients of OpenAI.

An endpoint is a model here: its ID is the model's name, and `whisper-1`, which many
programs have written into them, means the endpoint that the key belongs to, or with a
key of the API the newest base model. What is translated is spoken in the language of
the project, and becomes English.

References: https://platform.openai.com/docs/api-reference/audio/createTranscription
and https://platform.openai.com/docs/api-reference/audio/createTranslation
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Sequence, Set
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
from engines.registry import get_engine
from recognition import hearing, recording
from recognition.access import Caller, Denied, credentials, endpoints_for, spoken
from recognition.audio import Tracks
from recognition.errors import Refused, openai, problem_of
from recognition.hearing import Hearing
from recognition.visits import Visit, Visited
from recognition.wishes import phrase_list
from scoring.locale import language_of
from scoring.normalization import unit
from transcriptions.wording import Written

_ALIAS = "whisper-1"
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_GRANULARITIES = ("segment", "word")
_OF_BOTH = {"file", "model", "prompt", "response_format", "temperature"}
_OF_TRANSCRIPTION = _OF_BOTH | {
    "chunking_strategy",
    "include",
    "keywords",
    "known_speaker_names",
    "known_speaker_references",
    "language",
    "languages",
    "stream",
    "timestamp_granularities",
}


@dataclass(frozen=True)
class _Asked:
    form: str
    granularities: tuple[str, ...]
    is_streamed: bool
    phrases: tuple[str, ...]


async def transcribe(visit: Visit) -> Response:
    form, caller = await _sent(visit)
    asked = _asked(form, _OF_TRANSCRIPTION)
    locale = _locale(caller, _one(form, "language"))
    return await _heard(visit, form, asked, Decoding(locale, phrases=asked.phrases))


async def translate(visit: Visit) -> Response:
    form, caller = await _sent(visit)
    await _check_translates(caller)
    asked = _asked(form, _OF_BOTH)
    options = Decoding(caller.locale, phrases=asked.phrases, to_english=True)
    return await _heard(visit, form, asked, options)


async def _sent(visit: Visit) -> tuple[FormData, Caller]:
    caller = await _admitted(visit)
    form = await recording.form_of(visit)
    return form, await _chosen(visit, caller, _one(form, "model"))


async def _heard(
    visit: Visit, form: FormData, asked: _Asked, options: Decoding
) -> Response:
    sent = form.get("file")
    if not isinstance(sent, UploadFile):
        raise Refused("Send the recording as the file “file”.", target="file")
    heard = await visit.attended(_begin(visit, sent, options))
    if asked.is_streamed:
        visit.is_open = True
        written: list[Written] = []
        return StreamingResponse(
            _events(heard, written),
            media_type="text/event-stream",
            background=heard.log(written),
        )
    return await visit.attended(_answer(heard, asked))


async def models(visit: Visit) -> Response:
    """With a key of the API all endpoints that it is good for."""
    is_decided = await _admitted(visit) is not None
    found = await endpoints_for(**credentials(visit.request.headers))
    names = [*map(str, found), *([_ALIAS] if is_decided else [])]
    return JSONResponse({"object": "list", "data": [_model(name) for name in names]})


async def model(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    await _chosen(visit, await _admitted(visit), name)
    return JSONResponse(_model(name))


async def _admitted(visit: Visit) -> Caller | None:
    """Raises `Denied`; to these clients a missing key is a wrong one."""
    try:
        return await visit.admitted()
    except Denied as error:
        if "authorization" in visit.request.headers:
            raise
        raise Denied(str(error)) from error


async def _chosen(visit: Visit, caller: Caller | None, name: str) -> Caller:
    """Who asks, for the model of this name: keys of the API may name any endpoint that
    they are good for. Raises `Denied` and `Refused`."""
    has_choice = caller is None or caller.chooses
    if has_choice and name and name.lower() != _ALIAS:
        try:
            return await visit.authorise(name)
        except Denied as e:
            if e.endpoint:
                raise
            raise Refused(str(e), "model_not_found", "model", 404) from e
    caller = caller or await visit.authorise()
    _check_model(caller, name)
    return caller


def _names(caller: Caller) -> list[str]:
    return [str(caller.endpoint), _ALIAS] if caller.endpoint else [_ALIAS]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "speechstudio"}


def _check_model(caller: Caller, name: str) -> None:
    if name.lower() not in _names(caller):
        names = " or ".join(_names(caller))
        message = f"There is no model “{name[:60]}” for this key; there is {names}."
        raise Refused(message, "model_not_found", "model", 404)


async def _check_translates(caller: Caller) -> None:
    """Before anything is decoded. Raises `Refused` and `EngineError`."""
    engine = get_engine(caller.engine)
    if not await asyncio.to_thread(engine.translates, caller.reference):
        message = "Speech is not translated with this model: that takes a base model "
        message += "of many languages, and not one of the turbo ones."
        raise Refused(message, "NotAllowed", "model")


def _asked(form: FormData, known: Set[str]) -> _Asked:
    """Raises `Refused` for what is not understood, or would be ignored."""
    names = {name.removesuffix("[]") for name in form}
    for name in names - known:
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


async def _begin(visit: Visit, sent: UploadFile, options: Decoding) -> Hearing:
    tracks = await recording.tracks_of(visit, sent.file)
    return await hearing.begin(visit, tracks, options)


async def _answer(heard: Hearing, asked: _Asked) -> Response:
    written = [one async for one in heard.written()]
    log_it = heard.log(written)
    captions = [_caption(one) for one in written]
    whole = _glue(heard).join(caption.text for caption in captions)
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
            usage = _usage(heard.tracks)
            return JSONResponse({"text": whole, "usage": usage}, background=log_it)
    verbose = _verbose(heard, asked, written)
    return JSONResponse(verbose | {"text": whole}, background=log_it)


def _caption(one: Written) -> Caption:
    return Caption(one.phrase.start, one.phrase.end, one.forms.display)


def _verbose(
    heard: Hearing, asked: _Asked, written: Sequence[Written]
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "task": "translate" if heard.options.to_english else "transcribe",
        "language": _language(heard.options.written_in),
        "duration": round(heard.tracks.seconds, 3),
        "usage": _usage(heard.tracks),
    }
    if "segment" in asked.granularities:
        answer["segments"] = [
            _segment(number, _caption(one), one.phrase.words)
            for number, one in enumerate(written)
        ]
    if "word" in asked.granularities:
        answer["words"] = [
            {
                "word": word.text,
                "start": round(word.start, 3),
                "end": round(word.end, 3),
            }
            for one in written
            for word in one.shown
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


async def _events(heard: Hearing, written: list[Written]) -> AsyncIterator[str]:
    """Server-sent events: each phrase as soon as it is known, then all of them.
    `written` has those that were told."""
    whole, failed = "", True
    try:
        async for one in heard.written():
            written.append(one)
            delta = (_glue(heard) if whole else "") + one.forms.display
            whole += delta
            yield _event({"type": "transcript.text.delta", "delta": delta})
        yield _event({"type": "transcript.text.done", "text": whole})
        failed = False
    # The answer has begun: its status cannot say it any more.
    except Exception as error:
        yield _event(json.loads(bytes(openai(problem_of(error)).body)))
    finally:
        heard.visit.end(failed)


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _glue(heard: Hearing) -> str:
    return "" if unit(heard.options.written_in) == "character" else " "


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
