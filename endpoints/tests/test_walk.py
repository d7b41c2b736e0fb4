"""A model is deployed in a real browser, and used as its page says.

Everything is real: the weights, the worker, the server, and the programs of the page.
"""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from faster_whisper import decode_audio
from playwright.sync_api import Page, expect

from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.samples import CLIPS, extracted
from speechstudio.tests.studio import OWNER, Studio, running

RUN = {"curl": ["sh", "-c"], "python": [sys.executable, "-c"]}
SAID = "ankle swelling went away"

pytestmark = [pytest.mark.real, needs_browser]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("data")
    with running(folder, SAMPLE_PROJECT="false") as studio:
        yield studio


def test_what_the_page_says_runs_as_it_is_pasted(
    studio: Studio, tmp_path: Path
) -> None:
    save_speech(tmp_path)
    with open_page() as page:
        deploy(page, studio)
        key = page.get_by_role("region", name="The keys of this endpoint")
        command = key.get_by_text("export SPEECH_KEY=").inner_text()
        name, _, value = command.removeprefix("export ").partition("=")
        state = page.locator("#endpoint-state")
        expect(state.get_by_text("Succeeded")).to_be_visible(timeout=120_000)
        # The keys survive the end of the deployment, and another program.
        for tab, runs in (
            ("curl", "curl"),
            ("Python (Speech SDK)", "python"),
            ("Python (openai)", "python"),
        ):
            page.get_by_role("link", name=tab, exact=True).click()
            code = page.get_by_role("region", name=tab, exact=True).inner_text()
            heard = subprocess.run(
                [*RUN[runs], code],
                cwd=tmp_path,
                env=os.environ | {name: value},
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            )
            assert SAID in heard.stdout.lower(), (tab, heard.stdout, heard.stderr)
            expect(key).to_be_visible()
        row = page.get_by_role("row", name="Last 24 hours")
        expect(row.get_by_role("cell").first).to_have_text("3")
        page.reload()
        expect(page.get_by_role("heading", name="Front desk")).to_be_visible()
        expect(key).not_to_be_visible()


def deploy(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/sign-in/")
    page.get_by_label("Username").fill(OWNER[0])
    page.get_by_label("Password").fill(OWNER[1])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="New project").first.click()
    page.get_by_label("Name").fill("Ward round")
    page.get_by_label("Language").select_option("en-US")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("link", name="Deploy models").click()
    page.get_by_role("link", name="Deploy model", exact=True).first.click()
    page.get_by_role("radio", name="Whisper tiny.en").check()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Name").fill("Front desk")
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_role("heading", name="Front desk")).to_be_visible()


def save_speech(folder: Path) -> None:
    """`audio.wav`, as the page asks for it."""
    samples = decode_audio(str(extracted(CLIPS, "anna_109.ogg", folder)))
    with wave.open(str(folder / "audio.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes((samples * 32_767).astype("<i2").tobytes())
