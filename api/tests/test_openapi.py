from __future__ import annotations

import re

from django.urls import URLPattern, reverse

from api import urls
from api.tests.case import ApiTestCase
from api.views.openapi import contract

# What only version v3.2 does, at paths that later versions use otherwise or not at all.
_OLD = {"/datasets/upload": {"POST"}, "/transcriptions": {"POST"}}
_NAMES = {"file_id": "fileId", "log_id": "logId"}


class OpenapiTestCase(ApiTestCase):
    def test_the_document_needs_no_key(self) -> None:
        response = self.client.get("/speechtotext/openapi.json")
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/json"
        assert response.json()["openapi"] == "3.0.3"

    def test_what_is_served_is_what_is_described(self) -> None:
        described = {
            path: {method.upper() for method in methods}
            for path, methods in contract()["paths"].items()
        }
        described.pop("/files/{collection}/{id}/{fileId}/{name}")
        assert self._served() == described

    def test_all_parts_are_used(self) -> None:
        used = set(re.findall(r"'#/components/(\w+/\w+)'", str(contract())))
        there = {
            f"{kind}/{name}"
            for kind, parts in contract()["components"].items()
            if kind != "securitySchemes"
            for name in parts
        }
        assert used == there

    def test_bodies_name_all_their_fields(self) -> None:
        """As the server refuses others."""
        schemas = contract()["components"]["schemas"]
        for path, methods in contract()["paths"].items():
            for method, said in methods.items():
                content = said.get("requestBody", {}).get("content", {})
                for media in content.values():
                    name = media["schema"].get("$ref", "").rpartition("/")[2]
                    closed = schemas.get(name, {}).get("additionalProperties")
                    assert not name or closed is False, (method, path)

    def test_the_page_lists_every_operation(self) -> None:
        self.client.force_login(self.bob)
        page = self.client.get(reverse("api-reference")).content.decode()
        for methods in contract()["paths"].values():
            for said in methods.values():
                assert f'id="{said["operationId"]}"' in page
        assert "/speechtotext/datasets/{id}/blocks:commit" in page
        assert "ModelCopyAuthorization" in page

    def test_the_page_is_for_those_who_are_signed_in(self) -> None:
        address = reverse("api-reference")
        response = self.client.get(address)
        assert response.status_code == 302
        assert response.headers["Location"].startswith(reverse("login"))

    def _served(self) -> dict[str, set[str]]:
        """Each path with its methods, as the server tells them."""
        found: dict[str, set[str]] = {}
        for pattern in urls._operations:
            assert isinstance(pattern, URLPattern)
            route = f"/{pattern.pattern}"
            if route == "/<path:path>":
                continue
            address = re.sub(r"<uuid:\w+>", str(self.project.pk), route)
            address = re.sub(r"<str:\w+>", "de-DE", address)
            methods = set(self._methods(address))
            path = re.sub(
                r"<\w+:(\w+)>",
                lambda part: f"{{{_NAMES.get(part[1], part[1])}}}",
                route,
            )
            old = _OLD.get(path, set())
            if old:
                found[f"/v3.2{path}"] = old
            if methods - old:
                found[path] = methods - old
        return found

    def _methods(self, address: str) -> list[str]:
        refused = self.call("TRACE", address.removeprefix("/"))
        assert refused.status_code == 405, address
        return refused.headers["Allow"].split(", ")
