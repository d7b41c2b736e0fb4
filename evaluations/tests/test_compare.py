from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from datasets.models import Utterance
from engines.fake import FakeEngine
from evaluations import services
from evaluations.comparison import Comparison, comparisons
from evaluations.models import Candidate, Evaluation
from evaluations.tasks import make_planned_tests, run_evaluation
from jobs.models import Job
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)
from training.models import PlannedTest, SpeechModel

TEXTS = ["one two three four"] * 12
RIGHT = {str(n): "one two three four" for n in range(1, 13)}
WRONG = dict.fromkeys(RIGHT, "one two four")


class TwoModels(FakeEngine):
    """The base model hears the one, the custom model the other."""

    def __init__(self, base: dict[str, str], custom: dict[str, str]) -> None:
        super().__init__(base, custom_texts=custom)
        self.trained["custom:1"] = ("base", None, None)  # type: ignore[assignment]


class CustomModelTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, TEXTS, name="Ward round")
        self.base = make_model()
        self.custom = make_model("custom:1", project=self.project, base=self.base)
        SpeechModel.objects.filter(pk=self.custom.pk).update(name="Maple")
        self.custom.refresh_from_db()


class CompareTestCase(CustomModelTestCase):
    def run_with(
        self, engine: FakeEngine, models: list[SpeechModel] | None = None
    ) -> Evaluation:
        models = models or [self.base, self.custom]
        evaluation = make_evaluation(self.project, self.dataset, models)
        with fake_engine(engine), self.on_commit():
            run_evaluation(str(evaluation.pk))
        evaluation.refresh_from_db()
        assert evaluation.status == Job.Status.SUCCEEDED, evaluation.error
        return evaluation

    def test_the_list_of_models_has_the_newest_test_where_nothing_was_held_out(
        self,
    ) -> None:
        url = reverse("model-list", args=[self.project.pk])
        self.assertContains(self.client.get(url), "not compared")
        self.run_with(TwoModels(WRONG, RIGHT))
        page = self.client.get(url)
        self.assertContains(page, "25.0 % → 0.0 %")
        self.assertContains(page, "Test of March")
        self.assertContains(page, "Better")

    def test_it_works(self) -> None:
        evaluation = self.run_with(TwoModels(WRONG, RIGHT))
        (one,) = comparisons(evaluation.comparisons, list(evaluation.candidates.all()))
        assert (one.verdict, one.points, one.interval) == (
            "better",
            "25.0",
            "25.0 to 25.0",
        )
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "Maple is better than base by")

    def test_a_worse_model_is_called_worse(self) -> None:
        evaluation = self.run_with(TwoModels(RIGHT, WRONG))
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "Maple is worse than base by")
        self.assertContains(page, "use the base model")

    def test_equal_models_are_not_told_apart(self) -> None:
        evaluation = self.run_with(TwoModels(WRONG, WRONG))
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "No difference can be told")

    def test_few_utterances_prove_nothing(self) -> None:
        self.dataset = make_dataset(self.project, TEXTS[:3])
        evaluation = self.run_with(TwoModels(WRONG, RIGHT))
        assert evaluation.comparisons[0]["verdict"] == "unclear"
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "Too few utterances")

    def test_what_one_of_them_could_not_recognise_counts_for_neither(self) -> None:
        class Failing(TwoModels):
            def transcribe(self, reference, clips, options):  # type: ignore[no-untyped-def]
                self.failing = ["1"] if reference == "custom:1" else []
                yield from list(super().transcribe(reference, clips, options))

        evaluation = self.run_with(Failing(WRONG, RIGHT))
        assert evaluation.comparisons[0]["utterances"] == 11

    def test_speakers_are_drawn_as_a_whole(self) -> None:
        wrong = dict(list(WRONG.items())[:6])
        for row in Utterance.objects.all():
            row.speaker = f"speaker {row.position}"
            row.save()
        known = self.run_with(TwoModels(RIGHT | wrong, RIGHT)).comparisons[0]
        Utterance.objects.filter(position=1).update(speaker="")
        unknown = self.run_with(TwoModels(RIGHT | wrong, RIGHT)).comparisons[0]
        assert known["verdict"] == unknown["verdict"] == "better"

    def test_any_two_models_are_compared(self) -> None:
        models = [self.custom, make_model("other"), make_model("third"), self.base]
        evaluation = self.run_with(TwoModels(WRONG, RIGHT), models)
        found = comparisons(evaluation.comparisons, list(evaluation.candidates.all()))
        said = [(one.new.model.name, one.verdict, one.old.model.name) for one in found]
        assert said == [
            ("other", "worse", "Maple"),
            ("third", "worse", "Maple"),
            ("Maple", "better", "base"),
            ("third", "unclear", "other"),
            ("base", "unclear", "other"),
            ("base", "unclear", "third"),
        ]
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "Each model against each other")
        self.assertContains(page, "Maple is better than base by")
        self.assertNotContains(page, "other is worse than Maple by")

    def test_each_model_has_the_interval_of_its_rate(self) -> None:
        wrong = dict(list(WRONG.items())[:6])
        evaluation = self.run_with(TwoModels(RIGHT | wrong, RIGHT))
        base, custom = evaluation.candidates.all()
        assert base.low is not None and base.high is not None
        assert 0 < base.low < base.counts.rate < base.high < 0.25
        assert (custom.low, custom.high) == (0, 0)
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "95 % interval", count=4)

    def test_it_says_how_much_more_speech_would_tell(self) -> None:
        one_wrong = dict(list(WRONG.items())[:1])
        evaluation = self.run_with(TwoModels(RIGHT | one_wrong, RIGHT))
        (one,) = comparisons(evaluation.comparisons, list(evaluation.candidates.all()))
        assert one.verdict == "unclear"
        assert one.more_seconds is not None and one.more_seconds > 6
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "more of such speech would tell")

    def test_display_text_is_shown_where_it_is_different(self) -> None:
        class Displaying(TwoModels):
            def transcribe(self, reference, clips, options):  # type: ignore[no-untyped-def]
                for one in super().transcribe(reference, clips, options):
                    yield type(one)(one.key, one.text, one.words, display="12 <3>")

        evaluation = self.run_with(Displaying(WRONG, RIGHT), [self.custom])
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "Display text", count=12)
        self.assertContains(page, "12 &lt;3&gt;")
        plain = self.run_with(TwoModels(WRONG, RIGHT), [self.custom])
        page = self.client.get(plain.get_absolute_url())
        self.assertNotContains(page, "Display text")

    def test_the_page_leads_to_the_custom_model(self) -> None:
        evaluation = self.run_with(TwoModels(WRONG, RIGHT))
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, self.custom.get_absolute_url())
        self.assertNotContains(page, f"/models/{self.base.pk}/")

    def test_a_model_that_cannot_be_used_fails_the_test_in_words(self) -> None:
        cases = [
            ({"status": "Failed"}, "ModelNotReady"),
            ({"transcription_expires": now() - timedelta(days=1)}, "ModelDeprecated"),
        ]
        for fields, code in cases:
            evaluation = make_evaluation(self.project, self.dataset, [self.custom])
            SpeechModel.objects.filter(pk=self.custom.pk).update(**fields)
            with fake_engine(FakeEngine()):
                run_evaluation(str(evaluation.pk))
            SpeechModel.objects.filter(pk=self.custom.pk).update(status="Succeeded")
            evaluation.refresh_from_db()
            assert (evaluation.status, evaluation.error_code) == ("Failed", code)
            assert "Maple" in evaluation.error


@pytest.mark.parametrize(
    ("verdict", "low", "high", "interval"),
    [
        ("better", -0.099, -0.051, "5.1 to 9.9"),
        ("worse", 0.01, 0.03, "1.0 to 3.0"),
        ("unclear", -0.012, 0.008, "-0.8 to 1.2"),
    ],
)
def test_intervals_are_of_what_the_sentence_says(
    verdict: str, low: float, high: float, interval: str
) -> None:
    none = Candidate()
    one = Comparison(none, none, 99, (low + high) / 2, low, high, verdict)
    assert one.interval == interval


class PlannedTestCase(CustomModelTestCase):
    def plan(self, **fields: object) -> PlannedTest:
        return PlannedTest.objects.create(
            **{"model": self.custom, "dataset": self.dataset} | fields
        )

    def test_it_works(self) -> None:
        planned = self.plan()
        with fake_engine(TwoModels(WRONG, RIGHT)), self.on_commit():
            Evaluation.tend()
        evaluation = Evaluation.objects.get()
        assert evaluation.pk == planned.pk
        assert (evaluation.name, evaluation.status) == (
            "Maple on Ward round",
            "Succeeded",
        )
        models = [c.model for c in evaluation.candidates.all()]
        assert models == [self.base, self.custom]
        planned.refresh_from_db()
        assert planned.is_made

    def test_a_guard_says_so_in_its_name(self) -> None:
        services.make_planned(self.plan(role=PlannedTest.Role.GUARD))
        assert Evaluation.objects.get().name == "Maple on Ward round (guard)"

    def test_two_supervisors_make_one_test(self) -> None:
        planned = self.plan()
        for _ in range(2):
            services.make_planned(planned)
        assert Evaluation.objects.get().candidates.count() == 2

    def test_a_test_that_was_deleted_does_not_come_back(self) -> None:
        services.make_planned(self.plan())
        services.delete(Evaluation.objects.get())
        make_planned_tests()
        assert not Evaluation.objects.exists()

    def test_a_model_that_is_not_there_is_not_tested(self) -> None:
        self.plan()
        for status in ("NotStarted", "Running", "Failed"):
            SpeechModel.objects.filter(pk=self.custom.pk).update(status=status)
            Evaluation.tend()
            make_planned_tests()
        assert not Evaluation.objects.exists()

    def test_an_expired_base_model_is_left_out(self) -> None:
        past = now() - timedelta(days=1)
        SpeechModel.objects.filter(pk=self.base.pk).update(transcription_expires=past)
        services.make_planned(self.plan())
        (candidate,) = Evaluation.objects.get().candidates.all()
        assert candidate.model == self.custom


class WizardTestCase(CustomModelTestCase):
    def test_custom_models_come_after_the_base_models_and_say_what_they_are(
        self,
    ) -> None:
        self.custom.datasets.add(self.dataset)
        make_model("2", project=self.project, base=self.base, status="Running")
        url = reverse("evaluation-step", args=[self.project.pk, "models"])
        page = self.client.get(url, {"dataset": self.dataset.pk})
        assert page.context["models"] == [self.base, self.custom]
        self.assertContains(page, "Custom model from base, trained on Ward round")
