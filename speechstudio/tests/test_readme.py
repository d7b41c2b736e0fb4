from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from speechstudio import env

ASKED = re.compile(
    r"""(?:env\.(?:text|boolean|integer|choice|words|origin)
        |environ(?:\.get|\.pop|\.setdefault)?[\[(]|getenv\()\(?
        \s*["']([A-Z][A-Z_]+)["']""",
    re.VERBOSE,
)
# What the system sets, or a test, not the user.
NOT_OURS = {"CI", "DJANGO_SETTINGS_MODULE", "PATH", "TEST_DATABASE_URL"}
# Of the command line, which is another program than the server.
NOT_OURS |= {"STUDIO_ENDPOINT", "STUDIO_KEY", "STUDIO_TARGET_KEY", "XDG_CONFIG_HOME"}


def table_of_the_readme() -> set[str]:
    readme = (settings.BASE_DIR / "README.md").read_text()
    return set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE))


def sources() -> Iterator[Path]:
    for room in settings.BASE_DIR.glob("*/__init__.py"):
        for path in room.parent.rglob("*.py"):
            if "tests" not in path.parts:
                yield path


def test_every_variable_that_is_read_is_one_of_ours() -> None:
    read = {name for path in sources() for name in ASKED.findall(path.read_text())}
    assert read - NOT_OURS == env.NAMES


def test_every_setting_is_in_the_table_of_the_readme() -> None:
    assert table_of_the_readme() == env.NAMES
