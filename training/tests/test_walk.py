"""Custom models in a real browser: trained, killed and gone on with, tested, deleted.

Everything is real: the trainer's process, the weights, Redis and the pages.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, expect

from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.studio import OWNER, Studio, running, wait_for

SAMPLE = Path(__file__).resolve().parent.parent.parent / "speechstudio" / "sample"
LEARNT, TESTED = "Clips to learn", "Clips to test"
PATIENCE_SECONDS = 600.0  # on a busy machine; idle it takes a fraction
PATIENCE_MS = 1000 * PATIENCE_SECONDS
# A unit is written short, and a line that the training checks this with.
RULES = "#rewrite\nmilligrams\tmg\n\n#test\nshe takes milligrams\tShe takes mg\n"

pytestmark = [pytest.mark.real, needs_browser]


class Ward(NamedTuple):
    """An installation with a project that holds clips to learn from and to test on."""

    studio: Studio
    url: str  # of the project


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("data")
    # The test of the sample project would only be waited for.
    more = {"JOB_LOST_AFTER_SECONDS": "10", "SAMPLE_PROJECT": "false"}
    with running(folder, **more) as studio:
        with open_page() as page:
            sign_in(page, studio)
            page.get_by_role("link", name="New project").first.click()
            page.get_by_label("Name").fill("Ward round")
            page.get_by_label("Language").select_option("en-US")
            page.get_by_role("button", name="Create project").click()
            expect(page.get_by_role("heading", name="Ward round")).to_be_visible()
            ward = Ward(studio, page.url)
            upload(page, ward, LEARNT, "training", "Acoustic", clips("training", 14))
            upload(page, ward, TESTED, "testing", "Acoustic", clips("testing", 6))
        yield ward


def clips(name: str, number: int) -> bytes:
    """The first clips of an archive of the sample, with their transcripts."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(SAMPLE / f"{name}.zip") as sample,
        zipfile.ZipFile(file, "w") as archive,
    ):
        lines = transcripts(sample)[:number]
        for line in lines:
            clip = line.partition("\t")[0]
            archive.writestr(clip, sample.read(clip))
        archive.writestr("trans.txt", "\n".join(lines))
    return file.getvalue()


def sentences() -> bytes:
    """What is said in the clips of the sample that models are trained on."""
    with zipfile.ZipFile(SAMPLE / "training.zip") as sample:
        lines = transcripts(sample)
    return "\n".join(line.partition("\t")[2] for line in lines).encode()


def transcripts(archive: zipfile.ZipFile) -> list[str]:
    name = next(n for n in archive.namelist() if n.endswith(".txt"))
    return archive.read(name).decode("utf-8-sig").splitlines()


def sign_in(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/sign-in/")
    page.get_by_label("Username").fill(OWNER[0])
    page.get_by_label("Password").fill(OWNER[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()


def upload(
    page: Page, ward: Ward, name: str, use: str, kind: str, content: bytes
) -> None:
    page.goto(f"{ward.url}datasets/new/source/?use={use}&kind={kind}")
    suffix, mime = ("zip", "application/zip")
    if not content.startswith(b"PK"):
        suffix, mime = ("md" if b"#" in content else "txt", "text/plain")
    file: Any = {"name": f"file.{suffix}", "mimeType": mime, "buffer": content}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("complete")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("button", name="Save").click()
    status = "SELECT status FROM datasets_dataset WHERE name = ?"
    wait_for(lambda: ward.studio.rows(status, name) == [("Succeeded",)])


def train(page: Page, ward: Ward, name: str, data: list[str], test: bool) -> str:
    """Through the wizard, with its defaults. Gives the key of the model."""
    page.goto(ward.url)
    page.get_by_role("link", name="Train custom models").first.click()
    page.get_by_role("link", name="Train a new model").first.click()
    expect(page.get_by_label("Whisper tiny.en")).to_be_checked()
    page.get_by_role("button", name="Next").last.click()
    for dataset in data:
        page.get_by_role("checkbox", name=dataset).check()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Next").last.click()
    if test:
        page.get_by_role("checkbox", name=TESTED).check()
    expect(page.get_by_label("Guard")).to_have_value("")
    page.get_by_role("button", name="Next").last.click()
    for dataset in data:
        expect(page.get_by_text(dataset, exact=False).first).to_be_visible()
    page.get_by_role("button", name="Save and train").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    key = re.search(r"/models/([0-9a-f-]+)/", page.url)
    assert key is not None
    return key[1].replace("-", "")


def model(ward: Ward, key: str) -> dict[str, Any]:
    """The row of a model."""
    names = ("status", "attempt", "losses", "created", "last_action", "error")
    sql = f"SELECT {', '.join(names)}, curve FROM training_speechmodel WHERE id = ?"
    [values] = ward.studio.rows(sql, key)
    return {**dict(zip(names, values, strict=False)), "curve": json.loads(values[-1])}


def custom_folder(ward: Ward) -> Path:
    return ward.studio.folder / "models" / "custom"


def heard(ward: Ward, key: str) -> list[tuple[str, str, str]]:
    """What base and custom model heard in each utterance of the test that was
    planned with this model, and how the custom one writes that."""
    return ward.studio.rows(
        "SELECT b.text, c.text, c.display FROM evaluations_hypothesis c"
        " JOIN evaluations_candidate mine ON mine.id = c.candidate_id"
        " JOIN evaluations_hypothesis b ON b.item_id = c.item_id AND b.id <> c.id"
        " WHERE mine.model_id = ?",
        key,
    )


def test_a_training_whose_worker_is_killed_ends_with_a_tested_model(ward: Ward) -> None:
    with open_page() as page:
        sign_in(page, ward.studio)
        key = train(page, ward, "Ward 1", [LEARNT], test=True)
        kill_after_the_first_pass(page, ward, key)
        see_what_it_is_worth(page, ward, key)
        see_its_test(page, ward, key)
        read_its_report(page)


def kill_after_the_first_pass(page: Page, ward: Ward, key: str) -> None:
    """The page is left alone: all of this comes by itself."""
    passes = page.get_by_role("region", name="Training, pass by pass").locator("tbody")
    expect(page.locator("#model-body progress[value]")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(passes.get_by_role("row")).not_to_have_count(0, timeout=PATIENCE_MS)
    wait_for(lambda: len(model(ward, key)["curve"]) >= 2, PATIENCE_SECONDS)
    for pid in ward.studio.trainers():
        os.kill(pid, signal.SIGKILL)
    before = model(ward, key)
    assert before["status"] == "Running"
    known = before["curve"]
    expect(passes.get_by_role("row").nth(len(known) - 1)).to_be_visible()
    wait_for(lambda: model(ward, key)["attempt"] == 2, PATIENCE_SECONDS)
    wait_for(
        lambda: model(ward, key)["status"] in ("Succeeded", "Failed"), PATIENCE_SECONDS
    )
    after = model(ward, key)
    assert (after["status"], after["error"]) == ("Succeeded", "")
    # What was finished was not done again: its figures are the same to the last digit.
    assert after["curve"][: len(known)] == known
    numbers = [one["number"] for one in after["curve"]]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > len(known)
    wait_for(
        lambda: (
            [f.name.replace("-", "") for f in custom_folder(ward).iterdir()] == [key]
        ),
        PATIENCE_SECONDS,
    )
    # The last step of all: the status may be there a moment before.
    tmp = ward.studio.folder / "tmp"
    wait_for(lambda: not list(tmp.glob("*.*-*")), PATIENCE_SECONDS)


def see_what_it_is_worth(page: Page, ward: Ward, key: str) -> None:
    scores = page.get_by_role("region", name="On speech that it was not trained on")
    expect(scores).to_contain_text("Whisper tiny.en base")
    expect(scores).to_contain_text("Ward 1 custom")
    interval = re.compile(r"95 % interval: [+-]\d+\.\d to [+-]\d+\.\d")
    expect(scores).to_contain_text(interval)
    passes = page.get_by_role("region", name="Training, pass by pass").locator("tbody")
    expect(passes.get_by_role("row")).to_have_count(len(model(ward, key)["curve"]))


def see_its_test(page: Page, ward: Ward, key: str) -> None:
    """It is made and run while one looks on, and the custom model is another one."""
    row = page.get_by_role("region", name="Tests").locator("tbody tr")
    expect(row).to_contain_text("Succeeded", timeout=PATIENCE_MS)
    expect(row).to_contain_text(TESTED)
    both = heard(ward, key)
    assert len(both) == 6
    assert any(base != custom for base, custom, _ in both)
    address = page.url
    row.get_by_role("link").first.click()
    expect(page.locator("[data-utterance]")).to_have_count(6)
    page.goto(address)


def read_its_report(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="Report").first.click()
    report = json.loads(download.value.path().read_text())
    assert download.value.suggested_filename == "Ward 1 report.json"
    trained_on, held_out = report["trained_on"]["clips"], report["held_out"]["clips"]
    assert (trained_on + held_out, held_out >= 4) == (14, True)
    assert report["left_out"] == []


def test_text_trains_a_model_in_seconds(ward: Ward) -> None:
    with open_page() as page:
        sign_in(page, ward.studio)
        spoken = b"3CPO\tthree c p o\n"
        upload(page, ward, "Sentences", "training", "Language", sentences())
        upload(page, ward, "Names", "training", "Pronunciation", spoken)
        upload(page, ward, "Units", "training", "OutputFormatting", RULES.encode())
        data = ["Sentences", "Names", "Units"]
        key = train(page, ward, "Ward texts", data, test=True)
        row = page.get_by_role("region", name="Tests").locator("tbody tr")
        expect(row).to_contain_text("Succeeded", timeout=PATIENCE_MS)
        expect(page.get_by_text("Not compared yet.")).to_be_visible()
        made = model(ward, key)
        assert seconds(made["created"], made["last_action"]) < 60
        both = heard(ward, key)
        assert len(both) == 6
        assert any(base != custom for base, custom, _ in both)
        dosed = [(t, shown) for _, t, shown in both if "milligrams" in t]
        assert dosed
        assert all(" mg" in shown and "milligrams" not in shown for _, shown in dosed)


def seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def test_a_model_that_is_deleted_while_it_trains_leaves_nothing(ward: Ward) -> None:
    before = everything(ward)
    with open_page() as page:
        sign_in(page, ward.studio)
        key = train(page, ward, "Short-lived", [LEARNT], test=False)
        wait_for(lambda: model(ward, key)["curve"], PATIENCE_SECONDS)
        at_work = ward.studio.trainers()
        assert len(at_work) == 1
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("button", name="Delete model").click()
        expect(page.get_by_text("“Short-lived” was deleted.")).to_be_visible()
    # Its process ends with the training.
    wait_for(lambda: at_work[0] not in ward.studio.trainers(), PATIENCE_SECONDS)
    assert everything(ward) == before


def everything(ward: Ward) -> set[Path]:
    """All files and folders of models and of what is being worked on."""
    folders = [custom_folder(ward), *(ward.studio.folder / n for n in ("media", "tmp"))]
    return {path for folder in folders for path in folder.rglob("*")}
