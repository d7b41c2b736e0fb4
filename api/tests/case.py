"""The cast of the API's tests: alice has a key, and whatever is answered is held
against the contract."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

from api import keys
from api.tests.contract import contracts
from speechstudio.test import BaseTestCase

VERSION = "2025-10-15"


class ApiTestCase(BaseTestCase):
    """`self.key` is alice's; `self.bob_key` that of a viewer; `self.charlie_key` that
    of a stranger. Nobody is signed in."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.key = keys.make(cls.alice, "tests")[1]
        cls.bob_key = keys.make(cls.bob, "tests")[1]
        cls.charlie_key = keys.make(cls.charlie, "tests")[1]

    def setUp(self) -> None:
        super().setUp()
        self.client.logout()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **query: object,
    ) -> HttpResponse:
        """`path` is what follows /speechtotext/, or a whole address that was given."""
        address = path
        if not path.startswith("http"):
            query.setdefault("api-version", VERSION)
            address = f"/speechtotext/{path}"
        kind = {} if body is None else {"content_type": "application/json"}
        response = self.client.generic(
            method,
            address.removeprefix("http://testserver"),
            b"" if body is None else _encoded(body),
            query_params=query or None,
            headers={"Ocp-Apim-Subscription-Key": key or self.key, **(headers or {})},
            **kind,
        )
        self._hold_against_contracts(method, address, response)
        return response

    def _hold_against_contracts(
        self, method: str, address: str, response: HttpResponse
    ) -> None:
        path = address.partition("/speechtotext")[2].partition("?")[0]
        if "json" not in response.headers.get("Content-Type", ""):
            assert not response.content, response.content[:200]
            return
        for contract in contracts():
            contract.check_answer(method, path, response.status_code, response.json())

    def refused(
        self, response: HttpResponse, status: int, inner: str = "", target: str = ""
    ) -> None:
        """Asserts that it says so, in the contract's words."""
        said = response.json()
        assert response.status_code == status, said
        assert said["code"] and said["message"].strip().endswith("."), said
        if inner:
            assert said["innerError"]["code"] == inner, said
        if target:
            assert said["target"] == target, said


def reference(collection: str, row: Any) -> dict[str, str]:
    """What stands in a body for a row."""
    return {"self": f"http://testserver/speechtotext/{collection}/{row.pk}"}


def _encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
