"""This server's own API behind httpx, inside the process: what a client sends, and what
is answered, is held against the contract."""

from __future__ import annotations

import json
from typing import Any

import httpx
from django.test import Client

from api.tests.contract import contracts

ENDPOINT = "http://testserver"


class ApiTransport(httpx.BaseTransport):
    """`calls` are those that were made: a method and a path each."""

    def __init__(self) -> None:
        self._client = Client()
        self.calls: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        path = request.url.path
        self.calls.append(f"{request.method} {path}")
        _hold_question(request.method, path, content, request)
        answer = self._client.generic(
            request.method,
            request.url.raw_path.decode(),
            content,
            request.headers.get("Content-Type", "application/octet-stream"),
            secure=request.url.scheme == "https",
            headers=dict(request.headers),
            SERVER_NAME=request.url.host,
        )
        body = answer.getvalue()
        _hold_answer(request.method, path, answer.status_code, body, answer.headers)
        return httpx.Response(
            answer.status_code, headers=list(answer.items()), content=body
        )


def _hold_question(
    method: str, path: str, content: bytes, request: httpx.Request
) -> None:
    if "json" not in request.headers.get("Content-Type", ""):
        return
    operation = path.partition("/speechtotext")[2]
    if operation.startswith("/v"):
        return
    body = json.loads(content)
    if "merge-patch" in request.headers["Content-Type"]:
        # RFC 7396: null takes a value away, whatever its type.
        body = _without_nulls(body)
    for contract in contracts():
        contract.check_question(method, operation, body)


def _without_nulls(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    return {n: _without_nulls(value) for n, value in body.items() if value is not None}


def _hold_answer(
    method: str, path: str, status: int, content: bytes, headers: object
) -> None:
    operation = path.partition("/speechtotext")[2]
    if not content.startswith((b"{", b"[")) or operation.startswith("/v"):
        return
    for contract in contracts():
        contract.check_answer(method, operation, status, json.loads(content))
