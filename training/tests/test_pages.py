from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.timezone import now

from engines.fake import FakeEngine
from jobs.models import Job
from projects.services import set_role
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)
from speechstudio.tests.queries import queries
from training.models import Package, PlannedTest, SpeechModel

Status = Job.Status
CURVE = [
    {"number": 0, "loss": None, "held_out_loss": 2.5, "errors": 19, "words": 100},
    {"number": 1, "loss": 1.25, "held_out_loss": 1.5, "errors": 9, "words": 100},
    {"number": 2, "loss": 0.625, "held_out_loss": 1.75, "errors": 11, "words": 100},
]


def held_out(
    base: int, custom: int, verdict: str, low: float = -0.2, high: float = -0.05
) -> dict[str, Any]:
    """Both models on 200 words, with so many of them substituted."""
    none = {"words": 200, "insertions": 0, "deletions": 0}
    return {
        "clips": 40,
        "words": 200,
        "base": {**none, "substitutions": base},
        "custom": {**none, "substitutions": custom},
        "difference": {"low": low, "high": high, "verdict": verdict},
        "best": 1,
    }


class ModelTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = make_model("Whisper tiny.en", adapts_with="Acoustic Language")
        self.dataset = make_dataset(self.project, name="Ward round", use="training")
        self.list_url = reverse("model-list", args=[self.project.pk])

    def make(self, name: str = "Clinic 1", **fields: Any) -> SpeechModel:
        fields = {"project": self.project, "base": self.base} | fields
        model = make_model(name, reference=f"custom:{uuid4()}", **fields)
        model.datasets.add(self.dataset)
        return model


class ListTestCase(ModelTestCase):
    def test_it_works(self) -> None:
        self.make(
            held_out=held_out(40, 10, "better"),
            transcription_expires=datetime(2090, 1, 15, tzinfo=UTC),
        )
        page = self.client.get(self.list_url)
        for said in (
            "Clinic 1",
            "Whisper tiny.en",
            "Ward round",
            "20.0 % → 5.0 %",
            "Better",
            "15 Jan 2090",
        ):
            self.assertContains(page, said)
        self.assertContains(page, 'aria-current="page"><span class="icon icon-model"')

    def test_base_models_are_not_listed(self) -> None:
        self.make()
        page = self.client.get(self.list_url)
        assert [model.name for model in page.context["page"]] == ["Clinic 1"]

    def test_models_of_other_projects_are_not_listed(self) -> None:
        make_model("Theirs", project=type(self.project).objects.create(name="Other"))
        self.assertNotContains(self.client.get(self.list_url), "Theirs")

    def test_a_model_that_is_not_better_is_labelled(self) -> None:
        cases = [
            (held_out(10, 40, "worse"), "Not better than base"),
            (held_out(10, 10, "unclear"), "Not better than base"),
            (held_out(11, 10, "unclear"), "Cannot tell"),
        ]
        for figures, label in cases:
            model = self.make(held_out=figures)
            self.assertContains(self.client.get(self.list_url), label)
            model.delete()

    def test_a_failed_training_has_no_date_of_expiry(self) -> None:
        expires = datetime(2090, 1, 15, tzinfo=UTC)
        model = self.make(status=Status.FAILED, transcription_expires=expires)
        for url in (self.list_url, model.get_absolute_url()):
            self.assertNotContains(self.client.get(url), "2090")

    def test_without_text_there_is_no_weight_of_it(self) -> None:
        model = self.make()
        self.assertNotContains(
            self.client.get(model.get_absolute_url()), "Weight of the text"
        )
        text = make_dataset(self.project, name="Words", kind="Language")
        model.datasets.add(text)
        self.assertContains(
            self.client.get(model.get_absolute_url()), "Weight of the text"
        )

    def test_it_is_searched_filtered_and_sorted_by_the_address(self) -> None:
        self.make("Alpha", description="of the ward")
        self.make("Beta", status=Status.FAILED)

        def names(**query: str) -> list[str]:
            page = self.client.get(self.list_url, query)
            return [model.name for model in page.context["page"]]

        assert names() == ["Beta", "Alpha"]
        assert names(sort="name") == ["Alpha", "Beta"]
        assert names(q="ward") == ["Alpha"]
        assert names(q="tiny", status="Failed") == ["Beta"]
        assert names(q="nothing of the kind") == []
        assert names(sort="nonsense", page="x", status="y") == names()

    def test_it_polls_only_while_something_is_active(self) -> None:
        model = self.make(status=Status.NOT_STARTED)
        self.assertContains(self.client.get(self.list_url), "every 2s")
        model.start()
        model.report(30, 120)
        page = self.client.get(self.list_url, headers={"HX-Request": "true"})
        self.assertContains(page, "25 %")
        self.assertNotContains(page, "<html")
        model.succeed()
        self.assertNotContains(self.client.get(self.list_url), "every 2s")

    def test_it_costs_as_many_queries_for_many_as_for_one(self) -> None:
        self.make(held_out=held_out(40, 10, "better"))
        one = queries(self.client, self.list_url)
        for number in range(19):
            self.make(f"Clinic {number}", held_out=held_out(40, 10, "better"))
        assert queries(self.client, self.list_url) == one

    def test_an_empty_project_says_what_to_do(self) -> None:
        page = self.client.get(self.list_url)
        self.assertContains(page, "Train a new model", count=2)
        self.dataset.delete()
        self.assertContains(self.client.get(self.list_url), "Upload some first")
        self.base.delete()
        self.assertContains(self.client.get(self.list_url), "BASE_MODELS")
        self.client.force_login(self.bob)
        page = self.client.get(self.list_url)
        self.assertContains(page, "When an editor of the project trains a model")

    def test_strangers_get_404(self) -> None:
        self.assert_stranger_gets_404(self.list_url)


class DetailTestCase(ModelTestCase):
    def page(self, model: SpeechModel) -> str:
        page = self.client.get(model.get_absolute_url())
        assert page.status_code == 200
        return str(page.content, "utf-8")

    def test_it_works(self) -> None:
        model = self.make(
            description="First try",
            curve=CURVE,
            held_out=held_out(40, 10, "better"),
            seed=7,
            recipe={
                "data": [{"id": str(self.dataset.pk), "name": "Ward round"}],
                "settings": {"learning_rate": 0.0001},
                "versions": {"torch": "2.13.0"},
                "notes": ["Two clips were left out."],
            },
            transcription_expires=datetime(2090, 1, 15, tzinfo=UTC),
        )
        page = self.page(model)
        for said in (
            f'data-copy="{model.pk}"',
            "First try",
            "Whisper tiny.en",
            "Ward round",
            "20.0 %",
            "5.0 %",
            "-15.0",
            "-20.0 to -5.0",
            "Better.",
            "learning_rate",
            "2.13.0",
            "Two clips were left out.",
            "15 Jan 2090",
        ):
            assert said in page, said

    def test_the_curve_is_drawn_and_written_with_the_kept_pass(self) -> None:
        page = self.page(self.make(curve=CURVE, held_out=held_out(40, 10, "better")))
        assert page.count("<polyline") == 3
        assert page.count("Kept</span>") == 1
        assert ">1.250</td>" in page
        assert ">9.0 %</td>" in page
        assert "<script>" not in page
        assert "style=" not in page

    def test_what_is_better_and_what_is_not_is_said_in_plain_words(self) -> None:
        cases = [
            (held_out(40, 10, "better"), "more than chance can explain"),
            (held_out(10, 40, "worse"), "Not better than the base model"),
            (held_out(10, 10, "unclear"), "Not better than the base model"),
            (held_out(11, 10, "unclear"), "Cannot tell."),
            ({}, "Not compared yet."),
        ]
        for figures, said in cases:
            assert said in self.page(self.make(held_out=figures)), said

    def test_an_empty_held_out_part_breaks_nothing(self) -> None:
        figures = held_out(0, 0, "unclear")
        for side in ("base", "custom"):
            figures[side] = dict.fromkeys(figures[side], 0)
        figures["difference"] = {"low": None, "high": None, "verdict": "unclear"}
        assert "Not better than the base model" in self.page(
            self.make(held_out=figures)
        )

    def test_data_that_was_deleted_keeps_its_name(self) -> None:
        model = self.make(
            recipe={"data": [{"id": str(uuid4()), "name": "Old calls", "kind": "x"}]}
        )
        page = self.page(model)
        assert "Old calls" in page
        assert page.count("deleted since") == 1
        assert "Ward round" in page
        assert "deleted since" not in self.page(self.make())
        SpeechModel.objects.filter(pk=model.pk).update(origin="copied")
        assert "of the project that it was copied from" in self.page(model)

    def test_an_expired_model_says_so_and_is_not_offered_for_tests(self) -> None:
        model = self.make(transcription_expires=now() - timedelta(days=1))
        page = self.page(model)
        assert "This model has expired" in page
        assert "Test it" not in page

    def test_a_waiting_and_a_running_training_poll(self) -> None:
        model = self.make(status=Status.NOT_STARTED)
        page = self.page(model)
        assert "In the queue" in page
        assert 'hx-trigger="every 2s"' in page
        assert f"{model.get_absolute_url()}status/?active=1" in page
        model.start()
        SpeechModel.objects.filter(pk=model.pk).update(
            stage="Training, pass 2 of 8", curve=CURVE
        )
        model.report(41, 120)
        url = reverse("model-status", args=[model.pk])
        part = self.client.get(f"{url}?active=1", headers={"HX-Request": "true"})
        self.assertContains(part, "Training, pass 2 of 8")
        self.assertContains(part, "41 of 120 steps")
        self.assertContains(part, "<polyline", count=3)
        self.assertNotContains(part, "<html")
        model.succeed()
        done = self.client.get(f"{url}?active=1", headers={"HX-Request": "true"})
        assert done.headers["HX-Refresh"] == "true"
        assert "hx-trigger" not in self.page(model).split('id="model-body"')[1]

    def test_a_failure_says_why_and_what_to_do(self) -> None:
        model = self.make(
            status=Status.FAILED, error="No usable clip.", error_code="NoUsableClip"
        )
        page = self.page(model)
        assert "No usable clip." in page
        assert "Code: NoUsableClip" in page
        assert "Train again" not in page
        assert f"?base={self.base.pk}&amp;datasets={self.dataset.pk}" in page

    def test_a_failure_of_the_machine_can_be_tried_again(self) -> None:
        model = self.make(status=Status.FAILED, error_code="WorkerLost")
        assert "Train again" in self.page(model)
        self.client.post(reverse("model-retry", args=[model.pk]))
        model.refresh_from_db()
        assert model.status == Status.NOT_STARTED

    def test_the_page_costs_as_many_queries_for_many_tests_as_for_one(self) -> None:
        model = self.make(held_out=held_out(40, 10, "better"), curve=CURVE)
        make_evaluation(self.project, self.dataset, [self.base, model])
        one = queries(self.client, model.get_absolute_url())
        for number in range(5):
            make_evaluation(
                self.project, self.dataset, [self.base, model], f"T{number}"
            )
            PlannedTest.objects.create(
                model=model, dataset=make_dataset(self.project), is_made=False
            )
        assert queries(self.client, model.get_absolute_url()) == one

    def test_base_models_have_no_page(self) -> None:
        assert self.client.get(self.base.get_absolute_url()).status_code == 404


class ChangeTestCase(ModelTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.model = self.make()

    def url(self, name: str) -> str:
        return reverse(f"model-{name}", args=[self.model.pk])

    def test_it_is_renamed(self) -> None:
        answers = {"name": "Clinic 2", "description": "Better"}
        page = self.client.post(self.url("rename"), answers)
        self.assertRedirects(page, self.model.get_absolute_url())
        self.model.refresh_from_db()
        assert (self.model.name, self.model.description) == ("Clinic 2", "Better")
        page = self.client.post(self.url("rename"), {"name": ""})
        assert page.status_code == 422

    def test_it_is_deleted_after_one_question(self) -> None:
        page = self.client.get(self.url("delete"))
        self.assertContains(page, "cannot be undone")
        with fake_engine(FakeEngine()), self.on_commit():
            page = self.client.post(self.url("delete"))
        self.assertRedirects(page, self.list_url)
        assert not SpeechModel.objects.filter(pk=self.model.pk).exists()

    def test_a_training_under_way_says_that_it_will_be_stopped(self) -> None:
        SpeechModel.objects.filter(pk=self.model.pk).update(status=Status.RUNNING)
        self.assertContains(self.client.get(self.url("delete")), "training is stopped")

    def test_the_report_is_downloaded_by_whoever_may_see_it(self) -> None:
        assert self.client.get(self.url("report")).status_code == 404
        name = default_storage.save(
            f"{self.model.folder}/report.json", ContentFile(json.dumps({"used": 3}))
        )
        SpeechModel.objects.filter(pk=self.model.pk).update(report_file=name)
        self.client.force_login(self.bob)
        page = self.client.get(self.url("report"))
        assert json.loads(b"".join(page.streaming_content)) == {"used": 3}
        assert page.headers["Content-Type"] == "application/json"
        assert "Clinic 1 report.json" in page.headers["Content-Disposition"]
        self.assert_stranger_gets_404(self.url("report"))

    def test_viewers_see_and_do_not_change(self) -> None:
        self.client.force_login(self.bob)
        page = self.client.get(self.model.get_absolute_url())
        self.assertContains(page, "Clinic 1")
        for said in ("Rename", "Delete", "Copy to", "Test it"):
            self.assertNotContains(page, said)
        for name in ("rename", "delete", "retry"):
            self.assert_viewer_gets_403(self.url(name))
        set_role(self.project, self.bob.pk, "reviewer")
        for name in ("rename", "delete", "retry"):
            self.assert_viewer_gets_403(self.url(name))

    def test_strangers_get_404(self) -> None:
        for name in ("detail", "status", "rename", "delete", "report"):
            self.assert_stranger_gets_404(self.url(name))
        for name in ("rename", "delete", "retry"):
            self.assert_stranger_gets_404(self.url(name), "post")

    def test_the_job_menu_shows_trainings(self) -> None:
        SpeechModel.objects.filter(pk=self.model.pk).update(status=Status.RUNNING)
        page = self.client.get(reverse("job-menu"))
        self.assertContains(page, self.model.get_absolute_url())
        self.assertNotContains(page, "Whisper tiny.en")

    def test_the_job_menu_shows_exports_to_who_may_have_them(self) -> None:
        Package.objects.create(model=self.model)
        url, page = reverse("model-export", args=[self.model.pk]), reverse("job-menu")
        self.assertContains(self.client.get(page), url)
        self.client.force_login(self.bob)
        self.assertNotContains(self.client.get(page), url)
