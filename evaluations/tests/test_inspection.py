"""Tests on audio without transcripts: models are compared with each other."""

from __future__ import annotations

from django.urls import reverse

from engines.fake import FakeEngine
from evaluations import services
from evaluations.models import Evaluation, Hypothesis
from jobs.models import Job
from speechstudio.test import BaseTestCase, fake_engine, make_dataset, make_model

BASE = {"1": "patient takes metro pole daily", "2": "no fever", "3": "yes"}
CUSTOM = {"1": "patient takes metoprolol", "2": "no fever", "3": "yes"}


class InspectionTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(
            self.project, ["", "", ""], name="Ward round", kind="AudioFiles"
        )
        self.base = make_model("base")
        self.custom = make_model("custom:1", project=self.project, base=self.base)
        engine = FakeEngine(BASE, custom_texts=CUSTOM, failing={"3"})
        engine.trained["custom:1"] = ("base", None, None)  # type: ignore[assignment]
        self.answers = {
            "kind": "Inspection",
            "dataset": str(self.dataset.pk),
            "models": [str(self.base.pk), str(self.custom.pk)],
            "name": "March",
        }
        with fake_engine(engine), self.on_commit():
            self.client.post(self.step("review"), self.answers)
        self.evaluation = Evaluation.objects.get()
        self.url = self.evaluation.get_absolute_url()

    def step(self, name: str) -> str:
        return reverse("evaluation-step", args=[self.project.pk, name])

    def test_it_works(self) -> None:
        assert self.evaluation.status == Job.Status.SUCCEEDED, self.evaluation.error
        assert self.evaluation.is_inspection
        page = self.client.get(self.url)
        self.assertContains(page, "Inspect quality")
        self.assertContains(page, 'class="differs"')
        self.assertNotContains(page, "Reference</span>")
        self.assertNotContains(page, "error rate")

    def test_differences_are_counted_in_words_from_the_first_model(self) -> None:
        base, custom = self.evaluation.candidates.all()
        assert base.counts.errors == 0
        # "metro pole daily" against "metoprolol", and what failed is left out.
        assert (custom.counts.errors, custom.counts.words) == (3, 7)
        assert (custom.sentences, custom.wrong_sentences, custom.failed) == (2, 1, 1)

    def test_those_that_differ_come_first_and_alone_on_demand(self) -> None:
        page = self.client.get(self.url, {"only": "errors"})
        names = [row.item.utterance.name for row in page.context["rows"]]
        assert names == ["001.wav", "003.wav"]
        self.assertContains(page, "Only where models differ")

    def test_either_model_can_be_the_one_to_compare_with(self) -> None:
        base, custom = self.evaluation.candidates.all()
        page = self.client.get(self.url)
        assert page.context["against"] == base
        page = self.client.get(self.url, {"against": custom.pk})
        assert page.context["against"] == custom
        row = next(r for r in page.context["rows"] if r.item.position == 1)
        kinds = [[m.piece.kind for m in line.marks] for line in row.lines]
        assert set(kinds[1]) == {"equal"}
        assert set(kinds[0]) > {"equal"}
        for wrong in ("", "x", "999999"):
            page = self.client.get(self.url, {"against": wrong})
            assert page.context["against"] == base

    def test_without_the_first_model_nothing_is_compared_with_it(self) -> None:
        base, custom = self.evaluation.candidates.all()
        with fake_engine(FakeEngine(BASE)), self.on_commit():
            assert services.remove_model(self.evaluation, base)
        custom.refresh_from_db()
        assert custom.counts.errors == 0
        assert custom.wrong_sentences == 0

    def test_nothing_differs_from_what_was_not_recognised(self) -> None:
        base, _ = self.evaluation.candidates.all()
        Hypothesis.objects.filter(candidate=base, item__position=1).update(
            error="broken", text=""
        )
        page = self.client.get(f"{self.url}utterances/1/")
        self.assertNotContains(page, 'class="differs" data')

    def test_no_other_page_takes_differences_for_errors(self) -> None:
        for url in (
            reverse("project-detail", args=[self.project.pk]),
            reverse("model-list", args=[self.project.pk]),
            self.custom.get_absolute_url(),
        ):
            page = self.client.get(url)
            self.assertNotContains(page, " → 4")
            self.assertNotContains(page, "42.9 %")

    def test_one_utterance_has_a_page(self) -> None:
        page = self.client.get(f"{self.url}utterances/1/")
        self.assertContains(page, 'class="differs')

    def test_the_list_shows_no_rate(self) -> None:
        page = self.client.get(reverse("evaluation-list", args=[self.project.pk]))
        self.assertContains(page, "not counted")

    def test_audio_alone_is_offered_for_this_and_not_for_accuracy(self) -> None:
        page = self.client.get(self.step("data"), {"kind": "Inspection"})
        self.assertContains(page, "Ward round")
        page = self.client.get(self.step("data"), {"kind": "Evaluation"})
        self.assertNotContains(page, "Ward round")
        answers = self.answers | {"kind": "Evaluation"}
        page = self.client.post(self.step("review"), answers)
        assert page.status_code == 302
        assert Evaluation.objects.count() == 1

    def test_an_unknown_kind_leads_back_to_its_step(self) -> None:
        answers = self.answers | {"kind": "nonsense"}
        page = self.client.get(self.step("review"), answers, follow=True)
        assert page.redirect_chain[-1][0].startswith(self.step("kind"))
        self.assertContains(page, "Choose what to test")

    def test_speech_with_transcripts_can_be_inspected_too(self) -> None:
        make_dataset(self.project, name="With words")
        page = self.client.get(self.step("data"), {"kind": "Inspection"})
        self.assertContains(page, "With words")
