"""Holds what goes over the wire against a contract in OpenAPI 3.0."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

# What this server says of itself.
OWN = settings.BASE_DIR / "api/openapi.yaml"
# The contract of the Speech to text service, where the specification lies beside the
# project.
REFERENCE = settings.BASE_DIR.parent / "shared/spec/azure-speech-to-text.openapi.yaml"
_HERE = "urn:contract"


class Contract:
    """`is_closed`: answers may have no fields but those that are named."""

    def __init__(self, path: Path, is_closed: bool = False) -> None:
        self._document = _as_json_schema(yaml.safe_load(path.read_text()), is_closed)
        resource = Resource.from_contents(self._document, DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_HERE, resource)

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """What is said of a method at a path, such as `/datasets/{id}`; None for
        nothing."""
        # Where two fit, the one that says more: `/models/base` is no model.
        paths = sorted(self._document["paths"].items(), key=lambda one: "{" in one[0])
        for name, methods in paths:
            parts = re.split(r"\{[^}]+\}", name)
            if re.fullmatch("[^/:]+".join(map(re.escape, parts)), path):
                found: dict[str, Any] | None = methods.get(method.lower())
                return found
        return None

    def check_answer(self, method: str, path: str, status: int, body: Any) -> None:
        """Raises `AssertionError`, or `ValidationError` of jsonschema."""
        operation = self.operation(method, path)
        if operation is None:
            return
        answers = operation["responses"]
        answer = answers.get(str(status), answers.get("default"))
        assert answer, f"{method} {path} never answers {status}"
        assert str(status) in answers or status >= 400, f"{status} is no success"
        self._check(self._resolved(answer), body)

    def check_question(self, method: str, path: str, body: Any) -> None:
        operation = self.operation(method, path)
        assert operation is not None, f"There is no {method} {path}"
        if "requestBody" in operation:
            self._check(self._resolved(operation["requestBody"]), body)

    def _check(self, part: dict[str, Any], body: Any) -> None:
        schema = part.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return
        validator = Draft202012Validator(
            _rebased(schema),
            registry=self._registry,
            format_checker=FormatChecker(),
        )
        validator.validate(body)

    def _resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        found: Any = part
        while "$ref" in found:
            reference, found = found["$ref"], self._document
            for name in reference.removeprefix("#/").split("/"):
                found = found[name]
        resolved: dict[str, Any] = found
        return resolved


def _as_json_schema(part: Any, is_closed: bool) -> Any:
    """OpenAPI 3.0 says by a word of its own what may be null."""
    if isinstance(part, list):
        return [_as_json_schema(one, is_closed) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: _as_json_schema(one, is_closed) for name, one in part.items()}
    if found.pop("nullable", False) is True:
        found["type"] = [found["type"], "null"]
    if is_closed and found.get("type") == "object" and "properties" in found:
        found.setdefault("additionalProperties", False)
    return found


def _rebased(schema: Any) -> Any:
    """A part of the contract with references that hold outside of it."""
    if isinstance(schema, list):
        return [_rebased(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: f"{_HERE}{value}" if name == "$ref" else _rebased(value)
        for name, value in schema.items()
    }


@cache
def contracts() -> list[Contract]:
    """Those that every answer is held against."""
    own = Contract(OWN, is_closed=True)
    return [own, *(Contract(path) for path in (REFERENCE,) if path.exists())]
