"""The client of Speech resources against this project's own server."""

from __future__ import annotations

import pytest

from api.tests.case import ApiTestCase
from api.tests.transport import ENDPOINT, ApiTransport
from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from projects import services


class ClientTestCase(ApiTestCase):
    def client_with(self, key: str, version: str = "2025-10-15") -> AzureClient:
        return AzureClient(ENDPOINT, key, version, ApiTransport())

    def test_a_project_lives_its_life(self) -> None:
        for version in ("2025-10-15", "v3.2"):
            client = self.client_with(self.key, version)
            new = {"displayName": "Ward", "locale": "de-DE"}
            made = client.post("projects", new)
            assert client.get(made["self"])["displayName"] == "Ward"
            changed = client.patch(made["self"], {"displayName": "Ward 3"})
            assert changed["displayName"] == "Ward 3"
            client.delete(made["self"])
            with pytest.raises(AzureError) as told:
                client.get(made["self"])
            assert told.value.kind is Kind.GONE

    def test_all_pages_are_read(self) -> None:
        for number in range(5):
            services.create(self.alice, f"P{number}", "en-US")
        client = self.client_with(self.key)
        assert len(list(client.pages("projects", top=2))) == 6

    def test_the_newest_version_is_found(self) -> None:
        assert self.client_with(self.key).detect() == "2025-10-15"

    def test_a_wrong_key_is_named(self) -> None:
        with pytest.raises(AzureError) as told:
            self.client_with("wrong").detect()
        assert told.value.kind is Kind.KEY

    def test_what_is_refused_says_by_which_field(self) -> None:
        with pytest.raises(AzureError) as told:
            self.client_with(self.key).post(
                "projects", {"displayName": "Ward", "locale": "xx-XX"}
            )
        assert told.value.kind is Kind.REFUSED
        assert (told.value.code, told.value.target) == ("InvalidLocale", "locale")
