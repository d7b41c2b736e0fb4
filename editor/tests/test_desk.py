from __future__ import annotations

from typing import Any

from django.urls import reverse

from editor.models import Recording, Segment
from editor.tests.sets import assert_whole, make_set, spans_of, texts_of
from projects import services as projects
from projects.models import Role
from speechstudio.test import BaseTestCase, make_model


class DeskTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        projects.set_role(self.project, self.bob.pk, Role.REVIEWER)
        self.set = make_set(self.project, [["one two", "three"], "four"], 4.0)
        self.recording = self.set.recordings.first()
        self.a, self.b = self.recording.segments.all()

    def do(self, deed: str, **answers: object) -> Any:
        known = {"since": 1, "structure": 1}
        url = reverse("desk-do", args=[self.recording.pk, deed])
        return self.client.post(url, known | answers)

    def write(self, text: str, **answers: object) -> Any:
        return self.do(
            "write", segment=self.a.pk, text=text, **{"version": 1} | answers
        )

    def news(self, since: object = 1, structure: object = 1) -> Any:
        url = reverse("desk-news", args=[self.recording.pk])
        return self.client.get(url, {"since": since, "structure": structure}).json()

    def test_the_page_shows_the_segments_and_the_neighbours(self) -> None:
        page = self.client.get(self.recording.get_absolute_url())
        self.assertContains(page, "one two")
        self.assertContains(page, "Recording 1 of 2")
        self.assertContains(page, 'rel="next"')
        self.assertNotContains(page, 'rel="prev"')

    def test_a_recording_that_is_not_there(self) -> None:
        url = reverse("editor-recording", args=[self.set.pk, 3])
        assert self.client.get(url).status_code == 404

    def test_its_sound_is_sent_in_ranges(self) -> None:
        url = reverse("desk-audio", args=[self.recording.pk])
        page = self.client.get(url, headers={"Range": "bytes=0-3"})
        assert page.status_code == 206
        assert b"".join(page.streaming_content) == b"RIFF"

    def test_a_text_is_saved_and_the_answer_is_what_is_new(self) -> None:
        answer = self.write("one  two\nthree").json()
        assert answer["revision"] == 2
        assert answer["undo"] == "the text"
        (segment,) = answer["segments"]
        assert (segment["text"], segment["version"]) == ("one two three", 2)
        assert segment["by"] == "alice"
        assert "rows" not in answer

    def test_a_stale_text_is_answered_with_theirs(self) -> None:
        self.client.force_login(self.bob)
        self.write("bob's")
        self.client.force_login(self.alice)
        page = self.write("alice's")
        assert page.status_code == 409
        answer = page.json()
        assert answer["error"] == "bob has changed this segment meanwhile."
        assert answer["theirs"]["text"] == "bob's"
        assert answer["theirs"]["by"] == "bob"
        assert texts_of(self.recording)[0] == "bob's"
        assert (
            self.write("both", version=answer["theirs"]["version"]).status_code == 200
        )

    def test_a_segment_that_went_is_answered_with_the_rows_that_are(self) -> None:
        self.do("merge", segment=self.a.pk, version=1, next_version=1)
        page = self.do("write", segment=self.b.pk, version=1, text="lost?")
        assert page.status_code == 409
        assert page.json()["theirs"] is None
        assert "one two three</textarea>" in page.json()["rows"]

    def test_who_looks_on_hears_of_what_the_others_do(self) -> None:
        assert self.news()["segments"] == []
        self.client.force_login(self.bob)
        self.write("bob's")
        self.client.force_login(self.alice)
        news = self.news()
        assert [s["text"] for s in news["segments"]] == ["bob's"]
        assert news["undo"] == ""
        # Whoever signed in again in another tab has a new one.
        assert len(news["token"]) == 64
        self.do("split", segment=self.b.pk, version=1, head="thr", tail="ee", at=3)
        assert "<textarea" in self.news()["rows"]
        self.client.force_login(self.bob)
        projects.set_role(self.project, self.bob.pk, Role.VIEWER)
        assert "<textarea" not in self.news()["rows"]
        assert "rows" not in self.news(3, 3)

    def test_all_deeds_of_the_page(self) -> None:
        page = self.do(
            "split", segment=self.a.pk, version=1, head="one", tail="two", at=0.8
        )
        assert "two</textarea>" in page.json()["rows"]
        assert texts_of(self.recording) == ["one", "two", "three"]
        self.do("move", segment=self.a.pk, version=2, next_version=2, at=1.0)
        assert spans_of(self.recording)[0] == (0.0, 1.0)
        assert self.do("undo").json()["redo"] == "the moved border"
        assert self.do("redo").json()["undo"] == "the moved border"
        self.do("recut", revision=5, min_silence=0.4)
        assert " ".join(filter(None, texts_of(self.recording))) == "one two three"
        assert self.do("done", is_done="on").json()["is_done"]
        assert not self.do("done").json()["is_done"]
        assert_whole(self.recording)

    def test_drafting_anew_by_a_model_that_is_offered(self) -> None:
        model = make_model()
        page = self.do("recut", revision=1, min_silence=0.4, model=model.pk)
        assert page.status_code == 200
        assert not page.json()["is_ready"]
        assert Segment.objects.filter(is_waiting=True).exists()

    def test_a_model_that_does_not_speak_the_language_is_refused(self) -> None:
        model = make_model("german", languages="de")
        page = self.do("recut", revision=1, min_silence=0.4, model=model.pk)
        assert page.status_code == 422
        assert "no longer offered" in page.json()["error"]

    def test_an_accepted_draft(self) -> None:
        Segment.objects.filter(pk=self.a.pk).update(is_draft=True)
        page = self.do("accept", segment=self.a.pk, version=1)
        assert page.json()["segments"][0]["is_draft"] is False

    def test_nonsense_is_refused_and_changes_nothing(self) -> None:
        for answers in (
            {"segment": "x"},
            {"segment": self.a.pk, "version": "nan"},
            {"at": "inf"},
            {"at": "nan"},
            {"min_silence": "0"},
            {"min_silence": "-1"},
            {"model": "x"},
        ):
            for deed in ("write", "split", "merge", "move", "recut"):
                assert self.do(deed, **answers).status_code in (400, 409, 422), answers
        assert self.do("split", segment=self.a.pk, version=1, at=99).status_code == 422
        assert self.do("move", segment=self.a.pk, version=1).status_code == 422
        assert self.do("recut", revision=1).status_code == 422
        assert self.do("nothing").status_code == 404
        assert self.do("undo").status_code == 422
        for odd in ("x", "-1", "9" * 30):
            assert self.news(odd, odd)["revision"] == 1
        assert texts_of(self.recording) == ["one two", "three"]

    def test_a_deed_must_be_posted(self) -> None:
        url = reverse("desk-do", args=[self.recording.pk, "done"])
        assert self.client.get(url).status_code == 405

    def test_a_recording_that_waits_to_be_cut_says_so(self) -> None:
        Segment.objects.filter(recording=self.recording).delete()
        Recording.objects.update(is_ready=False, segment_count=0)
        page = self.client.get(self.recording.get_absolute_url())
        self.assertContains(page, "waits to be cut")

    def test_a_text_is_shown_and_never_run(self) -> None:
        self.write("<script>alert(1)</script></textarea>")
        page = self.client.get(self.recording.get_absolute_url())
        self.assertNotContains(page, "<script>alert(1)")
        self.assertContains(page, "&lt;script&gt;alert(1)")
