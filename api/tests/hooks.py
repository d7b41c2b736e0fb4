"""What the tests of web hooks share."""

from __future__ import annotations

from typing import Any

from django.test import override_settings

from api.models import WebHook
from api.tests.case import ApiTestCase
from api.tests.receiver import Receiver, receiver


@override_settings(FETCH_ALLOWED_HOSTS=["127.0.0.1"])
class WebHooksTestCase(ApiTestCase):
    """Each test has a receiver of its own, `self.there`."""

    def setUp(self) -> None:
        super().setUp()
        self.there: Receiver = self.enterContext(receiver())

    def new(self, *events: str, **fields: Any) -> dict[str, Any]:
        """The body that makes one."""
        return {
            "displayName": "Nightly",
            "webUrl": self.there.url,
            "events": dict.fromkeys(events or ("datasetCompletion",), True),
            **fields,
        }

    def make(self, *events: str, key: str | None = None, **fields: Any) -> WebHook:
        """One whose address has been challenged; `self.there` has forgotten that."""
        with self.on_commit():
            made = self.call("POST", "webhooks", self.new(*events, **fields), key=key)
        assert made.status_code == 201, made.content
        self.there.told.clear()
        return WebHook.objects.get(pk=made.json()["self"].rpartition("/")[2][:36])
