"""The editor in a real browser: import, drafts, two people, export."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import wave
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from faster_whisper import decode_audio
from playwright.sync_api import Locator, Page, expect

from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.samples import CLIPS
from speechstudio.tests.studio import OWNER, ROOT, Studio, running

BOB = ("bob", "battery-staple-9")
# What a refused save and a lost connection leave in the browser's console.
EXPECTED = "Failed to load resource"

pytestmark = [pytest.mark.real, needs_browser]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("data")) as studio:
        name, password = BOB
        subprocess.run(
            [sys.executable, "manage.py", "createsuperuser", "--noinput"],
            cwd=ROOT,
            env=os.environ
            | {
                "DATA_DIR": str(studio.folder),
                "DJANGO_SUPERUSER_USERNAME": name,
                "DJANGO_SUPERUSER_PASSWORD": password,
                "DJANGO_SUPERUSER_EMAIL": "bob@example.org",
            },
            check=True,
        )
        yield studio


def long_speech() -> bytes:
    """Clips of the sample, one after the other: 45 seconds without a transcript."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out, zipfile.ZipFile(CLIPS) as archive:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        names = [n for n in archive.namelist() if not n.endswith(".txt")]
        for name in names[:11]:
            with archive.open(name) as clip:
                samples = decode_audio(clip)
            out.writeframes((samples * 32767).astype(np.int16).tobytes())
            out.writeframes(bytes(2 * 8_000))
    return file.getvalue()


def test_from_a_recording_to_a_dataset(studio: Studio) -> None:
    with open_page(expected=EXPECTED) as page:
        sign_in(page, studio, OWNER)
        page.get_by_role("link", name="Clinic dictation (sample)").first.click()
        upload(page)
        import_it(page)
        page.get_by_role("link", name="round.wav").click()
        write(page)
        play(page)
        cut_and_join(page)
        lose_the_connection(page)
        collide(page, studio)
        export(page)


def sign_in(page: Page, studio: Studio, who: tuple[str, str]) -> None:
    page.goto(f"{studio.url}/sign-in/")
    page.get_by_label("Username").fill(who[0])
    page.get_by_label("Password").fill(who[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()


def text(page: Page, number: int) -> Locator:
    return page.get_by_label(f"Text of segment {number}", exact=True)


def saved(page: Page) -> None:
    expect(page.locator("[data-status]")).to_have_text("All saved")


def upload(page: Page) -> None:
    page.goto(f"{page.url}datasets/new/source/?use=training&kind=AudioFiles")
    page.locator("input[type=file]").set_input_files(
        {"name": "round.wav", "mimeType": "audio/wav", "buffer": long_speech()}
    )
    expect(page.get_by_text("complete")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Export to Editor").click(timeout=60_000)


def import_it(page: Page) -> None:
    """The model that speaks the language is chosen already."""
    expect(page.get_by_label("Whisper tiny.en")).to_be_checked()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Name").fill("Ward round, corrected")
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("button", name="Import and close").click()
    row = page.get_by_role("row").filter(has_text="round.wav")
    expect(row).to_contain_text("Draft", timeout=120_000)


def write(page: Page) -> None:
    expect(page.locator("[data-segment]").nth(2)).to_be_visible()
    expect(text(page, 1)).to_have_value(re.compile("pulse", re.IGNORECASE))
    expect(page.locator("[data-draft]").first).to_be_visible()
    text(page, 1).fill("Increase metoprolol to 100 milligrams.")
    expect(page.locator("[data-draft]").first).to_be_hidden()
    saved(page)
    page.reload()
    expect(text(page, 1)).to_have_value("Increase metoprolol to 100 milligrams.")
    page.get_by_role("button", name="Undo").click()
    expect(text(page, 1)).to_have_value(re.compile("pulse", re.IGNORECASE))
    page.get_by_role("button", name="Redo").click()
    expect(text(page, 1)).to_have_value("Increase metoprolol to 100 milligrams.")


def play(page: Page) -> None:
    text(page, 2).click()
    page.keyboard.press("Control+Space")
    playing = page.locator('[data-state="playing"]')
    expect(playing).to_have_attribute("aria-label", "Segment 2")
    page.keyboard.press("Control+Space")
    expect(playing).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(".segment.current")).to_have_attribute(
        "aria-label", "Segment 3"
    )
    page.keyboard.press("Space")
    expect(playing).to_have_attribute("aria-label", "Segment 3")
    page.keyboard.press("Space")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")


def cut_and_join(page: Page) -> None:
    segments = page.locator("[data-segment]")
    number = segments.count()
    text(page, 1).click()
    page.keyboard.press("Control+Home")
    for _ in "Increase metoprolol":
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+b")
    expect(segments).to_have_count(number + 1)
    expect(text(page, 1)).to_have_value("Increase metoprolol")
    expect(text(page, 2)).to_have_value("to 100 milligrams.")
    expect(text(page, 2)).to_be_focused()
    text(page, 1).click()
    page.keyboard.press("Control+m")
    expect(segments).to_have_count(number)
    expect(text(page, 1)).to_have_value("Increase metoprolol to 100 milligrams.")
    before = page.get_by_label("End in seconds").first.input_value()
    page.keyboard.press("Control+.")
    later = f"{float(before) + 0.1:.2f}"
    expect(page.get_by_label("End in seconds").first).to_have_value(later)
    expect(page.get_by_label("Start in seconds").nth(1)).to_have_value(later)
    page.get_by_role("button", name="Cut anew …").click()
    page.get_by_label("Cut at silences of at least").fill("0.3")
    page.get_by_role("button", name="Cut anew", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_have_attribute(
        "title", "Undo the new cut"
    )
    page.get_by_role("button", name="Undo").click()
    expect(segments).to_have_count(number)
    expect(text(page, 1)).to_have_value("Increase metoprolol to 100 milligrams.")


def lose_the_connection(page: Page) -> None:
    """What is typed without a connection survives the end of the page."""
    writes = "**/do/write/"
    page.route(writes, lambda route: route.abort("internetdisconnected"))
    text(page, 2).press("Control+End")
    text(page, 2).press_sequentially(" offline")
    note = page.locator(".segment").nth(1).locator("span[data-save]")
    expect(note).to_contain_text("Not saved: no connection")
    status = page.locator("[data-status]")
    expect(status).to_have_text("1 text not saved")
    # The browser asks whether to leave a page with unsaved texts.
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(text(page, 2)).to_have_value(re.compile(" offline$"))
    expect(status).to_have_text("1 text not saved")
    page.unroute(writes)
    saved(page)
    page.reload()
    expect(text(page, 2)).to_have_value(re.compile(" offline$"))


def collide(page: Page, studio: Studio) -> None:
    browser = page.context.browser
    assert browser is not None
    bob = browser.new_context().new_page()
    sign_in(bob, studio, BOB)
    bob.goto(page.url)
    text(bob, 3).fill("what bob heard")
    saved(bob)
    text(page, 3).fill("what olga heard")
    conflict = page.locator(".conflict")
    expect(conflict).to_contain_text("bob has changed this segment meanwhile.")
    expect(conflict).to_contain_text("what bob heard")
    expect(text(page, 3)).to_have_value("what olga heard")
    page.get_by_role("button", name="Keep mine").click()
    saved(page)
    expect(conflict).to_have_count(0)
    # Who only looks on is shown it by and by.
    expect(text(bob, 3)).to_have_value("what olga heard", timeout=15_000)
    bob.context.close()


def export(page: Page) -> None:
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Done")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("link", name="Ward round, corrected").click()
    expect(page.get_by_role("row").filter(has_text="round.wav")).to_contain_text("Done")
    page.get_by_label("Choose round.wav").check()
    page.get_by_role("button", name="Export chosen").click()
    page.get_by_label("Name").fill("Ward round, transcribed")
    page.get_by_label("Testing").check()
    page.get_by_role("button", name="Export").click()
    notice = page.locator("#editor-jobs .notice.success")
    expect(notice).to_contain_text("utterances exported as", timeout=60_000)
    notice.get_by_role("link", name="Ward round, transcribed").click()
    expect(page.get_by_text("what olga heard")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Speech datasets").last.click()
    row = page.get_by_role("row").filter(has_text="Ward round, transcribed")
    expect(row).to_contain_text("Succeeded")
