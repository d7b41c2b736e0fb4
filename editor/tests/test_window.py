from __future__ import annotations

import re
from typing import Any

from django.urls import reverse

from editor.models import Segment
from editor.tests.sets import make_set
from editor.window import SHOWN, places_of
from speechstudio.test import BaseTestCase


class WindowTestCase(BaseTestCase):
    """A recording of 250 segments of a second each."""

    def setUp(self) -> None:
        super().setUp()
        self.set = make_set(self.project, [[f"w{n}" for n in range(250)]], 250.0)
        self.recording = self.set.recordings.get()

    def shown(self, html: str) -> list[str]:
        return re.findall(r"(w\d+)</textarea>", html)

    def page(self, query: str = "") -> str:
        return self.client.get(
            self.recording.get_absolute_url() + query
        ).content.decode()

    def news(self, **asked: object) -> Any:
        url = reverse("desk-news", args=[self.recording.pk])
        known = {"since": 1, "structure": 0}
        return self.client.get(url, known | asked).json()

    def test_a_page_shows_a_hundred_and_leads_to_the_others(self) -> None:
        page = self.page()
        assert self.shown(page) == [f"w{n}" for n in range(SHOWN)]
        assert "150 later segments" in page
        assert 'href="?at=100.0"' in page
        assert "earlier segment" not in page

    def test_a_place_is_in_the_middle_of_what_is_shown(self) -> None:
        page = self.page("?at=125.5")
        assert self.shown(page) == [f"w{n}" for n in range(75, 175)]
        assert "75 earlier segments" in page
        assert 'aria-label="Segment 76"' in page
        assert self.shown(self.page("?at=1e300"))[-1] == "w249"

    def test_nonsense_shows_the_beginning(self) -> None:
        for odd in ("x", "nan", "inf", "-1", ""):
            assert self.shown(self.page(f"?at={odd}"))[0] == "w0"

    def test_the_last_segment_is_that_of_the_recording(self) -> None:
        assert "w99</textarea>" in self.page()
        assert len(re.findall(r"data-merge [^>]*disabled", self.page())) == 0
        assert len(re.findall(r"data-merge [^>]*disabled", self.page("?at=249"))) == 1

    def test_an_open_page_keeps_its_part_when_it_is_cut(self) -> None:
        first = self.recording.segments.get(text="w80")
        self.client.post(
            reverse("desk-do", args=[self.recording.pk, "split"]),
            {"segment": first.pk, "version": 1, "head": "w80", "tail": "w800"},
        )
        answer = self.news(structure=1, **{"from": 75, "to": 90})
        names = self.shown(answer["rows"])
        assert (names[0], names[-1], len(names)) == ("w75", "w89", 16)
        assert len(answer["places"]) == 251
        assert "rows" not in self.news(structure=2, **{"from": 75, "to": 90})

    def test_it_hears_of_what_it_shows_and_gets_another_part(self) -> None:
        Segment.objects.update(version=2)
        type(self.recording).objects.update(revision=2)
        heard = self.news(structure=1, **{"from": 75, "to": 90})["segments"]
        assert [s["text"] for s in heard] == [f"w{n}" for n in range(75, 90)]
        assert self.shown(self.news(at=200)["rows"])[0] == "w150"

    def test_what_is_beside_is_known(self) -> None:
        assert places_of(self.recording)[1][1] == 1.0
