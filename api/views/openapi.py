"""What the API can do: as a document for programs, and as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

DOCUMENT = settings.BASE_DIR / "api/openapi.yaml"
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    place: str  # path, query or body
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    schema: str  # its name or kind; empty where nothing is in it


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    is_deprecated: bool
    is_addition: bool
    fields: list[Field]
    body_types: list[str]
    answers: list[Answer]


@login_not_required
@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """In JSON. Whoever makes a client needs no key for it."""
    return JsonResponse(contract())


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    context = {"api": contract()["info"], "groups": _groups()}
    return render(request, "api/reference.html", context)


@cache
def contract() -> dict[str, Any]:
    """The document of the API, in OpenAPI 3.0. Nobody may change it."""
    loaded: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return loaded


@cache
def _groups() -> list[tuple[Mapping[str, str], list[Operation]]]:
    """The operations of each tag."""
    groups: dict[str, list[Operation]] = {tag["name"]: [] for tag in contract()["tags"]}
    for path, methods in contract()["paths"].items():
        for method in _METHODS:
            if method in methods:
                said = methods[method]
                groups[said["tags"][0]].append(_operation(path, method, said))
    return [(tag, groups[tag["name"]]) for tag in contract()["tags"]]


def _operation(path: str, method: str, said: dict[str, Any]) -> Operation:
    content = _resolved(said.get("requestBody", {})).get("content", {})
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=f"/speechtotext{path}",
        summary=said["summary"],
        description=said.get("description", ""),
        is_deprecated=said.get("deprecated", False),
        is_addition=said.get("x-addition", False),
        fields=[*_parameters(said), *_fields(content)],
        body_types=list(content),
        answers=[
            _answer(status, _resolved(answer))
            for status, answer in said["responses"].items()
        ],
    )


def _parameters(said: dict[str, Any]) -> Iterator[Field]:
    for one in map(_resolved, said.get("parameters", [])):
        yield Field(
            one["name"],
            one["in"],
            _kind(one["schema"]),
            one.get("required", False),
            one.get("description", ""),
        )


def _fields(content: dict[str, Any]) -> Iterator[Field]:
    """Those of a body; where it has several types, they are the same in each."""
    for media in list(content.values())[:1]:
        schema = _resolved(media["schema"])
        for name, one in schema.get("properties", {}).items():
            yield Field(
                name,
                "body",
                _kind(one),
                name in schema.get("required", ()),
                one.get("description", ""),
            )


def _answer(status: str, said: dict[str, Any]) -> Answer:
    content = list(said.get("content", {}).values())
    schema = _kind(content[0]["schema"]) if content else ""
    return Answer(status, said["description"], schema)


def _kind(schema: dict[str, Any]) -> str:
    """In a few words, such as `list of Dataset`."""
    if "allOf" in schema:
        return _kind(schema["allOf"][0])
    if "$ref" in schema:
        name: str = schema["$ref"].rpartition("/")[2]
        return name
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema["type"] == "array":
        return f"list of {_kind(schema['items'])}"
    if schema["type"] == "object":
        return ", ".join(schema.get("properties", {})) or "object"
    kind: str = schema.get("format", schema["type"])
    return kind


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    found: Any = part
    while "$ref" in found:
        reference, found = found["$ref"], contract()
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
    resolved: dict[str, Any] = found
    return resolved
