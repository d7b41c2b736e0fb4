"""Lists, page by page.

Oldest first, so that what is added meanwhile moves nothing that is still to come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, JsonResponse

from api.addresses import Addresses
from api.errors import ApiError
from api.filters import Property, holds, parse

M = TypeVar("M", bound=Model)
T = TypeVar("T")
DEFAULT_TOP = 100
MAX_TOP = 1000
_MAX_SKIP = 2**31 - 1
_MOST_DIGITS = 12
_INNER = {
    "skip": "UnsupportedPagination",
    "top": "UnsupportedPagination",
    "sasLifetimeMinutes": "InvalidSasValidityDuration",
    "sasValidityInSeconds": "InvalidSasValidityDuration",
}


def number_in(request: HttpRequest, name: str, least: int, most: int) -> int | None:
    """A number of the query; None when it is missing. Raises `ApiError`."""
    given = request.GET.get(name)
    if given is None:
        return None
    is_number = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    if is_number and least <= int(given) <= most:
        return int(given)
    message = f"“{name}” is a whole number from {least:,} to {most:,}."
    inner = _INNER.get(name, "InvalidParameterValue")
    raise ApiError(message, inner, name, code="InvalidArgument")


def page(
    request: HttpRequest,
    addresses: Addresses,
    path: str,
    rows: QuerySet[M],
    properties: Mapping[str, Property],
    shown: Callable[[M], dict[str, Any]],
) -> JsonResponse:
    """The rows that are asked for, and where the next ones are. Raises `ApiError`.

    `path` is that of the list, such as `datasets`.
    """
    asked = parse(request.GET.get("filter", ""), properties)
    found = rows.filter(asked).order_by("created", "pk")

    def cut(start: int, end: int) -> QuerySet[M]:
        # Keys alone are sorted and skipped, which is fast: rows may be long.
        keys = found.values("pk")[start:end]
        return rows.filter(pk__in=keys).order_by("created", "pk")

    return _page(request, addresses, path, cut, shown)


def page_of_list(
    request: HttpRequest,
    addresses: Addresses,
    path: str,
    rows: Sequence[T],
    properties: Mapping[str, Property],
    shown: Callable[[T], dict[str, Any]],
) -> JsonResponse:
    """The same of a list, in its own order; `properties` name attributes."""
    asked = parse(request.GET.get("filter", ""), properties)
    found = [row for row in rows if holds(asked, row)]
    return _page(request, addresses, path, lambda start, end: found[start:end], shown)


def _page(
    request: HttpRequest,
    addresses: Addresses,
    path: str,
    cut: Callable[[int, int], Iterable[T]],
    shown: Callable[[T], dict[str, Any]],
) -> JsonResponse:
    """`cut` gives what is from the first place to before the second."""
    skip = number_in(request, "skip", 0, _MAX_SKIP) or 0
    top = number_in(request, "top", 1, MAX_TOP) or DEFAULT_TOP
    found = list(cut(skip, skip + top + 1))
    body: dict[str, Any] = {"values": [shown(row) for row in found[:top]]}
    if len(found) > top:
        more: dict[str, object] = {"skip": skip + top, "top": top}
        for name in ("filter", "sasLifetimeMinutes", "sasValidityInSeconds"):
            more[name] = request.GET.get(name) or None
        body["@nextLink"] = addresses.of(path, **more)
    return JsonResponse(body)


NAMES = {"displayName": Property("name"), "description": Property("description")}
CREATED = {"createdDateTime": Property("created", is_time=True)}
STATUS = {
    "lastActionDateTime": Property("last_action", is_time=True),
    "status": Property(
        "status", choices=("NotStarted", "Running", "Succeeded", "Failed")
    ),
}
LOCALE = {"locale": Property("project__locale")}
# Of datasets, models, tests, endpoints and transcriptions.
ENTITIES = {**NAMES, **CREATED, **STATUS, **LOCALE}
