"""The content logs of an endpoint: a sound and a transcript for each session, each of
them a file that is listed, fetched and deleted by itself.

Version v3.2 of the reference has these operations; here all versions do.
"""

from __future__ import annotations

import re
from datetime import datetime, time
from pathlib import PurePosixPath
from typing import Any, get_args
from uuid import UUID

from django.core import signing
from django.db.models import Q
from django.http import HttpResponse, JsonResponse

from api.errors import ApiError, invalid
from api.files import Entry, Files
from api.operation import Call, nothing
from api.paging import DEFAULT_TOP, MAX_TOP, number_in
from api.views.endpoints import endpoint_for
from endpoints import logs
from endpoints.models import Endpoint, LogEntry
from projects.models import Role

# In the order of a list.
_PARTS: tuple[logs.Part, ...] = get_args(logs.Part)
_KINDS: dict[logs.Part, tuple[str, str]] = {
    "audio": ("Audio", "audio/wav"),
    "transcript": ("Transcription", "application/json"),
}
_ID = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]{6}"
    r"__(?P<key>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_(?P<end>wav|v2_json)"
)

_File = tuple[LogEntry, logs.Part]


def index(call: Call, id: UUID) -> HttpResponse:
    """Oldest first; `top` files, from behind the one that `skipToken` stands for."""
    endpoint = endpoint_for(call, id)
    top = _top(call)
    found = _files_behind(endpoint, _place(call, endpoint), top + 1)
    if not (found or endpoint.logging_enabled or endpoint.log_entries.exists()):
        message = "Nothing of this endpoint is logged; it can be switched on by "
        message += "properties.contentLoggingEnabled."
        raise ApiError(message, "EndpointWithoutLogging", "id")
    body: dict[str, Any] = {"values": [_shown(call, id, *one) for one in found[:top]]}
    if len(found) > top:
        entry, part = found[top - 1]
        token = signing.dumps(
            [entry.created.isoformat(), str(entry.pk), _PARTS.index(part)],
            salt=_salt(endpoint),
        )
        more: dict[str, object] = {"skipToken": token, "top": top}
        for name in ("sasLifetimeMinutes", "sasValidityInSeconds"):
            more[name] = call.request.GET.get(name)
        body["@nextLink"] = call.addresses.of(f"endpoints/{id}/files/logs", **more)
    return JsonResponse(body)


def delete_all(call: Call, id: UUID) -> HttpResponse:
    """All of them; with `endDate` those until then, that day in UTC included."""
    entries = endpoint_for(call, id, Role.EDITOR).log_entries.all()
    if "endDate" in call.request.GET:
        try:
            day = logs.day_of(call.request.GET["endDate"])
        except logs.InvalidLogDate as e:
            raise invalid(str(e), "endDate", e.code) from e
        last = datetime.combine(day, time.max, logs.first_moment(day).tzinfo)
        entries = entries.filter(created__lte=last)
    logs.delete(entries)
    return HttpResponse(status=202)


def show(call: Call, id: UUID, log_id: str) -> HttpResponse:
    return JsonResponse(_shown(call, id, *_file(endpoint_for(call, id), log_id)))


def delete(call: Call, id: UUID, log_id: str) -> HttpResponse:
    logs.delete_part(*_file(endpoint_for(call, id, Role.EDITOR), log_id))
    return nothing()


def of_base_models(call: Call, locale: str, log_id: str = "") -> HttpResponse:
    message = "What is said to base models is not logged here. Deploy one: endpoints "
    message += "log what is said to them, where that is wanted."
    raise ApiError(message, "EndpointLoggingNotSupported", "locale")


def _files_behind(
    endpoint: Endpoint, place: tuple[datetime, UUID, int] | None, count: int
) -> list[_File]:
    """So many files from behind a place on. What comes and goes meanwhile moves
    nothing."""
    rows = endpoint.log_entries.order_by("created", "pk")
    if place:
        created, key, _ = place
        same = Q(created=created, pk__gte=key)
        rows = rows.filter(Q(created__gt=created) | same)
    # The first may have been listed already.
    found = [
        (entry, part)
        for entry in rows[: count + 1]
        for number, part in enumerate(_PARTS)
        if getattr(entry, part)
        and (place is None or (entry.created, entry.pk, number) > place)
    ]
    return found[:count]


def _place(call: Call, endpoint: Endpoint) -> tuple[datetime, UUID, int] | None:
    given = call.request.GET.get("skipToken")
    if given is None:
        return None
    try:
        created, key, number = signing.loads(given, salt=_salt(endpoint))
    except signing.BadSignature as e:
        message = "“skipToken” is not one that a list of these logs has given."
        raise invalid(message, "skipToken", "InvalidSkipTokenForLogs") from e
    return datetime.fromisoformat(created), UUID(key), number


def _salt(endpoint: Endpoint) -> str:
    return f"api.logs.{endpoint.pk}"


def _top(call: Call) -> int:
    try:
        return number_in(call.request, "top", 1, MAX_TOP) or DEFAULT_TOP
    except ApiError as e:
        raise invalid(str(e), "top", "InvalidTopForLogs") from e


def _file(endpoint: Endpoint, log_id: str) -> _File:
    """Raises `ApiError`."""
    found = _ID.fullmatch(log_id)
    if found is None:
        message = f"“{log_id[:80]}” is not the ID of a log."
        raise invalid(message, "logId", "InvalidLogId")
    entry = endpoint.log_entries.filter(pk=found["key"]).first()
    part: logs.Part = "audio" if found["end"] == "wav" else "transcript"
    if entry is None or _id_of(getattr(entry, part)) != log_id:
        raise ApiError(f"There is no log {log_id}.", status=404, target="logId")
    return entry, part


def _id_of(name: str) -> str:
    """The ID of a file by its name: <time>__<key>_wav or <time>__<key>_v2_json."""
    return PurePosixPath(name).name.replace(".", "_")


def _shown(call: Call, id: UUID, entry: LogEntry, part: logs.Part) -> dict[str, Any]:
    path = f"endpoints/{id}/files/logs/{_id_of(getattr(entry, part))}"
    return _FILES.shown(call, entry, _entry(entry, part), path)


def _entry(entry: LogEntry, part: logs.Part) -> Entry:
    stored = getattr(entry, part)
    kind, content_type = _KINDS[part]
    return Entry(
        PurePosixPath(stored).name,
        kind,
        entry.created,
        stored=stored,
        seconds=entry.seconds if part == "audio" else None,
        content_type=content_type,
    )


def _entries(entry: LogEntry) -> list[Entry]:
    return [_entry(entry, part) for part in _PARTS if getattr(entry, part)]


_FILES = Files("logs", LogEntry.objects.all(), _entries)
