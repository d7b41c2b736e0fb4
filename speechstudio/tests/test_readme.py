from __future__ import annotations

import re

from django.conf import settings

ASKED = re.compile(
    r"""(?:env\.(?:text|boolean|integer|words)|environ(?:\.get|\.pop)?[\[(])\(?
        \s*["']([A-Z][A-Z_]+)["']""",
    re.VERBOSE,
)
# What the system sets, not the user.
NOT_OURS = {"CI", "DJANGO_SETTINGS_MODULE", "PATH", "TEST_DATABASE_URL"}


def settings_read() -> set[str]:
    found: set[str] = set()
    for path in (settings.BASE_DIR / "speechstudio").glob("*.py"):
        found |= set(ASKED.findall(path.read_text()))
    return found - NOT_OURS


def test_every_setting_is_in_the_table_of_the_readme() -> None:
    names = settings_read()
    assert {"PORT", "DATA_DIR", "DATABASE_URL", "REDIS_URL"} <= names
    readme = (settings.BASE_DIR / "README.md").read_text()
    table = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE))
    assert names == table
