from __future__ import annotations

from django.urls import reverse

from editor.models import EditorSet
from evaluations.models import Candidate, Evaluation
from jobs.models import Job
from speechstudio.test import make_dataset, make_evaluation
from training.models import PlannedTest, SpeechModel
from training.tests.test_pages import ModelTestCase

Status = Job.Status


class TestsOfAModelTestCase(ModelTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.model = self.make()
        self.url = self.model.get_absolute_url()

    def finish(self, base: int, custom: int, role: str, verdict: str) -> Evaluation:
        """A finished test that was planned, with so many of 100 words wrong."""
        test = make_evaluation(self.project, self.dataset, [self.base, self.model])
        PlannedTest.objects.create(
            pk=test.pk, model=self.model, dataset=self.dataset, role=role, is_made=True
        )
        candidates = Candidate.objects.filter(evaluation=test)
        for model, errors in ((self.base, base), (self.model, custom)):
            candidates.filter(model=model).update(
                words=100, substitutions=errors, is_complete=True
            )
        Evaluation.objects.filter(pk=test.pk).update(
            status=Status.SUCCEEDED,
            comparisons=[
                {
                    "old": candidates.get(model=self.base).pk,
                    "new": candidates.get(model=self.model).pk,
                    "utterances": 50,
                    "difference": (custom - base) / 100,
                    "low": -0.5,
                    "high": 0.5,
                    "verdict": verdict,
                }
            ],
        )
        return test

    def test_a_test_shows_base_and_custom(self) -> None:
        test = self.finish(20, 5, "test", "better")
        page = self.client.get(self.url)
        self.assertContains(page, test.get_absolute_url())
        for said in ("20.0 %", "5.0 %", "-15.0 points", "Better"):
            self.assertContains(page, said)
        self.assertNotContains(page, "every 2s")

    def test_a_guard_says_whether_the_model_forgot(self) -> None:
        cases = [
            (5, 3, "better", "Better"),
            (5, 6, "unclear", "Not clearly worse"),
            (5, 9, "worse", "Worse on general speech"),
        ]
        for base, custom, verdict, said in cases:
            test = self.finish(base, custom, "guard", verdict)
            page = self.client.get(self.url)
            self.assertContains(page, said)
            # The page of the test says the same.
            result = str(self.client.get(test.get_absolute_url()).content)
            assert {"better": "is better than", "worse": "is worse than"}.get(
                verdict, "No difference can be told"
            ) in result
            PlannedTest.objects.all().delete()
            test.delete()

    def test_a_planned_test_is_shown_and_waited_for(self) -> None:
        other = make_dataset(self.project, name="Visits")
        PlannedTest.objects.create(model=self.model, dataset=other)
        page = self.client.get(self.url)
        self.assertContains(page, "Visits")
        self.assertContains(page, "Planned")
        self.assertContains(page, "every 2s")
        url = reverse("model-status", args=[self.model.pk])
        assert "HX-Refresh" not in self.client.get(url).headers
        PlannedTest.objects.all().delete()
        assert "HX-Refresh" in self.client.get(url).headers

    def test_a_failed_training_promises_no_tests(self) -> None:
        PlannedTest.objects.create(model=self.model, dataset=self.dataset)
        SpeechModel.objects.filter(pk=self.model.pk).update(status=Status.FAILED)
        self.assertNotContains(self.client.get(self.url), "Planned")

    def test_a_model_that_a_test_uses_is_not_deleted(self) -> None:
        test = make_evaluation(self.project, self.dataset, [self.model])
        url = reverse("model-delete", args=[self.model.pk])
        for page in (self.client.get(url), self.client.post(url)):
            assert "cannot be deleted yet" in str(page.content)
            assert test.get_absolute_url() in str(page.content)
        assert page.status_code == 409
        assert SpeechModel.objects.filter(pk=self.model.pk).exists()

    def test_a_model_that_writes_drafts_is_not_deleted(self) -> None:
        made = EditorSet.objects.create(
            project=self.project, name="Round", model=self.model
        )
        url = reverse("model-delete", args=[self.model.pk])
        self.assertContains(self.client.post(url), "Round", status_code=409)
        EditorSet.objects.filter(pk=made.pk).update(status=Status.SUCCEEDED)
        self.client.post(url)
        assert not SpeechModel.objects.filter(pk=self.model.pk).exists()
