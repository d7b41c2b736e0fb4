"""However the data plane is started, it takes no larger messages than it says, and
waits for clients that wait for it."""

from __future__ import annotations

import pytest
import yaml
from django.conf import settings

from speechstudio import up


def _of_compose() -> str:
    text = (settings.BASE_DIR / "docker-compose.yml").read_text()
    return str(yaml.safe_load(text)["services"]["web"]["command"])


def _of_readme() -> str:
    """The data plane alone."""
    text = (settings.BASE_DIR / "README.md").read_text()
    command = text.partition("uvicorn recognition.asgi:application")[2]
    return command.partition("```")[0].replace("\\\n", " ")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(lambda: " ".join(up._web().command), id="make run"),
        pytest.param(_of_compose, id="compose"),
        pytest.param(_of_readme, id="readme"),
    ],
)
def test_limits_of_streams_are_set(command: object) -> None:
    assert callable(command)
    words = command().split()
    assert words[words.index("--ws-max-size") + 1] == str(1024**2)
    assert words[words.index("--ws-ping-timeout") + 1] == "120"
