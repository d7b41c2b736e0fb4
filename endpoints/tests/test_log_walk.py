"""What was said to an endpoint is logged, heard, corrected, taken away and deleted in a
real browser.

Everything is real: the weights, the worker, the server.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from datasets.formats.wav import wav_of
from endpoints.tests.test_walk import SAID, deploy, save_speech, studio
from engines.base import SAMPLE_RATE_HZ
from recognition.access import KEPT_SECONDS
from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.studio import Studio

__all__ = ["studio"]

_NOTHING = "nothing recognised"

pytestmark = [pytest.mark.real, needs_browser]


def test_what_was_said_is_heard_corrected_taken_away_and_deleted(
    studio: Studio, tmp_path: Path
) -> None:
    save_speech(tmp_path)
    with open_page() as page:
        deploy(page, studio)
        key = key_on(page)
        state = page.locator("#endpoint-state")
        expect(state.get_by_text("Succeeded")).to_be_visible(timeout=120_000)
        ask(studio, key, (tmp_path / "audio.wav").read_bytes())  # leaves nothing
        page.get_by_role("button", name="Switch on").click()
        expect(
            page.get_by_text("Audio and transcripts of all requests")
        ).to_be_visible()
        page.wait_for_timeout(1000 * KEPT_SECONDS)  # so long it may not be noticed
        ask(studio, key, (tmp_path / "audio.wav").read_bytes())
        ask(studio, key, wav_of(bytes(2 * SAMPLE_RATE_HZ), SAMPLE_RATE_HZ))  # silence
        page.get_by_role("link", name="Content logs").click()
        they_are_listed(page)
        the_sound_is_played(page)
        they_are_filtered(page)
        they_are_taken_away(page, tmp_path)
        the_text_is_corrected(page)
        they_are_deleted(page)


def key_on(page: Page) -> str:
    keys = page.get_by_role("region", name="The keys of this endpoint")
    return keys.get_by_text("export SPEECH_KEY=").inner_text().partition("=")[2]


def ask(studio: Studio, key: str, sound: bytes) -> None:
    httpx.post(
        f"{studio.url}/speech/recognition/conversation/cognitiveservices/v1",
        params={"language": "en-US", "format": "detailed"},
        headers={"Ocp-Apim-Subscription-Key": key, "Content-Type": "audio/wav"},
        content=sound,
        timeout=120,
    ).raise_for_status()


def they_are_listed(page: Page) -> None:
    """They are kept after the answer, so the page may be ahead of them."""
    rows = page.locator("tbody tr")
    for _ in range(20):
        if rows.count() == 2:
            break
        page.wait_for_timeout(500)
        page.reload()
    # The least sure first, those without words last.
    expect(rows.nth(0)).to_contain_text(re.compile(SAID, re.IGNORECASE))
    expect(rows.nth(1)).to_contain_text(_NOTHING)


def the_sound_is_played(page: Page) -> None:
    row = page.locator("tbody tr").first
    row.locator("[data-play]").click()
    expect(row.locator("[data-time]")).not_to_have_text("0.0")


def they_are_filtered(page: Page) -> None:
    """By a limit above the confidence of what was understood; what was not has none."""
    row = page.locator("tbody tr").first
    sure = float(row.locator("td[data-label=Confidence]").inner_text().rstrip(" %"))
    below = page.get_by_label("Below")
    limits = [int(one or 0) for one in below.locator("option").evaluate_all(_VALUES)]
    above = min((limit for limit in limits if limit > sure), default=0)
    if above:
        below.select_option(str(above))
        expect(page).to_have_url(re.compile(f"below={above}"))
        expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(page.url.partition("?")[0] + "?q=ankle")
    expect(page.locator("tbody tr")).to_have_count(1)


_VALUES = "options => options.map(option => option.value)"


def they_are_taken_away(page: Page, folder: Path) -> None:
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download").last.click()
    begun.value.save_as(folder / "logs.zip")
    with zipfile.ZipFile(folder / "logs.zip") as archive:
        sound, answer = archive.namelist()
        stem = sound.removesuffix(".wav")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d{6}__[0-9a-f-]{36}", stem), stem
        assert answer == f"{stem}.v2.json"
        assert archive.read(sound).startswith(b"RIFF")
        assert SAID in json.loads(archive.read(answer))["DisplayText"].lower()


def the_text_is_corrected(page: Page) -> None:
    logs = page.url
    page.get_by_role("checkbox", name="Choose the request").check()
    page.get_by_role("button", name="Correct the texts").first.click()
    page.get_by_label("Name").fill("Heard at the front desk")
    page.get_by_role("button", name="Open in the editor").click()
    expect(page.get_by_role("heading", name="Heard at the front desk")).to_be_visible()
    page.get_by_role("link", name=re.compile(r"\.wav")).first.click(timeout=120_000)
    draft = page.get_by_label("Text of segment 1", exact=True)
    expect(draft).to_have_value(re.compile(SAID, re.IGNORECASE))
    page.goto(logs.partition("?")[0])


def they_are_deleted(page: Page) -> None:
    page.get_by_role("button", name="Delete").nth(1).click()
    page.get_by_role("button", name="Delete 2 requests").click()
    expect(page.get_by_text("2 logged requests were deleted")).to_be_visible()
    expect(page.get_by_text("Nothing logged yet")).to_be_visible()
