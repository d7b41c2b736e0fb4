"""The JSON that comes with a call, read field by field.

Each reader notes the field as known; `end` refuses what nobody asked for, so that no
option is ignored. What a client got from here and sends back, such as `self` and
`status`, may be there and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from api.addresses import Addresses
from api.errors import ApiError, invalid

MAX_BYTES = 1024**2
_JSON = ("application/json", "application/merge-patch+json")
_READ_ONLY = frozenset(
    {"self", "createdDateTime", "lastActionDateTime", "links", "status"}
)


class Fields:
    """An object in JSON. `path` is where it lies, for the target of errors."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path
        self._known = set(_READ_ONLY)

    def has(self, name: str) -> bool:
        """Whether the field is there; null counts, as it takes a value away."""
        self._known.add(name)
        return name in self._values

    def target(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def get(self, name: str) -> Any:
        self._known.add(name)
        return self._values.get(name)

    def text(self, name: str, most: int = 10_000) -> str:
        """Empty when it is missing or null."""
        value = self.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise invalid(f"“{self.target(name)}” is a text.", self.target(name))
        if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            message = f"“{self.target(name)}” has a sign that no text has."
            raise invalid(message, self.target(name))
        if len(value) > most:
            message = f"“{self.target(name)}” has at most {most:,} characters."
            raise invalid(message, self.target(name))
        return value

    def required(self, name: str, most: int = 10_000) -> str:
        value = self.text(name, most)
        if not value.strip():
            raise invalid(f"“{self.target(name)}” is needed.", self.target(name))
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            message = f"“{self.target(name)}” is true or false."
            raise invalid(message, self.target(name))
        return value

    def number(self, name: str, least: int, most: int) -> int | None:
        """None when it is missing."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            message = f"“{self.target(name)}” is a whole number."
            raise invalid(message, self.target(name))
        if not least <= value <= most:
            message = f"“{self.target(name)}” is from {least:,} to {most:,}."
            raise invalid(message, self.target(name))
        return value

    def items(self, name: str) -> list[Any]:
        """Empty when it is missing."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise invalid(f"“{self.target(name)}” is a list.", self.target(name))
        return value

    def fields(self, name: str) -> Fields:
        """The object in a field; an empty one when it is missing."""
        value = self.get(name)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise invalid(f"“{self.target(name)}” is an object.", self.target(name))
        return Fields(value, self.target(name))

    def reference(
        self, name: str, addresses: Addresses, *collections: str
    ) -> UUID | None:
        """The key of what the field points to; None when it is missing."""
        if self.get(name) is None:
            return None
        inside = self.fields(name)
        address = inside.required("self")
        inside.end()
        return addresses.key_in(address, collections, self.target(name))

    def custom_properties(self, before: Mapping[str, str]) -> dict[str, str]:
        """What was given over what was there: null takes a property away, or all of
        them."""
        given = self.fields("customProperties")
        is_null = self.has("customProperties") and self.get("customProperties") is None
        merged = {} if is_null else dict(before)
        for name in given._values:
            if given.get(name) is None:
                merged.pop(name, None)
                continue
            if not 1 <= len(name) <= 64:
                message = "The name of a custom property has from 1 to 64 characters."
                raise invalid(message, given.target(name[:64]))
            merged[name] = given.text(name, 256)
        if len(merged) > 10:
            message = "There are at most 10 custom properties."
            raise invalid(message, "customProperties")
        return merged

    def end(self, inner: str = "InvalidParameterValue") -> None:
        """Raises `ApiError` for a field that nothing is done with."""
        unknown = sorted(set(self._values) - self._known)
        if unknown:
            name = self.target(unknown[0][:64])
            raise invalid(f"“{name}” is not supported here.", name, inner)


def read(request: HttpRequest) -> Any:
    """The JSON of a request. Raises `ApiError`."""
    content = request.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        message = f"The body has at most {MAX_BYTES:,} bytes."
        raise ApiError(message, "InvalidRequestBodyFormat", status=413)
    if not content.strip():
        raise ApiError("The body is empty.", "EmptyRequest")
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _JSON:
        message = f"The body is {' or '.join(_JSON)}."
        raise ApiError(message, target="Content-Type", status=415)
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as e:
        message = "The body is not JSON in UTF-8."
        raise ApiError(message, "InvalidRequestBodyFormat") from e


def read_object(request: HttpRequest) -> Fields:
    """Raises `ApiError`."""
    value = read(request)
    if not isinstance(value, dict):
        message = "The body is a JSON object."
        raise ApiError(message, "InvalidRequestBodyFormat")
    return Fields(value)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
