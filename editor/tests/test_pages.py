from __future__ import annotations

from uuid import uuid4

from django.urls import reverse

from datasets.models import Dataset
from editor.models import EditorSet, Export, Recording, Replacement, Segment
from editor.tests.sets import make_set, texts_of
from jobs.models import Job
from projects import services as projects
from projects.models import Role
from speechstudio.test import BaseTestCase, make_dataset, make_model
from speechstudio.tests.queries import queries


class AccessTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.set = make_set(self.project)
        self.recording = self.set.recordings.get()
        self.former = Replacement.objects.create(editor_set=self.set, find="x")
        one, row = [self.set.pk], self.recording.pk
        self.reads = [
            reverse("editor-list", args=[self.project.pk]),
            reverse("editor-detail", args=one),
            reverse("editor-recording", args=[*one, 1]),
            reverse("desk-audio", args=[row]),
            reverse("desk-news", args=[row]),
        ]
        self.edits = [
            reverse("editor-step", args=[self.project.pk, "data"]),
            reverse("editor-edit", args=one),
            reverse("editor-delete", args=one),
            reverse("editor-export", args=one),
        ]
        self.reviews = [
            reverse("editor-replace", args=one),
            reverse("editor-replace-undo", args=[*one, self.former.pk]),
            *(
                reverse("desk-do", args=[row, deed])
                for deed in ("write", "split", "merge", "move", "recut", "done")
            ),
        ]

    def test_a_stranger_finds_nothing(self) -> None:
        for url in self.reads:
            self.assert_stranger_gets_404(url)
        for url in [*self.edits, *self.reviews]:
            self.assert_stranger_gets_404(url, "post")

    def test_a_viewer_reads_and_changes_nothing(self) -> None:
        self.client.force_login(self.bob)
        for url in self.reads:
            assert self.client.get(url).status_code == 200, url
        for url in [*self.edits, *self.reviews]:
            self.assert_viewer_gets_403(url)
        page = self.client.get(self.reads[2]).content.decode()
        assert "<textarea" not in page
        assert "one two three" in page

    def test_a_reviewer_writes_but_neither_exports_nor_deletes(self) -> None:
        projects.set_role(self.project, self.bob.pk, Role.REVIEWER)
        self.client.force_login(self.bob)
        segment = self.recording.segments.get()
        answers = {"segment": segment.pk, "version": 1, "text": "new"}
        assert self.client.post(self.reviews[2], answers).status_code == 200
        assert texts_of(self.recording) == ["new"]
        for url in self.edits:
            assert self.client.post(url).status_code == 403, url

    def test_who_is_not_signed_in_is_sent_to_the_sign_in(self) -> None:
        self.client.logout()
        for url in [*self.reads, *self.edits]:
            assert self.client.get(url).status_code == 302


class WizardTestCase(BaseTestCase):
    def step(self, name: str) -> str:
        return reverse("editor-step", args=[self.project.pk, name])

    def test_from_the_data_to_the_set(self) -> None:
        dataset = make_dataset(self.project, ["", ""], kind=Dataset.Kind.AUDIO)
        model = make_model()
        page = self.client.get(self.step("data"))
        self.assertContains(page, "Calls")
        answers = {"datasets": dataset.pk, "drafts": model.pk, "name": "Clinic"}
        self.assertContains(self.client.get(self.step("drafts"), answers), "base")
        self.assertContains(self.client.get(self.step("review"), answers), "By base")
        key = uuid4()
        with self.on_commit():
            for _ in range(2):
                page = self.client.post(self.step("review"), answers | {"key": key})
        made = EditorSet.objects.get()
        assert (made.pk, made.name, made.model) == (key, "Clinic", model)
        self.assertRedirects(page, made.get_absolute_url())

    def test_only_recordings_of_this_project_that_were_imported_are_offered(
        self,
    ) -> None:
        make_dataset(self.project, name="Failed", status=Job.Status.FAILED)
        make_dataset(self.project, name="Text", kind=Dataset.Kind.PLAIN_TEXT)
        other = projects.create(self.alice, "Other", "en-US")
        theirs = make_dataset(other, name="Theirs")
        page = self.client.get(self.step("data"))
        self.assertContains(page, "No recordings to edit")
        answers = {"datasets": theirs.pk, "drafts": "none", "name": "x"}
        page = self.client.post(self.step("review"), answers)
        assert page.status_code == 302
        assert not EditorSet.objects.exists()

    def test_a_missing_answer_leads_back_to_its_step(self) -> None:
        dataset = make_dataset(self.project)
        page = self.client.get(self.step("review"), {"datasets": dataset.pk})
        assert page.status_code == 302
        assert "/drafts/" in page.headers["Location"]
        page = self.client.get(page.headers["Location"])
        self.assertContains(page, "Say who writes the drafts")

    def test_it_says_when_no_model_speaks_the_language(self) -> None:
        dataset = make_dataset(self.project, kind=Dataset.Kind.AUDIO)
        make_model("german", languages="de")
        page = self.client.get(self.step("drafts"), {"datasets": dataset.pk})
        self.assertContains(page, "No model speaks English (United States)")

    def test_the_dataset_may_come_along_in_the_address(self) -> None:
        dataset = make_dataset(self.project)
        page = self.client.get(self.step("drafts"), {"datasets": dataset.pk})
        self.assertContains(page, f'name="datasets" value="{dataset.pk}"')

    def test_an_unknown_step_is_not_there(self) -> None:
        assert self.client.get(self.step("nothing")).status_code == 404


class SetTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.set = make_set(self.project, ["metro pole", ["two", ""], "three"])
        self.url = reverse("editor-detail", args=[self.set.pk])

    def names(self, **query: str) -> list[str]:
        page = self.client.get(self.url, query)
        return [row.name for row in page.context["page"]]

    def test_the_table_is_searched_filtered_and_sorted(self) -> None:
        Recording.objects.filter(position=2).update(is_done=True)
        Recording.objects.filter(position=3).update(draft_count=1)
        assert self.names() == ["001.wav", "002.wav", "003.wav"]
        assert self.names(sort="-name")[0] == "003.wav"
        assert self.names(q="metro") == ["001.wav"]
        assert self.names(q="003") == ["003.wav"]
        assert self.names(state="done") == ["002.wav"]
        assert self.names(state="draft") == ["003.wav"]
        assert self.names(state="original") == ["001.wav"]
        assert self.names(state="empty") == ["002.wav"]
        assert self.names(state="waiting") == []
        assert self.names(state="nonsense", sort="nonsense")[0] == "001.wav"

    def test_it_asks_the_database_no_more_for_more_recordings(self) -> None:
        few = queries(self.client, self.url)
        make_set(self.project, ["x"] * 20)
        other = EditorSet.objects.exclude(pk=self.set.pk).get()
        many = queries(self.client, reverse("editor-detail", args=[other.pk]))
        assert many <= few + 1

    def test_the_list_counts_what_is_done(self) -> None:
        Recording.objects.filter(position=2).update(is_done=True)
        page = self.client.get(reverse("editor-list", args=[self.project.pk]))
        counts = page.context["rows"][0]["counts"]
        assert (counts["recordings"], counts["done"]) == (3, 1)
        self.assertContains(page, "Corrections")

    def test_the_part_with_the_jobs_polls_only_while_there_is_one(self) -> None:
        assert "hx-trigger" not in self.jobs()
        EditorSet.objects.update(status=Job.Status.RUNNING)
        assert 'hx-trigger="every 2s"' in self.jobs()
        EditorSet.objects.update(status=Job.Status.SUCCEEDED)
        page = self.client.get(
            self.url + "?importing=1", headers={"HX-Request": "true"}
        )
        assert page.headers["HX-Refresh"] == "true"

    def jobs(self) -> str:
        page = self.client.get(self.url, headers={"HX-Request": "true"})
        return page.content.decode()

    def test_export_of_ticked_rows(self) -> None:
        url = reverse("editor-export", args=[self.set.pk]) + "?row=1&row=2"
        self.assertContains(self.client.get(url), "1 segment without text")
        answers = {"name": "Corrected", "use": "testing", "key": uuid4()}
        for _ in range(2):
            page = self.client.post(url, answers)
            self.assertRedirects(page, self.url)
        made = Export.objects.get()
        assert (made.chosen, made.use) == ([1, 2], "testing")

    def test_export_of_all_that_match(self) -> None:
        url = reverse("editor-export", args=[self.set.pk]) + "?all=1&q=metro"
        self.client.post(url, {"name": "Corrected", "use": "training"})
        assert Export.objects.get().chosen == [1]

    def test_export_of_nothing_says_so(self) -> None:
        url = reverse("editor-export", args=[self.set.pk])
        self.assertContains(self.client.get(url), "Nothing was chosen")
        for bad in ("?row=x", "?row=99999999999999999999", "?row=-1"):
            self.assertContains(self.client.get(url + bad), "Nothing was chosen")
        page = self.client.post(url, {"name": "x", "use": "training"})
        assert page.status_code in (200, 422)
        assert not Export.objects.exists()

    def test_the_page_says_what_an_export_left_out(self) -> None:
        Export.objects.create(
            editor_set=self.set,
            name="Corrected",
            chosen=[1],
            status=Job.Status.SUCCEEDED,
            kept=40,
            left_out=12,
        )
        page = self.client.get(self.url)
        self.assertContains(page, "12 segments without text were left out")

    def test_replacing_shows_what_would_change_before_it_does(self) -> None:
        url = reverse("editor-replace", args=[self.set.pk])
        answers = {"find": "METRO POLE", "replace": "metoprolol"}
        page = self.client.get(url, answers)
        self.assertContains(page, "1 segment would change")
        assert Segment.objects.filter(text="metro pole").exists()
        with self.on_commit():
            page = self.client.post(url, answers, follow=True)
        self.assertContains(page, 'hx-trigger="every 1s"')
        part = self.client.get(url, headers={"HX-Request": "true"})
        self.assertContains(part, "in 1 segment")
        self.assertNotContains(part, "hx-trigger")
        assert Segment.objects.filter(text="metoprolol").exists()
        undo = reverse(
            "editor-replace-undo", args=[self.set.pk, Replacement.objects.get().pk]
        )
        with self.on_commit():
            self.client.post(undo)
        assert Segment.objects.filter(text="metro pole").exists()
        assert self.client.post(undo).status_code == 404

    def test_a_search_that_finds_nothing_says_so(self) -> None:
        url = reverse("editor-replace", args=[self.set.pk])
        self.assertContains(self.client.get(url, {"find": "zebra"}), "No text has it")
        page = self.client.post(url, {"find": "zebra"})
        self.assertContains(page, "not in any text", status_code=422)

    def test_rename(self) -> None:
        self.client.post(
            reverse("editor-edit", args=[self.set.pk]),
            {"name": "Renamed", "description": "Why"},
        )
        self.set.refresh_from_db()
        assert (self.set.name, self.set.description) == ("Renamed", "Why")

    def test_deleting_names_what_is_lost(self) -> None:
        Recording.objects.filter(position=1).update(edited_at=self.set.created)
        url = reverse("editor-delete", args=[self.set.pk])
        page = self.client.get(url)
        self.assertContains(page, "3 recordings")
        self.assertContains(page, "1 recording was edited")
        with self.on_commit():
            self.client.post(url)
        assert not EditorSet.objects.exists()

    def test_a_failed_import_can_be_tried_again(self) -> None:
        EditorSet.objects.update(status=Job.Status.FAILED, error="No network.")
        self.assertContains(self.client.get(self.url), "No network.")
        self.client.post(reverse("editor-retry", args=[self.set.pk]))
        self.set.refresh_from_db()
        assert self.set.status == Job.Status.NOT_STARTED
