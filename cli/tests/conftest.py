from __future__ import annotations

import pytest

from cli.tests.case import ENDPOINT, KEY, Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("STUDIO_ENDPOINT", ENDPOINT)
    monkeypatch.setenv("STUDIO_KEY", KEY)
    monkeypatch.delenv("STUDIO_COMMIT", raising=False)
    monkeypatch.delenv("STUDIO_API_VERSION", raising=False)
    return Server()
