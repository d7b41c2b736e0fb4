"""Who asks, and which model answers them.

A key belongs to one endpoint; a token was given for a key or by a page. What was
found is kept for a moment: a client that streams or asks often costs no query each
time, and a key that was renewed is refused a moment later.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.exceptions import ValidationError
from django.db import close_old_connections

from endpoints import keys, tokens
from endpoints.models import Endpoint, Key
from endpoints.serving import answering
from projects.models import Project
from scoring.locale import language_of
from training.models import SpeechModel

KEPT_SECONDS = 2.0
_MOST_KEPT = 10_000
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,4})?")


class Denied(Exception):
    """The caller may not have what they ask for.

    `status` is that of the HTTP answer: 401 for a wrong key, 403 for none or for an
    endpoint that does not answer; `code` is one of the contract's.
    """

    def __init__(self, message: str, status: int = 401, code: str = "Unauthorized"):
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Caller:
    """Somebody who may have speech recognised, and by what."""

    project: UUID
    locale: str  # of the project
    engine: str
    reference: str  # of the model, as the engine calls it
    model_name: str
    endpoint: UUID | None = None  # None: a base model that is tried out
    endpoint_name: str = ""
    key: str = ""  # its digest, where one was used
    logging: bool = False
    is_fallback: bool = False  # the endpoint's own model has expired


_kept: dict[str, tuple[float, Caller]] = {}


def credentials(headers: Mapping[str, str]) -> dict[str, str]:
    """The key or the token that came with a request, for `caller_of`.

    Clients of OpenAI send a key as a token; a token has three parts.

    >>> credentials({"authorization": "Bearer 0123"}), credentials({})
    ({'key': '0123'}, {})
    """
    if key := headers.get("ocp-apim-subscription-key", ""):
        return {"key": key}
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        return {}
    return {"token" if "." in value else "key": value.strip()}


def spoken(caller: Caller, locale: str) -> str:
    """The locale to recognise in, when a request names one. Raises `Denied`.

    An endpoint has one language; other places where that is spoken are welcome.
    """
    if not _LOCALE.fullmatch(locale) or language_of(locale) != language_of(
        caller.locale
    ):
        raise Denied(
            f"The language “{locale[:40]}” is not supported here: this endpoint "
            f"recognises {caller.locale}.",
            400,
            "UnsupportedLanguageCode",
        )
    language, *region = locale.replace("_", "-").split("-")
    return "-".join([language.lower(), *(part.upper() for part in region)])


async def caller_of(key: str = "", token: str = "", cid: str = "") -> Caller:
    """Raises `Denied`. `cid` is the endpoint that is asked for, if one is."""
    if not key and not token:
        raise Denied("A key or a token is needed.", 403, "Forbidden")
    if key:
        caller = await _known(f"key {key}", lambda: _by_key(key))
    else:
        caller = await _known(f"token {token}", lambda: _by_token(token))
    if cid and cid.lower() != str(caller.endpoint):
        raise Denied("The key is not one of this endpoint.")
    return caller


async def _known(name: str, find: Callable[[], Caller]) -> Caller:
    moment = time.monotonic()
    found = _kept.get(name)
    if found and moment - found[0] < KEPT_SECONDS:
        return found[1]
    if len(_kept) > _MOST_KEPT:
        _kept.clear()
    _kept.pop(name, None)
    caller = await sync_to_async(_asked)(find)
    _kept[name] = (moment, caller)
    return caller


def _asked(find: Callable[[], Caller]) -> Caller:
    """Outside of a request of Django's nobody else looks after the connection."""
    close_old_connections()
    return find()


def forget() -> None:
    """What was found is looked up again: for tests."""
    _kept.clear()


def _by_key(plain: str) -> Caller:
    key = keys.find(plain)
    if key is None:
        raise Denied("The key is wrong.")
    return _of_endpoint(key.endpoint, key.digest)


def _by_token(token: str) -> Caller:
    grant = tokens.read(token)
    if grant is None:
        raise Denied("The token is wrong or has expired.")
    if grant.model:
        return _of_base_model(grant.project, grant.model)
    if grant.key and not Key.objects.filter(digest=grant.key).exists():
        raise Denied("The key that the token was given for is not good any more.")
    found = Endpoint.objects.select_related("project", "serving")
    endpoint = found.filter(pk=grant.endpoint).first()
    if endpoint is None:
        raise Denied("The endpoint was deleted.")
    return _of_endpoint(endpoint, grant.key)


def _of_endpoint(endpoint: Endpoint, digest: str) -> Caller:
    model = answering(endpoint)
    if endpoint.is_suspended:
        raise Denied("The endpoint is suspended.", 403, "Forbidden")
    if model is None:
        raise Denied("The endpoint has no model that answers yet.", 403, "Forbidden")
    return Caller(
        project=endpoint.project_id,
        locale=endpoint.project.locale,
        engine=model.engine,
        reference=model.reference,
        model_name=model.name,
        endpoint=endpoint.pk,
        endpoint_name=endpoint.name,
        key=digest,
        logging=endpoint.logging_enabled,
        is_fallback=model.pk != endpoint.serving_id,
    )


def _of_base_model(project_id: str, model_id: str) -> Caller:
    try:
        project = Project.objects.filter(pk=project_id).first()
        model = SpeechModel.objects.filter(pk=model_id, project=None).first()
    except ValidationError:
        project = model = None
    if project is None or model is None or model.is_expired:
        raise Denied("The model is not there any more.")
    return Caller(
        project=project.pk,
        locale=project.locale,
        engine=model.engine,
        reference=model.reference,
        model_name=model.name,
    )
