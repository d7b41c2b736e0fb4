from __future__ import annotations

import io
import zipfile
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from editor import heard
from editor.models import EditorSet, Recording, Segment
from editor.tasks import take_in_set
from endpoints import log_list, logs
from endpoints.models import LogEntry
from endpoints.tests.logs import keep, make_endpoint
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from projects.models import Role
from speechstudio.test import BaseTestCase, fake_engine


class LogPagesTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.endpoint = make_endpoint(self.project)

    def url(self, name: str = "list", **query: Any) -> str:
        address = reverse(f"endpoint-log-{name}", args=[self.endpoint.pk])
        return f"{address}?{urlencode(query, doseq=True)}"

    def file_url(self, name: str, entry: LogEntry) -> str:
        return reverse(f"endpoint-log-{name}", args=[self.endpoint.pk, entry.pk])

    def texts(self, **query: Any) -> list[str]:
        page = self.client.get(self.url(**query)).context["page"]
        return [entry.text for entry in page]


class TestList(LogPagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        keep(self.endpoint, "sure", 0.95, "2026-05-30T10:00")
        keep(self.endpoint, "", None, "2026-05-31T00:00")
        keep(self.endpoint, "unsure", 0.4, "2026-05-31T23:59")
        keep(self.endpoint, "an Invoice", 0.7, "2026-06-01T00:00")

    def test_what_was_heard_worst_comes_first(self) -> None:
        assert self.texts() == ["unsure", "an Invoice", "sure", ""]

    def test_it_is_sorted_as_the_address_says(self) -> None:
        assert self.texts(sort="-confidence") == ["sure", "an Invoice", "unsure", ""]
        assert self.texts(sort="-time") == ["an Invoice", "unsure", "", "sure"]

    def test_by_confidence(self) -> None:
        assert self.texts(below=70) == ["unsure"]
        assert self.texts(below=95.1) == ["unsure", "an Invoice", "sure"]

    def test_by_text_in_any_case(self) -> None:
        assert self.texts(q="invoice") == ["an Invoice"]

    def test_by_text_in_any_case_of_any_language(self) -> None:
        keep(self.endpoint, "Äpfel (reif) für Øystein")
        for search in ("äpfel", "ÄPFEL (R", "für øy"):
            assert len(self.texts(q=search)) == 1, search
        assert not self.texts(q="a.*e")

    def test_by_days_of_utc_both_included(self) -> None:
        found = self.texts(since="2026-05-31", until="2026-05-31")
        assert found == ["unsure", ""]

    def test_by_the_last_and_the_first_day_of_all(self) -> None:
        assert len(self.texts(since="0001-01-01", until="9999-12-31")) == 4

    def test_filters_hold_together_and_stay_in_the_address_of_the_heads(self) -> None:
        page = self.client.get(self.url(below=90, since="2026-06-01", sort="time"))
        assert [entry.text for entry in page.context["page"]] == ["an Invoice"]
        assert any("below=90" in head.sort for head in page.context["columns"])

    def test_a_date_that_is_none_finds_nothing_and_says_so(self) -> None:
        page = self.client.get(self.url(until="2026-02-30"))
        assert page.status_code == 400 and not page.context["page"].object_list
        self.assertContains(page, "is no date", status_code=400)
        # Whether anything matches nobody knows.
        self.assertNotContains(page, "No request matches", status_code=400)

    def test_the_order_can_be_chosen_where_there_are_no_heads(self) -> None:
        page = self.client.get(self.url(sort="-time"))
        self.assertContains(page, '<option value="-time" selected>Newest first')
        asked = [value for value, _ in log_list.ORDERS]
        assert {value.removeprefix("-") for value in asked} == set(log_list.SORTS)

    def test_logs_of_other_endpoints_are_elsewhere(self) -> None:
        keep(make_endpoint(self.project, name="Other"), "elsewhere")
        assert "elsewhere" not in self.texts()

    def test_a_page_costs_as_many_queries_for_four_as_for_thirty(self) -> None:
        with self.assertNumQueries(9):
            self.client.get(self.url())
        for _ in range(26):
            keep(self.endpoint)
        with self.assertNumQueries(9):
            self.client.get(self.url())

    def test_who_views_can_listen_and_take_away_but_not_delete(self) -> None:
        self.client.force_login(self.bob)
        page = self.client.get(self.url())
        self.assertContains(page, self.url("download").rstrip("?"))
        self.assertNotContains(page, self.url("delete").rstrip("?"))
        self.assertNotContains(page, self.url("correct").rstrip("?"))

    def test_an_empty_list_says_how_to_get_logs(self) -> None:
        LogEntry.objects.all().delete()
        self.assertContains(self.client.get(self.url()), "Content logging is off")


class TestFiles(LogPagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = keep(self.endpoint, "one two")

    def test_a_part_of_the_sound_can_be_asked_for(self) -> None:
        url = self.file_url("audio", self.entry)
        answer = self.client.get(url, headers={"Range": "bytes=0-3"})
        assert answer.status_code == 206
        assert b"".join(answer) == b"RIFF"  # type: ignore[arg-type]

    def test_a_saved_file_is_named_after_its_session(self) -> None:
        answer = self.client.get(self.file_url("audio", self.entry) + "?download=1")
        assert f"__{self.entry.pk}.wav" in answer.headers["Content-Disposition"]
        answer = self.client.get(self.file_url("transcript", self.entry))
        assert f"__{self.entry.pk}.v2.json" in answer.headers["Content-Disposition"]

    def test_what_was_deleted_alone_is_not_offered(self) -> None:
        audio, transcript = (
            self.file_url(name, self.entry) for name in ("audio", "transcript")
        )
        logs.delete_part(self.entry, "audio")
        page = self.client.get(self.url())
        self.assertNotContains(page, audio)
        self.assertContains(page, transcript)
        assert self.client.get(audio).status_code == 404
        other = keep(self.endpoint, "three four")
        logs.delete_part(other, "transcript")
        page = self.client.get(self.url())
        self.assertContains(page, self.file_url("audio", other))
        self.assertNotContains(page, self.file_url("transcript", other))
        self.assertNotContains(page, "three four")

    def test_files_of_another_endpoint_are_not_found(self) -> None:
        other = make_endpoint(self.project, name="Other")
        for name in ("audio", "transcript"):
            url = reverse(f"endpoint-log-{name}", args=[other.pk, self.entry.pk])
            assert self.client.get(url).status_code == 404


class TestDownload(LogPagesTestCase):
    def members(self, **query: Any) -> list[str]:
        answer = self.client.get(self.url("download", **query))
        assert answer.headers["Content-Type"] == "application/zip"
        packed = io.BytesIO(b"".join(answer))  # type: ignore[arg-type]
        with zipfile.ZipFile(packed) as archive:
            assert archive.testzip() is None
            return archive.namelist()

    def pair(self, entry: LogEntry) -> list[str]:
        stem = entry.audio.rpartition("/")[2].removesuffix(".wav")
        return [f"{stem}.wav", f"{stem}.v2.json"]

    def test_all_that_match_oldest_first(self) -> None:
        late = keep(self.endpoint, "one two", 0.4, "2026-06-01T00:00")
        early = keep(self.endpoint, "two three", 0.4, "2026-05-31T00:00")
        keep(self.endpoint, "four", 0.9)
        found = self.members(all=1, below=50)
        assert found == self.pair(early) + self.pair(late)

    def test_the_ticked_ones_alone(self) -> None:
        chosen = keep(self.endpoint)
        keep(self.endpoint)
        found = self.members(row=[str(chosen.pk), "nonsense", "\0"])
        assert found == self.pair(chosen)

    def test_what_was_deleted_meanwhile_is_left_out(self) -> None:
        entry = keep(self.endpoint)
        default_storage.delete(entry.audio)
        assert self.members(all=1) == self.pair(entry)[1:]

    def test_without_a_choice_it_goes_back_to_the_list(self) -> None:
        keep(self.endpoint)
        answer = self.client.get(self.url("download", below=50))
        self.assertRedirects(answer, self.url(below=50))


class TestDeleting(LogPagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        for day in (1, 2, 3):
            keep(self.endpoint, f"day {day}", 0.5, f"2026-06-0{day}T12:00")

    def left(self) -> set[str]:
        return set(self.endpoint.log_entries.values_list("text", flat=True))

    def test_it_asks_first(self) -> None:
        page = self.client.get(self.url("delete", all=1))
        self.assertContains(page, "Delete 3 logged requests?")
        assert len(self.left()) == 3

    def test_up_to_a_day_which_is_included(self) -> None:
        self.client.post(self.url("delete", all=1, until="2026-06-02"))
        assert self.left() == {"day 3"}

    def test_one(self) -> None:
        entry = self.endpoint.log_entries.get(text="day 2")
        page = self.client.post(self.url("delete", row=entry.pk), follow=True)
        self.assertContains(page, "1 logged request was deleted")
        assert self.left() == {"day 1", "day 3"}
        assert not default_storage.exists(entry.audio)

    def test_all(self) -> None:
        self.client.post(self.url("delete", all=1))
        assert not self.left()

    def test_what_came_after_the_question_stays(self) -> None:
        asked = self.client.get(self.url("delete", all=1)).context["moment"]
        keep(self.endpoint, "later")
        answers = {"before": asked.isoformat()}
        page = self.client.post(self.url("delete", all=1), answers, follow=True)
        self.assertContains(page, "3 logged requests were deleted")
        assert self.left() == {"later"}

    def test_a_moment_that_is_none_deletes_nothing(self) -> None:
        page = self.client.post(self.url("delete", all=1), {"before": "soon"})
        self.assertContains(page, "Delete 3 logged requests?")
        assert len(self.left()) == 3

    def test_nonsense_in_the_place_of_a_date_deletes_nothing(self) -> None:
        url = self.url("delete", all=1, until="June")
        self.assertContains(self.client.get(url), "is no date", status_code=400)
        self.client.post(url)
        assert len(self.left()) == 3

    def test_ticks_of_another_endpoint_delete_nothing(self) -> None:
        other = keep(make_endpoint(self.project, name="Other"))
        self.client.post(self.url("delete", row=other.pk))
        assert LogEntry.objects.filter(pk=other.pk).exists() and len(self.left()) == 3


class TestCorrecting(LogPagesTestCase):
    def correct(self, client: Client | None = None, **query: Any) -> Any:
        answers = {"name": "Unsure", "description": ""}
        with self.captureOnCommitCallbacks():
            return (client or self.client).post(self.url("correct", **query), answers)

    def test_logs_become_drafts_of_the_editor(self) -> None:
        keep(self.endpoint, "Sure.", 0.9)
        keep(self.endpoint, "Two words?", 0.2)
        keep(self.endpoint, "", None)
        page = self.client.get(self.url("correct", all=1))
        assert page.context["form"].initial["name"] == "Logs of Ward"
        answer = self.correct(all=1)
        made = EditorSet.objects.get()
        self.assertRedirects(answer, made.get_absolute_url())
        with fake_engine(FakeEngine()) as engine:
            take_in_set(str(made.pk))
        made.refresh_from_db()
        assert made.status == Job.Status.SUCCEEDED and engine.calls == []
        rows = Segment.objects.order_by("recording__position")
        drafts = [(row.text, row.is_draft) for row in rows]
        assert drafts == [("Two words?", True), ("Sure.", True), ("", False)]
        assert {row.end for row in rows} == {0.5}

    def test_the_copies_stay_when_the_logs_are_deleted(self) -> None:
        keep(self.endpoint)
        self.correct(all=1)
        self.client.post(self.url("delete", all=1))
        recording = Recording.objects.get()
        assert default_storage.exists(str(recording.audio.name))

    def test_a_page_says_where_the_recordings_are_from(self) -> None:
        keep(self.endpoint)
        made = EditorSet.objects.get(pk=self.correct(all=1).url.split("/")[-2])
        page = self.client.get(made.get_absolute_url())
        self.assertContains(page, "Copies of logged requests")

    def test_a_form_that_is_sent_twice_makes_one_set(self) -> None:
        keep(self.endpoint)
        url = self.url("correct", all=1)
        key = self.client.get(url).context["key"]
        for _ in range(2):
            self.client.post(url, {"name": "Unsure", "key": key})
        assert EditorSet.objects.count() == 1
        assert len(default_storage.listdir(EditorSet.objects.get().folder)[1]) == 1

    def test_the_key_of_another_project_is_no_obstacle(self) -> None:
        abroad = projects.create(self.alice, "Abroad", "en-US")
        other = EditorSet.objects.create(project=abroad, name="Theirs")
        keep(self.endpoint)
        answers = {"name": "Unsure", "key": other.pk}
        assert self.client.post(self.url("correct", all=1), answers).status_code == 302
        other.refresh_from_db()
        assert other.project == abroad and other.name == "Theirs"
        assert self.project.editor_sets.count() == 1

    def test_too_many_are_refused_with_the_limit(self) -> None:
        for _ in range(3):
            keep(self.endpoint)
        with patch.object(heard, "MOST_RECORDINGS", 2):
            page = self.client.get(self.url("correct", all=1))
            self.assertContains(page, "These are 3 recordings", status_code=422)
            assert self.correct(all=1).status_code == 422
        assert not EditorSet.objects.exists()

    def test_nothing_chosen_makes_nothing(self) -> None:
        keep(self.endpoint)
        page = self.correct()
        self.assertContains(page, "Choose some recordings first", status_code=422)

    def test_sound_that_is_gone_is_left_out(self) -> None:
        gone, there = keep(self.endpoint, "gone"), keep(self.endpoint, "there")
        default_storage.delete(gone.audio)
        logs.delete_part(keep(self.endpoint, "deleted alone"), "audio")
        self.correct(all=1)
        assert Recording.objects.get().transcript == there.text


class TestAccess(LogPagesTestCase):
    def test_a_stranger_finds_nothing(self) -> None:
        entry = keep(self.endpoint)
        for name in ("list", "download", "delete", "correct"):
            self.assert_stranger_gets_404(self.url(name))
        for name in ("audio", "transcript"):
            self.assert_stranger_gets_404(self.file_url(name, entry))
        for name in ("delete", "correct"):
            self.assert_stranger_gets_404(self.url(name, all=1), "post")

    def test_who_views_changes_nothing(self) -> None:
        keep(self.endpoint)
        for name in ("delete", "correct"):
            self.assert_viewer_gets_403(self.url(name, all=1))
        assert self.endpoint.log_entries.count() == 1

    def test_an_editor_may(self) -> None:
        projects.set_role(self.project, self.bob.pk, Role.EDITOR)
        keep(self.endpoint)
        self.client.force_login(self.bob)
        self.client.post(self.url("delete", all=1))
        assert not self.endpoint.log_entries.exists()
