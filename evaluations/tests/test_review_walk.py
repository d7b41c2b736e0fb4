"""Two reviewers of one test in real browsers; one of them has no mouse."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.studio import OWNER, ROOT, Studio, running

BOB = ("bob", "battery-staple-9")
# For each of ten utterances the key of its verdict.
KEYS = ["1", "2", "3", "4", "1", "1", "2", "3", "1", "4"]
LABELS = ["Model wrong", "Reference wrong", "Both fine", "Unclear"]
# The other one's page asks every two seconds; a busy machine takes its time.
LIVE_MS = 10_000

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


def test_ten_utterances_by_keyboard_while_another_looks_on(studio: Studio) -> None:
    with open_page() as olga:
        sign_in(olga, studio, OWNER)
        open_the_test(olga)
        bob = another(olga, studio)
        bob_is_busy(bob)
        review_ten(olga)
        all_is_there_for_bob(bob)
        last_one_wins(olga, bob)
        corrects_a_reference(olga, bob)
        through_the_pages(olga)
        in_all_clicks(olga, 0)


def sign_in(page: Page, studio: Studio, who: tuple[str, str]) -> None:
    page.goto(f"{studio.url}/sign-in/")
    page.get_by_label("Username").fill(who[0])
    page.get_by_label("Password").fill(who[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()


def open_the_test(page: Page) -> None:
    """That of the sample, which has started by itself."""
    page.get_by_role("link", name="Clinic dictation (sample)").first.click()
    page.get_by_role("link", name="Base model on clinic notes").first.click()
    expect(page.locator(".score").first).to_contain_text("WER", timeout=240_000)
    page.add_init_script(
        "addEventListener('pointerdown', () => localStorage.setItem('clicks',"
        " 1 + Number(localStorage.getItem('clicks'))), true)"
    )
    page.goto(f"{page.url}?sort=position")
    expect(page.locator(".review")).to_contain_text("0 of ")


def another(page: Page, studio: Studio) -> Page:
    browser = page.context.browser
    assert browser is not None
    bob = browser.new_context().new_page()
    sign_in(bob, studio, BOB)
    bob.goto(page.url)
    return bob


def row(page: Page, place: int) -> Locator:
    """From 1 on."""
    return page.locator("[data-utterance]").nth(place - 1)


def pressed(page: Page, place: int) -> Locator:
    return row(page, place).locator('[aria-pressed="true"]')


def bob_is_busy(bob: Page) -> None:
    """He listens, looks who has done what, and is about to say something."""
    row(bob, 2).locator("[data-play]").click()
    expect(bob.locator('[data-state="playing"]')).to_have_count(1)
    bob.locator("[data-loop]").click()
    bob.get_by_text("By person").click()
    row(bob, 5).locator("summary").click()
    row(bob, 5).locator("textarea").press_sequentially("half a sen")


def review_ten(page: Page) -> None:
    for place, key in enumerate(KEYS, start=1):
        page.keyboard.press("j")
        page.keyboard.press(key)
        expect(pressed(page, place)).to_have_text(LABELS[int(key) - 1])
        expect(row(page, place).locator("[data-judged]")).to_contain_text("olga")
        if place == 3:
            page.keyboard.press("c")
            page.keyboard.type("Who says so?")
            page.keyboard.press("Enter")
            page.keyboard.type("2 pills, not 12.")
            page.keyboard.press("Control+Enter")
            said = row(page, 3).locator(".comments li")
            expect(said).to_contain_text("2 pills, not 12.")
            expect(row(page, 3)).to_be_focused()
            expect(row(page, 3).locator("textarea")).to_be_hidden()
            expect(row(page, 3).locator("textarea")).to_have_value("")
    expect(page.locator(".review")).to_contain_text("10 of ")


def all_is_there_for_bob(bob: Page) -> None:
    for place, key in enumerate(KEYS, start=1):
        label = LABELS[int(key) - 1]
        expect(pressed(bob, place)).to_have_text(label, timeout=LIVE_MS)
    expect(row(bob, 3).locator(".comments li p")).to_have_text(
        "Who says so?2 pills, not 12.", timeout=LIVE_MS
    )
    expect(bob.locator(".review")).to_contain_text("4 model wrong")
    expect(bob.get_by_role("row").filter(has_text="olga")).to_contain_text("10")
    # Nothing of his was touched.
    expect(bob.get_by_role("region", name="Verdicts by person")).to_be_visible()
    expect(bob.locator('[data-state="playing"]')).to_have_count(1)
    expect(row(bob, 5).locator("textarea")).to_be_focused()
    bob.keyboard.type("tence")
    expect(row(bob, 5).locator("textarea")).to_have_value("half a sentence")
    bob.keyboard.press("Control+Enter")
    expect(row(bob, 5).locator(".comments li")).to_contain_text("half a sentence")


def last_one_wins(olga: Page, bob: Page) -> None:
    by = row(olga, 10).locator("[data-judged]")
    button = row(bob, 10).get_by_role("button", name="Both fine")
    button.click()
    expect(by).to_contain_text("bob", timeout=LIVE_MS)
    expect(pressed(olga, 10)).to_have_text("Both fine")
    expect(button).to_be_focused()
    # Twice the same key takes it back, for both.
    olga.keyboard.press("1")
    expect(pressed(olga, 10)).to_have_text("Model wrong")
    olga.keyboard.press("1")
    expect(pressed(olga, 10)).to_have_count(0)
    expect(pressed(bob, 10)).to_have_count(0, timeout=LIVE_MS)
    expect(button).to_be_focused()


def corrects_a_reference(olga: Page, bob: Page) -> None:
    """By keyboard; bob sees it, but not while he writes at the same one himself."""
    his = row(bob, 10).locator("form.reference textarea")
    row(bob, 10).locator("[data-edit-reference]").click()
    expect(his).to_be_focused()
    bob.keyboard.type("half a sen")
    for key in ("Escape", "Control+Enter"):
        olga.keyboard.press("e")
        expect(row(olga, 10).locator("form.reference textarea")).to_be_focused()
        olga.keyboard.type("Indeed ")
        olga.keyboard.press(key)
        expect(row(olga, 10)).to_be_focused()
    expect(row(olga, 10).locator(".reference ins")).to_contain_text("Indeed")
    olga.wait_for_timeout(LIVE_MS / 2)
    expect(his).to_be_focused()
    bob.keyboard.press("Escape")
    line = row(bob, 10).locator(".reference ins")
    expect(line).to_contain_text("Indeed")
    olga.keyboard.press("e")
    olga.get_by_role("button", name="Take the correction back").press("Enter")
    expect(line).to_have_count(0, timeout=LIVE_MS)
    expect(row(olga, 10)).to_be_focused()


def through_the_pages(page: Page) -> None:
    """`u` goes on where there is no verdict, `j` and `k` to the pages beside."""
    page.keyboard.press("k")
    page.keyboard.press("u")
    expect(row(page, 10)).to_be_focused()
    page.keyboard.press("u")
    expect(row(page, 11)).to_be_focused()
    for _ in range(12, 16):
        page.keyboard.press("j")
    expect(row(page, 15)).to_be_focused()
    page.keyboard.press("j")
    page.wait_for_url("**page=2**")
    expect(row(page, 1)).to_be_focused()
    page.keyboard.press("k")
    page.wait_for_url("**page=1**")
    expect(row(page, 15)).to_be_focused()
    page.keyboard.press("u")
    page.wait_for_url("**verdict=none**")
    expect(row(page, 1)).to_be_focused()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard")
    expect(keys).to_contain_text("Next utterance without a verdict")


def in_all_clicks(page: Page, number: int) -> None:
    counted = page.evaluate("Number(localStorage.getItem('clicks'))")
    assert counted == number
