"""Who asks, and which model answers them.

A key belongs to one endpoint, or is one of the API: that may use whatever its person
may, which is an endpoint, a model, or the newest base model of its project. A token was
given for a key or by a page. What was found is kept for a moment: a client that streams
or asks often costs no query each time, and a key that was renewed is refused a moment
later.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.exceptions import ValidationError
from django.db import close_old_connections
from django.db.models import Model, Q, QuerySet

from api import keys as api_keys
from api.caller import Caller as ApiCaller
from api.models import ApiKey, Scope
from endpoints import keys, tokens
from endpoints.models import Endpoint, Key
from endpoints.serving import answering, newest_base, why_silent
from endpoints.tokens import Grant
from projects.models import Project
from resources.models import Resource
from scoring.locale import language_of
from training.models import SpeechModel

T = TypeVar("T")
M = TypeVar("M", bound=Model)
KEPT_SECONDS = 2.0
_MOST_KEPT = 10_000
_ID_LENGTH = 36
_LOCALE = re.compile(
    r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?"
)


class Denied(Exception):
    """The caller may not have what they ask for.

    `status` is that of the HTTP answer: 401 for a wrong key, 403 for none or for an
    endpoint that does not answer; `code` is one of the contract's. `endpoint` is the
    one that was asked in the right way, and does not answer.
    """

    def __init__(
        self,
        message: str,
        status: int = 401,
        code: str = "Unauthorized",
        endpoint: UUID | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.endpoint = endpoint


class Undecided(Denied):
    """The key is good for several things, and the call names none of them."""

    def __init__(self) -> None:
        message = "The projects of this key are not all in one language: name an "
        message += "endpoint, or use the key of one project."
        super().__init__(message, 403, "Forbidden")


@dataclass(frozen=True)
class Caller:
    """Somebody who may have speech recognised, and by what."""

    project: UUID
    locale: str  # of the project
    engine: str
    reference: str  # of the model, as the engine calls it
    endpoint: UUID | None = None
    model: UUID | None = None  # that answers without an endpoint
    key: str = ""  # its digest, where one was used
    logging: bool = False
    chooses: bool = False  # the key is one of the API

    @property
    def grant(self) -> Grant:
        """What they were allowed."""
        if self.endpoint:
            return Grant(endpoint=str(self.endpoint), key=self.key)
        return Grant(key=self.key, project=str(self.project), model=str(self.model))


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

    An endpoint has one language; other places where that is spoken are welcome, and
    other scripts.
    """
    found = _LOCALE.fullmatch(locale)
    if not found or language_of(locale) != language_of(caller.locale):
        raise Denied(
            f"The language “{locale[:40]}” is not supported here: this endpoint "
            f"recognises {caller.locale}.",
            400,
            "UnsupportedLanguageCode",
        )
    language, script, region = (part or "" for part in found.groups())
    parts = (language.lower(), script.title(), region.upper())
    return "-".join(filter(None, parts))


async def caller_of(
    key: str = "", token: str = "", cid: str = "", model: str = ""
) -> Caller:
    """Raises `Denied`. `cid` is the endpoint that is asked for, if one is; `model` is
    the ID of a model, which only keys of the API may choose."""
    if not key and not token:
        raise Denied("A key or a token is needed.", 403, "Forbidden")
    asked = Grant(endpoint=cid.lower()[: _ID_LENGTH + 1], model=model)
    if key:
        caller = await _known(f"key {key} {asked}", lambda: _by_key(key, asked))
    else:
        caller = await _known(f"token {token} {asked}", lambda: _by_token(token, asked))
    if cid and cid.lower() != str(caller.endpoint):
        raise Denied("The key is not one of this endpoint.")
    if model and not caller.chooses:
        message = "The key decides which endpoint, and so which model, answers."
        raise Denied(message, 400, "InvalidModel")
    return caller


async def endpoints_for(key: str = "", token: str = "") -> list[UUID]:
    """Those that answer who has this: with a key of the API there may be several.
    Raises `Denied`."""
    api_key = await sync_to_async(_asked)(lambda: _api_key(key, token))
    if api_key is None:
        found = (await caller_of(key, token)).endpoint
        return [found] if found else []
    return await sync_to_async(_asked)(lambda: _answering_to(api_key))


def _api_key(key: str, token: str) -> ApiKey | None:
    if key:
        return api_keys.find(key)
    grant = tokens.read(token) if token else None
    return api_keys.find_by_digest(grant.key) if grant and grant.key else None


def _answering_to(key: ApiKey) -> list[UUID]:
    rows = Endpoint.objects.select_related("project", "serving", "model")
    rows = rows.filter(project__in=_projects_of(key)).order_by("-created")
    return [one.pk for one in rows if not why_silent(one, answering(one))]


async def granted(key: str) -> Grant:
    """What a token for this key allows: with one of the API, all that the key does.
    Raises `Denied`."""
    found = await sync_to_async(_asked)(lambda: api_keys.find(key))
    return Grant(key=found.digest) if found else (await caller_of(key=key)).grant


async def renewed(caller: Caller) -> Caller:
    """The same caller as they are served now: a key may have been renewed since, or a
    model replaced. Raises `Denied`."""
    grant = caller.grant
    return await _known(f"grant {grant}", lambda: _by_grant(grant))


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


def _asked(find: Callable[[], T]) -> T:
    """Outside of a request of Django's nobody else looks after the connection."""
    close_old_connections()
    return find()


def forget() -> None:
    """What was found is looked up again: for tests."""
    _kept.clear()


def _by_key(plain: str, asked: Grant) -> Caller:
    if key := keys.find(plain):
        return _of_endpoint(key.endpoint, key.digest)
    if api_key := api_keys.find(plain):
        return _of_api_key(api_key, asked)
    raise Denied("The key is wrong.")


def _by_token(token: str, asked: Grant) -> Caller:
    grant = tokens.read(token)
    if grant is None:
        raise Denied("The token is wrong or has expired.")
    if grant.key and grant == Grant(key=grant.key):
        # It is for a key of the API, and the call says for what.
        grant = replace(asked, key=grant.key)
    return _by_grant(grant)


def _by_grant(grant: Grant) -> Caller:
    if grant.key and not Key.objects.filter(digest=grant.key).exists():
        api_key = api_keys.find_by_digest(grant.key)
        if api_key is None:
            raise Denied("The key is not good any more.")
        return _of_api_key(api_key, grant)
    if grant.model:
        return _of_base_model(grant.project, grant.model)
    found = Endpoint.objects.select_related("project", "serving")
    endpoint = _row(found, grant.endpoint)
    if endpoint is None:
        raise Denied("The endpoint was deleted.")
    return _of_endpoint(endpoint, grant.key)


def _of_endpoint(endpoint: Endpoint, digest: str) -> Caller:
    model = answering(endpoint)
    why = why_silent(endpoint, model)
    if why or model is None:
        message = f"The endpoint does not answer. {why}"
        raise Denied(message, 403, "Forbidden", endpoint.pk)
    return Caller(
        project=endpoint.project_id,
        locale=endpoint.project.locale,
        engine=model.engine,
        reference=model.reference,
        endpoint=endpoint.pk,
        key=digest,
        logging=endpoint.logging_enabled,
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
        model=model.pk,
    )


def _of_api_key(key: ApiKey, asked: Grant) -> Caller:
    """Whoever may see a project may have speech recognised by what is in it."""
    projects = _projects_of(key)
    if asked.endpoint:
        rows = Endpoint.objects.select_related("project", "serving")
        endpoint = _row(rows.filter(project__in=projects), asked.endpoint)
        if endpoint is None:
            raise Denied("The key is not one of this endpoint.")
        return replace(_of_endpoint(endpoint, key.digest), chooses=True)
    if asked.model:
        project, model = _chosen(projects, asked)
    else:
        project = _only(projects)
        newest = newest_base(project)
        if newest is None:
            message = f"No base model for {project.locale} is on the server yet."
            raise Denied(message, 403, "Forbidden")
        model = newest
    return Caller(
        project=project.pk,
        locale=project.locale,
        engine=model.engine,
        reference=model.reference,
        model=model.pk,
        key=key.digest,
        chooses=True,
    )


def _projects_of(key: ApiKey) -> QuerySet[Project]:
    """Raises `Denied`."""
    if not key.may(Scope.RECOGNISE):
        raise Denied("This key may not be used to recognise.", 403, "Forbidden")
    # Whatever belongs to another resource answers there.
    elsewhere = Resource.objects.values("key")
    return ApiCaller(key).projects().exclude(engine__in=elsewhere)


def _chosen(projects: QuerySet[Project], asked: Grant) -> tuple[Project, SpeechModel]:
    """The model that is asked for, and in which project. Raises `Denied`."""
    is_theirs = Q(project=None) | Q(project__in=projects)
    ready = SpeechModel.objects.filter(is_theirs, status=SpeechModel.Status.SUCCEEDED)
    model = _row(ready.select_related("project"), asked.model)
    if model is None:
        message = f"There is no model {asked.model} for this key."
        raise Denied(message, 400, "InvalidModel")
    if model.is_expired:
        message = f"{model.name} has expired and recognises nothing any more."
        raise Denied(message, 400, "ModelDeprecated")
    project = model.project or _row(projects, asked.project) or _only(projects)
    if model.engine != project.engine or not model.speaks(project.locale):
        message = f"{model.name} does not speak {project.language}."
        raise Denied(message, 400, "ModelMismatch")
    return project, model


def _only(projects: QuerySet[Project]) -> Project:
    """The project, or the oldest of several that are alike. Raises `Undecided`."""
    found = list(projects.order_by("created", "pk"))
    if len({(one.engine, one.locale) for one in found}) != 1:
        raise Undecided
    return found[0]


def _row(rows: QuerySet[M], key: str) -> M | None:
    try:
        return rows.filter(pk=key).first()
    except ValidationError:
        return None
