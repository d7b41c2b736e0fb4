"""What hangs on what: data, models, tests, projects."""

from __future__ import annotations

from django.urls import reverse

from datasets import services as datasets
from datasets.models import Dataset
from evaluations.models import Evaluation, Hypothesis, Item
from projects import services as projects
from speechstudio.test import (
    BaseTestCase,
    make_dataset,
    make_evaluation,
    make_model,
)
from training.models import PlannedTest, SpeechModel


class LineageTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, name="Ward round", use="training")
        self.model = make_model("custom:1", project=self.project, base=make_model())
        self.model.datasets.add(self.dataset)
        SpeechModel.objects.filter(pk=self.model.pk).update(name="Maple")

    def test_a_page_leads_from_the_data_to_the_tests(self) -> None:
        test = make_dataset(self.project, name="Clinic notes")
        evaluation = make_evaluation(self.project, test, [self.model])
        page = self.client.get(self.model.get_absolute_url())
        for target in (self.dataset, evaluation):
            self.assertContains(page, target.get_absolute_url())

    def test_data_that_was_deleted_is_still_named(self) -> None:
        recipe = {
            "data": [
                {
                    "id": str(self.dataset.pk),
                    "name": "Ward round",
                    "kind": "Acoustic",
                    "trained_on": 90,
                    "left_out": {"no text": 2},
                }
            ]
        }
        SpeechModel.objects.filter(pk=self.model.pk).update(recipe=recipe)
        datasets.delete(self.dataset)
        page = self.client.get(self.model.get_absolute_url())
        self.assertContains(page, "90 clips trained on, 2 left out")

    def test_a_dataset_names_the_models_that_were_trained_on_it(self) -> None:
        page = self.client.get(self.dataset.get_absolute_url())
        self.assertContains(page, "Models trained on it")
        self.assertContains(page, self.model.get_absolute_url())
        self.model.delete()
        page = self.client.get(self.dataset.get_absolute_url())
        self.assertNotContains(page, "Models trained on it")

    def test_data_of_a_model_goes_after_a_warning(self) -> None:
        url = reverse("dataset-delete", args=[self.dataset.pk])
        self.assertContains(self.client.get(url), "the model “Maple”")
        self.client.post(url)
        assert not Dataset.objects.filter(pk=self.dataset.pk).exists()
        assert SpeechModel.objects.filter(pk=self.model.pk).exists()

    def test_data_stays_while_a_model_learns_from_it(self) -> None:
        url = reverse("dataset-delete", args=[self.dataset.pk])
        for status in ("NotStarted", "Running"):
            SpeechModel.objects.filter(pk=self.model.pk).update(status=status)
            self.assertContains(self.client.get(url), "needed to train the model")
            self.client.post(url)
            assert Dataset.objects.filter(pk=self.dataset.pk).exists()

    def test_data_stays_while_a_model_is_to_be_tested_on_it(self) -> None:
        test = make_dataset(self.project)
        PlannedTest.objects.create(model=self.model, dataset=test)
        url = reverse("dataset-delete", args=[test.pk])
        SpeechModel.objects.filter(pk=self.model.pk).update(status="Running")
        self.assertContains(self.client.get(url), "going to test the model")
        SpeechModel.objects.filter(pk=self.model.pk).update(status="Failed")
        self.assertNotContains(self.client.get(url), "cannot be deleted yet")

    def test_a_project_goes_with_tests_of_its_models_and_copies_stay(self) -> None:
        evaluation = make_evaluation(self.project, self.dataset, [self.model])
        item = Item.objects.create(
            evaluation=evaluation, utterance=self.dataset.utterances.get(), position=1
        )
        candidate = evaluation.candidates.get()
        Hypothesis.objects.create(candidate=candidate, item=item)
        PlannedTest.objects.create(model=self.model, dataset=self.dataset)
        other = projects.create(self.alice, "Other", "en-US")
        copy = make_model("custom:2", project=other, base=self.model.base)
        projects.delete(self.project)
        assert list(SpeechModel.objects.exclude(project=None)) == [copy]
        assert not Evaluation.objects.exists()
        assert not PlannedTest.objects.exists()
