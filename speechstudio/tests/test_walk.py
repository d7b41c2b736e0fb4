"""The main job in a real browser: from the first visit to a wrong word heard."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from speechstudio.test import tone
from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.studio import OWNER, Studio, running

SAMPLE = Path(__file__).parent.parent / "sample" / "testing.zip"
PLAYING = '[data-utterance][data-state="playing"]'

pytestmark = [pytest.mark.real, needs_browser]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("data"), fresh=True) as studio:
        yield studio


def some_speech(clips: int) -> bytes:
    """A few real clips of the sample, and two faults among them."""
    file = io.BytesIO()
    with zipfile.ZipFile(SAMPLE) as sample, zipfile.ZipFile(file, "w") as archive:
        name = next(n for n in sample.namelist() if n.endswith(".txt"))
        lines = sample.read(name).decode("utf-8-sig").splitlines()[:clips]
        for line in lines:
            clip = line.partition("\t")[0]
            archive.writestr(clip, sample.read(clip))
        archive.writestr("nobody.wav", tone())
        lines.append("lost.wav\tnobody will hear this")
        archive.writestr("trans.txt", "\n".join(lines))
    return file.getvalue()


def test_from_the_first_visit_to_a_wrong_word_heard(studio: Studio) -> None:
    with open_page() as page:
        make_owner(page, studio)
        hear_the_sample(page)
        make_project(page)
        upload(page)
        try_a_model(page)
        review_by_keyboard(page)


def make_owner(page: Page, studio: Studio) -> None:
    page.goto(studio.url)
    page.get_by_label("User name").fill(OWNER[0])
    page.get_by_label("Password", exact=True).fill(OWNER[1])
    page.get_by_label("Password again").fill(OWNER[1])
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()


def hear_the_sample(page: Page) -> None:
    """Its first test has started by itself and ends while one looks on."""
    page.get_by_role("link", name="Clinic dictation (sample)").first.click()
    expect(page.get_by_text("Synthetic speech.")).to_be_visible()
    page.get_by_role("link", name="Base model on clinic notes").click()
    expect(page.locator(".score")).to_contain_text("WER", timeout=240_000)
    word = page.locator(".sub[data-start]").first
    word.click()
    expect(page.locator(PLAYING)).to_have_count(1)
    expect(page.locator(".lit").first).to_be_visible()


def make_project(page: Page) -> None:
    page.get_by_role("link", name="speechstudio start page").click()
    page.get_by_role("link", name="New project").first.click()
    page.get_by_label("Name").fill("Ward round")
    page.get_by_label("Language").select_option("en-GB")
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name="Ward round")).to_be_visible()


def upload(page: Page) -> None:
    """Through the wizard: type, file, name, review."""
    page.get_by_role("link", name="Upload data").first.click()
    page.get_by_label("Testing data").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Audio + human-labeled transcript").check()
    with page.expect_download() as example:
        page.locator(".kind-card a").first.click()
    assert example.value.suggested_filename == "example-audiofiles-en-US.zip"
    page.get_by_role("button", name="Next").last.click()
    page.locator("input[type=file]").set_input_files(
        {
            "name": "ward.zip",
            "mimeType": "application/zip",
            "buffer": some_speech(clips=5),
        }
    )
    expect(page.get_by_text("complete")).to_be_visible()
    page.reload()
    expect(page.locator(".kept")).to_contain_text("ward.zip")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Name")).to_have_value("ward")
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("5 utterances")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Report").click()
    expect(page.get_by_text("nobody.wav")).to_be_visible()
    expect(page.get_by_role("cell", name="6", exact=True)).to_be_visible()
    page.get_by_label("Show").select_option("error")
    page.wait_for_url("**level=error**")
    expect(page.locator("tbody tr")).to_have_count(2)


def try_a_model(page: Page) -> None:
    page.get_by_role("link", name="Test a model on it").click()
    page.get_by_label("Whisper tiny.en").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Name").fill("Base on the ward")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("Name")).to_have_value("Base on the ward")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Save and start").click()
    expect(page.locator("[data-utterance]")).to_have_count(5, timeout=120_000)
    expect(page.get_by_role("columnheader", name="Sentence error rate")).to_be_visible()


def review_by_keyboard(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-utterance]").nth(1)).to_have_class("utterance current")
    page.keyboard.press("k")
    page.keyboard.press("Space")
    expect(page.locator(PLAYING)).to_have_count(1)
    page.keyboard.press("Space")
    expect(page.locator(PLAYING)).to_have_count(0)
    page.keyboard.press("n")
    expect(page.locator("[data-error].at")).to_have_count(1)
    expect(page.locator(PLAYING)).to_have_count(1)
    if page.locator("[data-utterance] .sub-ref").count():
        page.keyboard.press("s")
        expect(page.locator("[data-utterance] .sub-ref").first).to_be_hidden()
        page.keyboard.press("s")
        expect(page.locator("[data-utterance] .sub-ref").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("no such word anywhere")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No utterance matches")).to_be_visible()
    page.go_back()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


def test_an_upload_survives_a_lost_connection_and_a_closed_page(
    studio: Studio, tmp_path: Path
) -> None:
    file = tmp_path / "long.zip"
    file.write_bytes(bytes(40 * 1024**2))
    sent: list[str] = []

    def lose(route: Route) -> None:
        """The third and the fourth block at first, and all from the seventh on."""
        sent.append(route.request.url)
        if len(sent) in (3, 4) or len(sent) > 6:
            route.abort("internetdisconnected")
        else:
            route.continue_()

    with open_page(expected="ERR_INTERNET_DISCONNECTED") as page:
        come_in(page, studio)
        page.get_by_role("link", name="Clinic dictation (sample)").first.click()
        page.goto(f"{page.url}datasets/new/source/?use=training&kind=Acoustic")
        page.route("**/blocks/**", lose)
        page.locator("input[type=file]").set_input_files(file)
        said = page.locator("[data-upload-text]")
        expect(said).to_contain_text("32 MB of 40 MB, the connection", timeout=60_000)
        page.get_by_role("button", name="Pause").click()
        expect(said).to_contain_text("paused")
        expect(page.get_by_role("button", name="Next")).to_be_disabled()
        page.unroute("**/blocks/**")
        page.reload()
        waiting = page.locator(".waiting")
        expect(waiting).to_contain_text(re.compile(r"long.zip, 32.0\sMB of 40.0\sMB"))
        sent.clear()
        page.on("request", lambda r: sent.append(r.url) if r.method == "PUT" else None)
        page.locator("input[type=file]").set_input_files(file)
        expect(said).to_contain_text("complete")
        assert len(sent) == 1
        assert "upload=" in page.url
        page.get_by_role("button", name="Remove").click()
        expect(said).to_be_hidden()
        page.reload()
        expect(page.get_by_text("long.zip")).to_have_count(0)


def test_an_upload_that_another_tab_completes_is_complete_here(
    studio: Studio, tmp_path: Path
) -> None:
    file = tmp_path / "long.zip"
    file.write_bytes(bytes(9 * 1024**2))
    sent: list[str] = []

    def conflict(route: Route) -> None:
        """The first block meets an upload that is complete."""
        sent.append(route.request.url)
        if len(sent) == 1:
            answer = {"code": "conflict", "message": "The upload is complete."}
            route.fulfill(status=409, json=answer)
        else:
            route.continue_()

    with open_page(expected="409") as page:
        come_in(page, studio)
        page.get_by_role("link", name="Clinic dictation (sample)").first.click()
        page.goto(f"{page.url}datasets/new/source/?use=training&kind=Acoustic")
        page.route("**/blocks/**", conflict)
        page.locator("input[type=file]").set_input_files(file)
        expect(page.locator("[data-upload-text]")).to_contain_text("complete")
        expect(page.get_by_role("button", name="Next")).to_be_enabled()
        page.get_by_role("button", name="Remove").click()
        expect(page.locator("[data-upload-text]")).to_be_hidden()


def come_in(page: Page, studio: Studio) -> None:
    page.goto(studio.url)
    if page.get_by_label("Password again").count():
        make_owner(page, studio)
        return
    page.get_by_label("Username").fill(OWNER[0])
    page.get_by_label("Password").fill(OWNER[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
