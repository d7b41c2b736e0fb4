"""A project of a second server is brought in, gone on with there, and compared here.

Everything is real: two whole installations, each with its own database, Redis, worker
and trainer, that know of each other by an address and a key, and the pages of both.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

from engines.azure.client import AzureClient
from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.studio import (
    OWNER,
    ROOT,
    Studio,
    clean_environment,
    running,
    wait_for,
)

SAMPLE = "Clinic dictation (sample)"
TESTED, SPOKEN, CLIPS = "Clinic notes, testing", "Clinic notes, training", 34
FIRST_TEST = "Base model on clinic notes"
BASE, OLD, NEW = "Whisper tiny.en", "Ward A", "Ward B"
PATIENCE_SECONDS = 600.0  # on a busy machine; idle it takes a fraction
PATIENCE_MS = 1000 * PATIENCE_SECONDS

pytestmark = [pytest.mark.real, needs_browser]


class Pair(NamedTuple):
    """`there` is what Azure would be to `here`; `key` opens it."""

    there: Studio
    here: Studio
    key: str

    def ask(self) -> AzureClient:
        return AzureClient(self.there.url, self.key)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("data")
    with (
        running(folder / "there") as there,
        running(folder / "here", SAMPLE_PROJECT="false") as here,
    ):
        pair = Pair(there, here, key_of(there))
        fill(pair)
        yield pair


def key_of(studio: Studio) -> str:
    made = subprocess.run(
        [sys.executable, "manage.py", "createapikey", "--user", OWNER[0]],
        cwd=ROOT,
        env=clean_environment() | {"DATA_DIR": str(studio.folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.splitlines()[-1]


def fill(pair: Pair) -> None:
    """Beside what the sample project has: a text, a model of it, and its endpoint."""
    with pair.ask() as client:
        (project,) = client.pages("projects")
        (base,) = client.pages("models/base", filter="locale eq 'en-US'")
        common = {"locale": "en-US", "project": {"self": project["self"]}}
        text = {"displayName": "Ward words", "kind": "Language", **common}
        dataset = client.post("datasets", text)
        content = sentences(every=2)
        client.upload(dataset["self"], io.BytesIO(content), len(content))
        ended(client, dataset)
        model = client.post(
            "models",
            {
                "displayName": OLD,
                "baseModel": {"self": base["self"]},
                "datasets": [{"self": dataset["self"]}],
                **common,
            },
        )
        ended(client, model)
        of_model = {"model": {"self": model["self"]}}
        ended(
            client, client.post("endpoints", {"displayName": OLD, **of_model, **common})
        )
        (test,) = client.pages("evaluations")
        ended(client, test)


def ended(client: AzureClient, one: dict[str, Any]) -> None:
    def status() -> str:
        return str(client.get(one["self"])["status"])

    wait_for(lambda: status() in ("Succeeded", "Failed"), PATIENCE_SECONDS)
    assert status() == "Succeeded", client.get(one["self"])


def sentences(every: int = 1) -> bytes:
    """What is said in the clips of the sample that models are trained on."""
    path = ROOT / "speechstudio" / "sample" / "training.zip"
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("trans.txt").decode("utf-8-sig").splitlines()
    return "\n".join(line.partition("\t")[2] for line in lines[::every]).encode()


def test_a_project_of_a_second_server_is_gone_on_with(pair: Pair) -> None:
    with open_page() as page:
        sign_in(page, pair.here)
        connect(page, pair)
        bring_in(page)
        see_its_data(page)
        see_its_model_and_endpoint(page, pair)
        see_its_test(page, pair)
        upload(page, pair)
        train(page, pair)
        compare(page, pair)
        listen(page, pair)
        nothing_comes_twice(page, pair)


def sign_in(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/sign-in/")
    page.get_by_label("Username").fill(OWNER[0])
    page.get_by_label("Password").fill(OWNER[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()


def connect(page: Page, pair: Pair) -> None:
    """At first with a key that is none there."""
    page.locator("summary").filter(has_text=OWNER[0]).click()
    page.get_by_role("link", name="Speech resources").click()
    page.get_by_role("link", name="Add a resource").first.click()
    page.get_by_label("Name").fill("Lab")
    page.get_by_label("Region or endpoint").fill(pair.there.url)
    page.get_by_label("Key").fill("f" * 32)
    page.get_by_role("button", name="Add and test").click()
    expect(page.locator(".messages")).to_contain_text("“Lab” cannot be used yet.")
    row = page.get_by_role("row").filter(has_text="Lab")
    row.get_by_role("button", name="Test connection").click()
    expect(row).to_contain_text("Failed")
    expect(row).to_contain_text("Each resource has keys of its own")
    row.get_by_role("link", name="Replace key").click()
    page.get_by_label("Key").fill(pair.key)
    page.get_by_role("button").last.click()
    expect(row).to_contain_text("Answers")
    row.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("“Lab” answers, in version 2025-10-15")).to_be_visible()
    assert pair.key not in page.content()


def bring_in(page: Page) -> None:
    page.get_by_role("link", name="Lab", exact=True).click()
    row = page.get_by_role("row").filter(has_text=SAMPLE)
    expect(row).to_contain_text("English (United States)")
    row.get_by_role("button", name="Bring in").click()
    came = page.locator("#arrival li")
    expect(came.first).to_be_visible(timeout=PATIENCE_MS)
    expect(came).to_have_text(
        ["3 new datasets", "1 new model", "1 new endpoint", "1 new test"]
    )
    expect(page.get_by_text("What has not")).to_have_count(0)
    page.get_by_role("link", name=SAMPLE).first.click()
    expect(page.get_by_role("heading", name=SAMPLE)).to_be_visible()


def room(page: Page, name: str) -> None:
    """One of the project's, by its menu."""
    page.get_by_role("link", name=name, exact=True).first.click()


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(
        has=page.get_by_role("link", name=name, exact=True)
    )


def see_its_data(page: Page) -> None:
    room(page, "Speech datasets")
    for name in (TESTED, SPOKEN, "Ward words"):
        expect(row_of(page, name)).to_contain_text("Succeeded", timeout=PATIENCE_MS)
    page.get_by_role("link", name=TESTED, exact=True).click()
    expect(page.get_by_text(f"{CLIPS} utterances").first).to_be_visible()


def see_its_model_and_endpoint(page: Page, pair: Pair) -> None:
    room(page, "Train custom models")
    expect(row_of(page, OLD)).to_contain_text("Succeeded")
    room(page, "Deploy models")
    expect(row_of(page, OLD)).to_contain_text("Succeeded", timeout=PATIENCE_MS)
    page.get_by_role("link", name=OLD, exact=True).first.click()
    address = pair.there.url.replace("http", "ws")
    addresses = page.get_by_role("region", name="Addresses")
    expect(addresses).to_contain_text(f"{address}/stt/speech/universal/v2?cid=")


def see_its_test(page: Page, pair: Pair) -> None:
    """Its figures, worked out here, are those that are known there."""
    room(page, "Test models")
    page.get_by_role("link", name=FIRST_TEST, exact=True).click()
    expect(page.locator("[data-utterance]").first).to_be_visible(timeout=PATIENCE_MS)
    known = figures(pair, FIRST_TEST)
    assert 0 < known[BASE] < 1
    expect(score(page, BASE)).to_contain_text(percent(known[BASE]))


def figures(pair: Pair, name: str) -> dict[str, float]:
    """The word error rates of a test's models, as the second server has them."""
    with pair.ask() as client:
        tests = client.pages("evaluations")
        [found] = [one for one in tests if one["displayName"] == name]
        return {
            client.get(found[f"model{number}"]["self"])["displayName"]: found[
                "properties"
            ][f"wordErrorRate{number}"]
            for number in (1, 2)
        }


def percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def score(page: Page, model: str) -> Locator:
    return page.locator(".score").filter(has_text=model)


def upload(page: Page, pair: Pair) -> None:
    """A text that is only here so far: the training sends it there."""
    room(page, "Speech datasets")
    page.get_by_role("link", name="Upload data").first.click()
    page.goto(
        f"{page.url.partition('/new/')[0]}/new/source/?use=training&kind=Language"
    )
    text: Any = {"name": "text.txt", "mimeType": "text/plain", "buffer": sentences()}
    page.locator("input[type=file]").set_input_files(text)
    expect(page.get_by_text("complete")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Name").fill("More words")
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=PATIENCE_MS)


def train(page: Page, pair: Pair) -> None:
    room(page, "Train custom models")
    page.get_by_role("link", name="Train a new model").first.click()
    expect(page.get_by_label(BASE)).to_be_checked()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("checkbox", name="More words").check()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Name").fill(NEW)
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("button", name="Next").last.click()
    expect(page.get_by_text("The model is trained at Lab")).to_be_visible()
    page.get_by_role("button", name="Save and train").click()
    expect(page.get_by_role("heading", name=NEW, exact=True)).to_be_visible()
    # It comes by itself, and the page with it.
    about = page.get_by_role("region", name="About this model")
    expect(about).to_contain_text("Succeeded", timeout=PATIENCE_MS)
    with pair.ask() as client:
        [made] = [one for one in client.pages("models") if one["displayName"] == NEW]
        [text] = [client.get(one["self"]) for one in made["datasets"]]
    assert (made["status"], text["displayName"]) == ("Succeeded", "More words")


def compare(page: Page, pair: Pair) -> None:
    """All models, on recordings that were brought in. What the base model heard in
    them came along, so only the other two hear them now."""
    room(page, "Test models")
    page.get_by_role("link", name="New test").first.click()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("radio", name=TESTED).check()
    page.get_by_role("button", name="Next").last.click()
    for name in (BASE, OLD, NEW):
        page.get_by_role("checkbox", name=re.compile(f"^{name}")).check()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Name").fill("Is it better?")
    page.get_by_role("button", name="Next").last.click()
    expect(page.get_by_text("The models are tested at Lab")).to_be_visible()
    page.get_by_role("button", name="Save and start").click()
    expect(page.locator("[data-utterance]").first).to_be_visible(timeout=PATIENCE_MS)
    known = figures(pair, "Is it better?")
    assert set(known) == {OLD, NEW}
    known |= figures(pair, FIRST_TEST)
    assert 0 < known[NEW] < known[BASE]
    for name, rate in known.items():
        expect(score(page, name)).to_contain_text(percent(rate))


def listen(page: Page, pair: Pair) -> None:
    """What they heard in one recording, side by side, and the recording itself."""
    page.locator("select[name=only]").select_option("errors")
    expect(page.locator(".chosen .chip")).to_be_visible()
    row = page.locator("[data-utterance]").first
    lines = row.locator("[data-model]")
    expect(lines).to_have_count(3)
    for name in (BASE, OLD, NEW):
        line = lines.filter(has_text=name)
        expect(line.locator(".wer")).to_contain_text("%")
        expect(line.locator(".text")).not_to_be_empty()
    row.locator("[data-play]").click()
    expect(row).to_have_attribute("data-state", "playing")


def nothing_comes_twice(page: Page, pair: Pair) -> None:
    """What was made from here is there as well, and known."""
    before = counts(pair)
    page.get_by_role("link", name="Settings", exact=True).first.click()
    page.get_by_role("link", name="What there is of it at Lab").click()
    page.get_by_role("button", name="Refresh").click()
    nothing = page.get_by_text("Nothing new has come.")
    expect(nothing).to_be_visible(timeout=PATIENCE_MS)
    assert counts(pair) == before == (4, 2, 1, 2)


def counts(pair: Pair) -> tuple[int, ...]:
    """Of what the project has here, which is what it has there."""
    tables = (
        "datasets_dataset",
        "training_speechmodel WHERE project_id IS NOT NULL",
        "endpoints_endpoint",
        "evaluations_evaluation",
    )
    here, there = (
        tuple(studio.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables)
        for studio in (pair.here, pair.there)
    )
    assert here == there
    return here
