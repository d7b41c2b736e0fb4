from __future__ import annotations

from django.urls import reverse

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

    def finish(self, base: int, custom: int, role: str) -> Evaluation:
        """A finished test that was planned, with so many of 100 words wrong."""
        test = make_evaluation(self.project, self.dataset, [self.base, self.model])
        PlannedTest.objects.create(
            pk=test.pk, model=self.model, dataset=self.dataset, role=role, is_made=True
        )
        Evaluation.objects.update(status=Status.SUCCEEDED)
        for model, errors in ((self.base, base), (self.model, custom)):
            Candidate.objects.filter(evaluation=test, model=model).update(
                words=100, substitutions=errors
            )
        return test

    def test_a_test_shows_base_and_custom(self) -> None:
        test = self.finish(20, 5, "test")
        page = self.client.get(self.url)
        self.assertContains(page, test.get_absolute_url())
        for said in ("20.0 %", "5.0 %", "-15.0 points"):
            self.assertContains(page, said)
        self.assertNotContains(page, "every 2s")

    def test_a_guard_says_whether_the_model_forgot(self) -> None:
        cases = [(5, 6, "Not worse"), (5, 9, "Worse on general speech")]
        for base, custom, said in cases:
            test = self.finish(base, custom, "guard")
            self.assertContains(self.client.get(self.url), said)
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

    def test_a_model_that_a_test_uses_is_not_deleted(self) -> None:
        test = make_evaluation(self.project, self.dataset, [self.model])
        url = reverse("model-delete", args=[self.model.pk])
        for page in (self.client.get(url), self.client.post(url)):
            assert "cannot be deleted yet" in str(page.content)
            assert test.get_absolute_url() in str(page.content)
        assert page.status_code == 409
        assert SpeechModel.objects.filter(pk=self.model.pk).exists()
