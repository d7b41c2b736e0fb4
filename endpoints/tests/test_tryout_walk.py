"""A model is tried in a real browser: with a file, and by a voice at its microphone.

Everything is real: the weights, the server, the connection; only the microphone of the
browser plays a file.
"""

from __future__ import annotations

import re
import wave
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from endpoints.tests.test_walk import SAID, deploy, save_speech, studio
from speechstudio.test import tone
from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.studio import OWNER, Studio

__all__ = ["studio"]

_HEARD = re.compile(SAID, re.IGNORECASE)

pytestmark = [pytest.mark.real, needs_browser]


def test_a_model_is_tried_with_a_file_and_by_voice(
    studio: Studio, tmp_path: Path
) -> None:
    save_speech(tmp_path)
    lead_in(tmp_path / "audio.wav", tmp_path / "microphone.wav")
    options = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={tmp_path}/microphone.wav%noloop",
    ]
    with open_page(options=options) as page:
        deploy(page, studio)
        state = page.locator("#endpoint-state")
        expect(state.get_by_text("Succeeded")).to_be_visible(timeout=120_000)
        page.get_by_role("link", name="Try it", exact=True).last.click()
        expect(page).to_have_url(re.compile(r"\?endpoint="))
        the_file_is_heard(page, tmp_path / "audio.wav")
        it_is_heard_again_with_other_options(page)
        the_microphone_is_heard(page)
        a_file_without_sound_leaves_none_behind(page)
        the_server_is_busy(page)
        what_is_suspended_is_not_recorded_for(page)


def test_without_a_microphone_it_says_so(studio: Studio) -> None:
    with open_page() as page:
        page.goto(f"{studio.url}/sign-in/")
        page.get_by_label("Username").fill(OWNER[0])
        page.get_by_label("Password").fill(OWNER[1])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="New project").first.click()
        page.get_by_label("Name").fill("No microphone")
        page.get_by_label("Language").select_option("en-US")
        page.get_by_role("button", name="Create project").click()
        page.get_by_role("link", name="Try it", exact=True).click()
        page.get_by_role("button", name="Record").click()
        problem = page.get_by_role("region", name="Sound").get_by_role("alert")
        expect(problem).to_contain_text("microphone")
        expect(page.get_by_role("button", name="Record")).to_be_visible()
        # Browsers hide it from pages that came by http from another machine.
        page.add_init_script("delete Navigator.prototype.mediaDevices")
        page.reload()
        page.get_by_role("button", name="Record").click()
        expect(problem).to_contain_text("https")


def the_file_is_heard(page: Page, path: Path) -> None:
    page.get_by_label("Choose a sound file").set_input_files(path)
    answer = newest(page)
    expect(answer.get_by_text(_HEARD).first).to_be_visible()
    expect(answer.get_by_text("Done")).to_be_visible()
    expect(answer.get_by_text("Recognised in")).to_be_visible()
    answer.get_by_text("JSON").click()
    json = answer.get_by_role("region", name="JSON")
    expect(json).to_contain_text('"MaskedITN"')
    expect(json).to_contain_text('"Words"')


def it_is_heard_again_with_other_options(page: Page) -> None:
    page.get_by_label("Phrase list").fill("amlodipine; metoprolol\nmetoprolol")
    page.get_by_label("Weight").fill("1.5")
    page.get_by_label("Model").select_option("Whisper tiny.en")
    expect(page).to_have_url(re.compile(r"\?model="))
    page.get_by_role("button", name="Recognise again").click()
    answer = newest(page)
    expect(answer.get_by_text("2 phrases, weight 1.5")).to_be_visible()
    expect(answer.get_by_role("heading", name="Whisper tiny.en")).to_be_visible()
    expect(answer.get_by_text("Done")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(2)
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def the_microphone_is_heard(page: Page) -> None:
    page.get_by_role("heading", name="Try it").click()
    page.keyboard.press("Space")
    answer = newest(page)
    expect(page.get_by_label("Level of the microphone")).to_be_visible()
    expect(answer.locator(".partial")).to_contain_text("ankle", ignore_case=True)
    expect(answer.get_by_role("listitem").get_by_text(_HEARD).first).to_be_visible()
    page.keyboard.press("Space")
    expect(answer.get_by_text("Done")).to_be_visible()
    expect(answer.get_by_text("after speech began")).to_be_visible()
    expect(answer.get_by_text("after the last word")).to_be_visible()


def a_file_without_sound_leaves_none_behind(page: Page) -> None:
    kept = page.locator("[data-kept-name]")
    expect(kept).to_have_text(re.compile(r"Recording of \d\d:\d\d:\d\d$"))
    page.get_by_label("Choose a sound file").set_input_files(
        {"name": "notes.wav", "mimeType": "audio/wav", "buffer": b"no sound"}
    )
    sound = page.get_by_role("region", name="Sound")
    expect(sound.get_by_role("alert")).to_be_visible()
    expect(kept).not_to_be_visible()
    # The browser's own words would say that no file was chosen, beside one that was.
    box = page.get_by_label("Choose a sound file").bounding_box()
    assert box and box["width"] <= 1


def the_server_is_busy(page: Page) -> None:
    def refuse(route: WebSocketRoute) -> None:
        route.on_message(lambda _: route.close(code=4429, reason="Too many."))

    page.route_web_socket(re.compile("/speech/"), refuse)
    page.reload()
    page.get_by_label("Choose a sound file").set_input_files(
        {"name": "tone.wav", "mimeType": "audio/wav", "buffer": tone()}
    )
    answer = newest(page)
    expect(answer.get_by_text("The server is busy.")).to_be_visible()
    expect(answer.get_by_text("Failed")).to_be_visible()


def what_is_suspended_is_not_recorded_for(page: Page) -> None:
    tried = page.url
    page.get_by_role("link", name="Deploy models").first.click()
    page.locator("tbody th a").first.click()
    suspended = page.url
    page.get_by_role("link", name="Suspend").click()
    page.get_by_role("button", name="Suspend endpoint").click()
    key = suspended.rstrip("/").rpartition("/")[2]
    page.goto(f"{tried.partition('?')[0]}?endpoint={key}")
    problem = page.get_by_role("region", name="Sound").get_by_role("alert")
    expect(problem).to_contain_text("It is suspended.")
    page.get_by_role("button", name="Record").click()
    expect(problem).to_contain_text("It is suspended.")
    expect(page.get_by_role("article")).to_have_count(0)


def newest(page: Page) -> Locator:
    return page.get_by_role("article").first


def lead_in(spoken: Path, out: Path) -> None:
    """What the microphone hears: a second of silence, what is spoken, silence."""
    with wave.open(str(spoken)) as file:
        params, frames = file.getparams(), file.readframes(file.getnframes())
    quiet = bytes(2 * params.framerate)
    with wave.open(str(out), "wb") as file:
        file.setparams(params)
        file.writeframes(quiet + frames + 5 * quiet)
