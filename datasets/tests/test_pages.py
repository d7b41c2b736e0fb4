from __future__ import annotations

from django.core.files.storage import default_storage
from django.urls import reverse

from datasets import services
from datasets.models import Dataset, Finding
from jobs.models import Job
from speechstudio.test import (
    BaseTestCase,
    make_dataset,
    make_evaluation,
    make_zip,
    tone,
)
from speechstudio.tests.queries import queries


class DatasetPagesTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, ["good morning", "good night"])
        self.url = self.dataset.get_absolute_url()

    def test_it_shows_utterances_with_players(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, "good morning")
        utterance = self.dataset.utterances.first()
        self.assertContains(page, reverse("utterance-audio", args=[utterance.pk]))
        self.assertContains(page, 'class="wave" d="M0 ')

    def test_it_searches_utterances(self) -> None:
        page = self.client.get(self.url, {"q": "night"})
        self.assertContains(page, "002.wav")
        self.assertNotContains(page, "001.wav")

    def test_the_report_is_filtered_by_level_and_word(self) -> None:
        for level, text in (("error", "is not audio"), ("note", "was converted")):
            Finding.objects.create(
                dataset=self.dataset, level=level, file="x.wav", line=7, message=text
            )
        page = self.client.get(self.url, {"tab": "report", "level": "error"})
        self.assertContains(page, "s not audio")
        self.assertNotContains(page, "was converted")
        page = self.client.get(self.url, {"tab": "report", "q": "convert"})
        self.assertNotContains(page, "s not audio")

    def test_a_running_import_polls_and_a_finished_one_does_not(self) -> None:
        running = make_dataset(self.project, status=Job.Status.NOT_STARTED)
        running.start()
        running.report(3, 8)
        page = self.client.get(running.get_absolute_url())
        self.assertContains(page, "3 of 8 files")
        self.assertContains(page, "every 1s")
        self.assertNotContains(self.client.get(self.url), "every 1s")

    def test_the_list_is_filtered_and_sorted_by_its_address(self) -> None:
        make_dataset(self.project, name="Broken", status=Job.Status.FAILED)
        url = reverse("dataset-list", args=[self.project.pk])
        page = self.client.get(url, {"status": "Failed", "sort": "-duration"})
        self.assertContains(page, "Broken")
        self.assertNotContains(page, self.url)
        page = self.client.get(url, {"q": "nothing"})
        self.assertContains(page, "No dataset matches")

    def test_an_import_that_the_machine_broke_can_be_repeated(self) -> None:
        file = make_zip({"a.wav": tone(), "trans.txt": "a.wav\tyes\n"})
        dataset = services.upload(self.project, "March", file)
        dataset.start()
        dataset.fail("The worker died.", "WorkerLost")
        page = self.client.get(dataset.get_absolute_url())
        self.assertContains(page, "Import again")
        with self.on_commit():
            self.client.post(reverse("dataset-retry", args=[dataset.pk]))
        dataset.refresh_from_db()
        assert (dataset.status, dataset.error) == (Job.Status.SUCCEEDED, "")
        assert (dataset.attempt, dataset.accepted) == (2, 1)
        assert dataset.utterances.get().transcript == "yes"

    def test_the_list_costs_as_many_queries_for_many_as_for_one(self) -> None:
        url = reverse("dataset-list", args=[self.project.pk])
        few = queries(self.client, url)
        for i in range(19):
            make_dataset(self.project, name=f"D{i}")
        assert queries(self.client, url) == few

    def test_a_page_costs_as_many_queries_for_many_rows_as_for_one(self) -> None:
        few = make_dataset(self.project, ["one"])
        many = make_dataset(self.project, ["one"] * 20)
        for dataset, count in ((few, 1), (many, 20)):
            Finding.objects.bulk_create(
                Finding(dataset=dataset, level="error", file=f"{i}.wav")
                for i in range(count)
            )
        for tab in ("", "?tab=report"):
            one, other = (f"{d.get_absolute_url()}{tab}" for d in (few, many))
            assert queries(self.client, one) == queries(self.client, other)

    def test_it_is_renamed_and_never_changed_otherwise(self) -> None:
        url = reverse("dataset-edit", args=[self.dataset.pk])
        self.client.post(url, {"name": "April", "description": "", "accepted": "9"})
        self.dataset.refresh_from_db()
        assert (self.dataset.name, self.dataset.accepted) == ("April", 2)

    def test_it_is_deleted_with_its_files(self) -> None:
        url = reverse("dataset-delete", args=[self.dataset.pk])
        self.assertContains(self.client.get(url), "calls.zip")
        with self.on_commit():
            self.client.post(url)
        assert not Dataset.objects.exists()
        assert not default_storage.exists(self.dataset.source.name)

    def test_it_stays_while_a_test_uses_it(self) -> None:
        make_evaluation(self.project, self.dataset, name="March")
        url = reverse("dataset-delete", args=[self.dataset.pk])
        page = self.client.post(url, follow=True)
        self.assertContains(page, "used by the test “March”")
        assert Dataset.objects.filter(pk=self.dataset.pk).exists()

    def test_the_original_is_downloaded_under_its_name(self) -> None:
        page = self.client.get(reverse("dataset-source", args=[self.dataset.pk]))
        assert page.getvalue() == b"PK\5\6"
        assert 'attachment; filename="calls.zip"' in page["Content-Disposition"]

    def test_audio_is_served_in_parts_with_its_type(self) -> None:
        utterance = self.dataset.utterances.first()
        url = reverse("utterance-audio", args=[utterance.pk])
        page = self.client.get(url, headers={"Range": "bytes=0-3"})
        assert (page.status_code, page["Content-Type"]) == (206, "audio/wav")
        assert page.getvalue() == b"RIFF"

    def test_strangers_get_404_everywhere_audio_included(self) -> None:
        utterance = self.dataset.utterances.first()
        self.assert_stranger_gets_404(reverse("utterance-audio", args=[utterance.pk]))
        self.assert_stranger_gets_404(self.url)
        for name in ("source", "edit", "delete"):
            url = reverse(f"dataset-{name}", args=[self.dataset.pk])
            self.assert_stranger_gets_404(url)

    def test_viewers_listen_and_cannot_change(self) -> None:
        utterance = self.dataset.utterances.first()
        self.client.force_login(self.bob)
        url = reverse("utterance-audio", args=[utterance.pk])
        assert self.client.get(url).status_code == 200
        for name in ("edit", "delete", "retry"):
            url = reverse(f"dataset-{name}", args=[self.dataset.pk])
            self.assert_viewer_gets_403(url)
