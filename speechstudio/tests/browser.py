"""A headless Chromium for the tests that walk through the pages."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Page, expect, sync_playwright

# A busy machine may be slow; what does not come at all fails all the same.
expect.set_options(timeout=30_000)

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# It must not ask its maker's servers for anything, and has no screen.
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]

PATH = next((path for path in map(shutil.which, _NAMES) if path), None)

# In CI a browser is promised; elsewhere its absence is no failure.
needs_browser = pytest.mark.skipif(
    PATH is None and not os.environ.get("CI"), reason="there is no Chromium here"
)


@contextlib.contextmanager
def open_page(
    width: int = 1300,
    height: int = 900,
    expected: str = "",
    options: Sequence[str] = (),
) -> Iterator[Page]:
    """A page of a new browser; an error in a script fails the test.

    Errors that hold the text `expected` do not. `options` are more of Chromium's.
    """
    assert PATH, "CI promises a Chromium, and there is none"
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=PATH, args=[*_OPTIONS, *options]
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda line: errors.append(line.text) if line.type == "error" else None,
        )
        try:
            yield page
        finally:
            browser.close()
    assert not [text for text in errors if not expected or expected not in text]
