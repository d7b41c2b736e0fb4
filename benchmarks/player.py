"""How soon a recording of two hours can be heard: in a browser, on a whole studio."""

from __future__ import annotations

import tempfile
import wave
from pathlib import Path
from statistics import median

import httpx
import numpy as np

from speechstudio.tests import browser
from speechstudio.tests.studio import OWNER, Studio, post, wait_for

HOURS = 2
ROUNDS = 7
RATE_HZ = 16_000

SECTION = f"""\
## The player

From the click on play to sound, in a browser, for a recording of {HOURS} hours
({HOURS * 3600 * RATE_HZ * 2 // 10**6} MB) and, beside it, one of 10 seconds; and what
the page with the row transfers. Wanted: within 300 ms.

| recording | median ms | slowest ms | page kB |
|---|---:|---:|---:|
"""


def section(studio: Studio, client: httpx.Client) -> str:
    if browser.PATH is None:
        return SECTION + "| not measured: there is no Chromium here | | | |"
    rows = []
    for name, seconds in (("10 s", 10), (f"{HOURS} h", HOURS * 3600)):
        path = _dataset(studio, client, seconds)
        size = len(client.get(path).content) / 1000
        times = _times(studio, path)
        rows.append(f"| {name} | {median(times):.0f} | {max(times):.0f} | {size:.0f} |")
    return SECTION + "\n".join(rows)


def _dataset(studio: Studio, client: httpx.Client, seconds: int) -> str:
    """The address of the page of a dataset with one recording."""
    new = post(client, "/projects/new/", {"name": "Long", "locale": "en-US"}).url.path
    answers = {"use": "testing", "kind": "AudioFiles", "name": "Long"}
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        _make(Path(file.name), seconds)
        files = {"file": ("long.wav", file)}
        page = post(client, f"{new}datasets/new/source/", answers, files=files)
    answers["upload"] = page.url.params["upload"]
    path = post(client, f"{new}datasets/new/review/", answers).url.path
    key = path.split("/")[-2].replace("-", "")
    sql = "SELECT status FROM datasets_dataset WHERE id = ?"
    wait_for(lambda: studio.rows(sql, key)[0][0] == "Succeeded", 300)
    return path


def _make(path: Path, seconds: int) -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 10 * RATE_HZ).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        for _ in range(seconds // 10):
            out.writeframesraw(noise.tobytes())


def _times(studio: Studio, path: str) -> list[float]:
    """Milliseconds from the click to sound, each in a page that is loaded anew."""
    with browser.open_page() as page:
        page.goto(f"{studio.url}/sign-in/")
        page.fill("[name=username]", OWNER[0])
        page.fill("[name=password]", OWNER[1])
        page.click("main button")
        times = []
        for _ in range(ROUNDS):
            page.goto(studio.url + path)
            times.append(
                page.evaluate(
                    """() => new Promise((done) => {
                      let start = 0;
                      document.addEventListener(
                        "playing", () => done(performance.now() - start), true);
                      const heard = window.HTMLMediaElement.prototype;
                      const play = heard.play;
                      heard.play = function () {
                        this.addEventListener(
                          "playing", () => done(performance.now() - start));
                        return play.call(this);
                      };
                      start = performance.now();
                      document.querySelector("[data-play]").click();
                    })"""
                )
            )
    return times
