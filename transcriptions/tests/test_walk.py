"""A batch with a broken file and two channels, in a browser on a whole installation."""

from __future__ import annotations

import io
import json
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from datasets.formats.sound import samples
from engines.base import SAMPLE_RATE_HZ
from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.samples import CLIPS
from speechstudio.tests.studio import OWNER, Studio, running

pytestmark = [pytest.mark.real, needs_browser]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("data")) as studio:
        yield studio


def two_speakers() -> tuple[bytes, list[str]]:
    """A stereo WAV of two clips of the sample, one a channel, and their texts."""
    with zipfile.ZipFile(CLIPS) as sample:
        name = next(n for n in sample.namelist() if n.endswith(".txt"))
        lines = sample.read(name).decode("utf-8-sig").splitlines()
        chosen = [line.split("\t") for line in lines[:2]]
        sounds = [
            np.concatenate(list(samples(io.BytesIO(sample.read(clip)))))
            for clip, _ in chosen
        ]
    both = np.zeros((max(map(len, sounds)), 2), "<i2")
    for channel, sound in enumerate(sounds):
        both[: len(sound), channel] = sound
    stereo = io.BytesIO()
    with wave.open(stereo, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(both.tobytes())
    return stereo.getvalue(), [text for _, text in chosen]


def test_a_call_of_two_channels_and_a_broken_file(
    studio: Studio, tmp_path: Path
) -> None:
    sound, texts = two_speakers()
    (tmp_path / "call.wav").write_bytes(sound)
    (tmp_path / "broken.wav").write_bytes(b"no sound at all")
    with open_page() as page:
        sign_in(page, studio)
        submit(page, [tmp_path / "call.wav", tmp_path / "broken.wav"])
        expect(page.get_by_text("1 of 2 files could not")).to_be_visible(
            timeout=240_000
        )
        download_all(page, texts)
        listen(page)


def sign_in(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/sign-in/")
    page.get_by_label("Username").fill(OWNER[0])
    page.get_by_label("Password").fill(OWNER[1])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Clinic dictation (sample)").first.click()


def submit(page: Page, files: list[Path]) -> None:
    page.get_by_role("link", name="Transcribe").click()
    page.get_by_role("link", name="New transcription").first.click()
    page.get_by_label("Name", exact=True).fill("Calls of May")
    page.get_by_label("Files").set_input_files(files)
    page.get_by_text("Options").click()
    page.get_by_label("Times of all words, in lexical form").check()
    page.get_by_role("button", name="Transcribe").click()
    expect(page.get_by_role("heading", name="Calls of May")).to_be_visible()


def download_all(page: Page, texts: list[str]) -> None:
    page.get_by_text("Download all").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="JSON with the report").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        result = json.loads(archive.read("contenturl_0.json"))
        report = json.loads(archive.read("report.json"))
    combined = result["combinedRecognizedPhrases"]
    for spoken, text in zip(combined, texts, strict=True):
        there = set(spoken["lexical"].split())
        wanted = {word.strip(".,").lower() for word in text.split()}
        assert len(there & wanted) >= len(wanted) / 2, (spoken, text)
    words = result["recognizedPhrases"][0]["nBest"][0]["words"]
    assert words[0]["offsetInTicks"] < words[-1]["offsetInTicks"]
    assert report["failedTranscriptionsCount"] == 1
    assert report["details"][1]["error"]["code"] == "audio.not_audio"


def listen(page: Page) -> None:
    """A click on the last phrase plays it, and it is lit."""
    page.keyboard.press("Escape")
    page.get_by_role("link", name="call.wav").click()
    phrases = page.locator(".phrase")
    for name in ("Channel 0", "Channel 1"):
        expect(phrases.filter(has_text=name).first).to_be_visible()
    phrases.last.click()
    expect(page.locator('[data-utterance][data-state="playing"]')).to_be_visible()
    expect(page.locator(".phrase.lit")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("link", name="SRT").click()
    assert "Channel 1: " in Path(started.value.path()).read_text()
    narrow(page)


def narrow(page: Page) -> None:
    """On a phone the time of a phrase stands where its text begins."""
    page.set_viewport_size({"width": 360, "height": 800})
    starts = [
        page.locator(f".phrase {part}").first.evaluate(
            "(part) => { const range = document.createRange();"
            " range.selectNodeContents(part);"
            " return range.getBoundingClientRect().left; }"
        )
        for part in (".phrase-time", ".text")
    ]
    assert abs(starts[0] - starts[1]) < 1
