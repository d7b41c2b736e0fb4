"""The filter language of lists: `status eq 'Failed' and not (displayName ne 'a')`.

    filter     = both, {"or", both}
    both       = one, {"and", one}
    one        = "not", one | "(", filter, ")" | comparison
    comparison = property, operator, value

Operators are eq and ne, for times also gt, ge, lt and le. A value is a text in single
quotes, in which '' stands for one, or a time in ISO 8601, quoted or not.

Reference: the parameter `filter` of the Speech to text REST API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from api.errors import ApiError

MAX_COMPARISONS = 100
_MAX_DEPTH = 20
_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()])|(?P<text>'(?:[^']|'')*')|(?P<word>[^\s()']+))"
)
_LOOKUPS = {"gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}
_COMPARED = {"": eq, "gt": gt, "gte": ge, "lt": lt, "lte": le}


@dataclass(frozen=True)
class Property:
    """What a name in a filter stands for: a column, and what its values may be."""

    column: str
    is_time: bool = False
    choices: tuple[str, ...] = ()


def parse(text: str, properties: Mapping[str, Property]) -> Q:
    """The rows that a filter asks for; all of them for an empty one.

    Raises `ApiError`.
    """
    if not text.strip():
        return Q()
    return _Parser(text, properties).all()


def holds(asked: Q, row: object) -> bool:
    """Whether something that is no row of a database is among what a filter, as `parse`
    gives it, asks for. Columns are its attributes."""
    found = (
        holds(one, row) if isinstance(one, Q) else _is_so(row, one)
        for one in asked.children
    )
    return (any(found) if asked.connector == Q.OR else all(found)) != asked.negated


def _is_so(row: object, condition: Any) -> bool:
    lookup, value = condition
    column, _, comparison = lookup.partition("__")
    return bool(_COMPARED[comparison](getattr(row, column), value))


class _Parser:
    def __init__(self, text: str, properties: Mapping[str, Property]) -> None:
        self._tokens = _tokens(text)
        self._properties = properties
        self._comparisons = 0

    def all(self) -> Q:
        found = self._either(0)
        if self._tokens:
            raise _wrong(f"“{self._tokens[0]}” was not expected.")
        return found

    def _either(self, depth: int) -> Q:
        if depth > _MAX_DEPTH:
            raise _wrong(f"It is nested more than {_MAX_DEPTH} deep.")
        found = self._both(depth)
        while self._take("or"):
            found |= self._both(depth)
        return found

    def _both(self, depth: int) -> Q:
        found = self._one(depth)
        while self._take("and"):
            found &= self._one(depth)
        return found

    def _one(self, depth: int) -> Q:
        if self._take("not"):
            if depth > _MAX_DEPTH:
                raise _wrong(f"It is nested more than {_MAX_DEPTH} deep.")
            return ~self._one(depth + 1)
        if self._take("("):
            found = self._either(depth + 1)
            if not self._take(")"):
                raise _wrong("A bracket is not closed.")
            return found
        return self._comparison()

    def _comparison(self) -> Q:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            raise _wrong(f"It has more than {MAX_COMPARISONS} comparisons.")
        name, operator, value = self._next(), self._next(), self._next()
        known = self._properties.get(name)
        if known is None:
            named = ", ".join(self._properties)
            raise _wrong(f"“{name}” cannot be asked for; these can: {named}.")
        if operator in ("eq", "ne"):
            same = Q(**{known.column: _value(name, known, value)})
            return same if operator == "eq" else ~same
        if operator not in _LOOKUPS:
            raise _wrong(f"“{operator}” is no operator: eq, ne, gt, ge, lt, le are.")
        if not known.is_time:
            raise _wrong(f"“{name}” can only be compared by eq and ne.")
        return Q(**{f"{known.column}__{_LOOKUPS[operator]}": _time(name, value)})

    def _take(self, token: str) -> bool:
        if self._tokens and self._tokens[0].lower() == token:
            self._tokens.pop(0)
            return True
        return False

    def _next(self) -> str:
        if not self._tokens:
            raise _wrong("It ends in the middle of a comparison.")
        return self._tokens.pop(0)


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _wrong("A quote is not closed.")
        found.append(token[0].strip() if token["text"] is None else token["text"])
        at = token.end()
    return found


def _value(name: str, known: Property, value: str) -> str | datetime:
    if known.is_time:
        return _time(name, value)
    if not value.startswith("'"):
        raise _wrong(f"Write the value of “{name}” in single quotes.")
    text = value[1:-1].replace("''", "'")
    if "\x00" in text:
        raise _wrong(f"The value of “{name}” has a sign that no text has.")
    if known.choices and text not in known.choices:
        raise _wrong(f"“{name}” is one of {', '.join(known.choices)}.")
    return text


def _time(name: str, value: str) -> datetime:
    try:
        moment = parse_datetime(value.strip("'"))
        if moment is not None:
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            # What is no time there is none for a database either.
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = f"“{name}” is compared with a time, such as 2026-02-03T09:15:00Z."
    raise _wrong(message)


def _wrong(message: str) -> ApiError:
    message = f"The filter cannot be understood. {message}"
    return ApiError(message, "UnsupportedFilter", "filter", code="InvalidArgument")
