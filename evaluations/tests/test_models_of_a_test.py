"""Models that come to a test later, leave it, or could not hear all of it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.timezone import now

from datasets.models import Utterance
from engines.base import EngineError
from engines.fake import FakeEngine
from evaluations import services
from evaluations.models import Candidate, Evaluation, Hypothesis
from evaluations.tables import table_of
from jobs.models import Job
from projects import services as projects
from projects.models import Project
from projects.storage import path_of
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)
from training.models import SpeechModel

TEXTS = ["one two three", "four five six"]
HEARD = {"1": "one two three", "2": "four six"}


class OneModelTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, TEXTS)
        self.base, self.small = make_model("base"), make_model("small")
        self.engine = FakeEngine(HEARD)
        self.evaluation = self.made([self.base])

    def made(self, models: list[SpeechModel], **more: object) -> Evaluation:
        dataset = more.pop("dataset", self.dataset)
        project = more.pop("project", self.project)
        evaluation = make_evaluation(project, dataset, models)  # type: ignore[arg-type]
        return self.run_on(evaluation)

    def run_on(self, evaluation: Evaluation) -> Evaluation:
        with fake_engine(self.engine):
            evaluation.enqueue()
        evaluation.refresh_from_db()
        return evaluation

    def key(self, position: int) -> int:
        return self.evaluation.candidates.get(position=position).pk

    def url(self, name: str, *more: object) -> str:
        return reverse(f"evaluation-{name}", args=[self.evaluation.pk, *more])

    def post(self, name: str, *more: object, **answers: object) -> None:
        with fake_engine(self.engine), self.on_commit():
            page = self.client.post(self.url(name, *more), answers)
        assert page.status_code == 302, page.content
        self.evaluation.refresh_from_db()


def errors_of(candidate: Candidate) -> list[int]:
    """Of each utterance."""
    table = table_of(candidate)
    assert table is not None
    return table.errors.tolist()


class AddTestCase(OneModelTestCase):
    def test_it_works(self) -> None:
        self.assertContains(self.client.get(self.url("add-models")), "small")
        self.engine.calls.clear()
        self.post("add-models", models=str(self.small.pk))
        assert self.evaluation.status == Job.Status.SUCCEEDED
        # Only the new one was asked, for each utterance once.
        assert self.engine.calls == [["1", "2"]]
        one, two = self.evaluation.candidates.all()
        assert (one.model, two.model) == (self.base, self.small)
        assert one.is_complete and two.is_complete
        assert one.counts == two.counts
        assert errors_of(one) == errors_of(two) == [0, 1]

    def test_what_is_there_stays_in_sight_while_the_new_one_listens(self) -> None:
        services.add_models(self.evaluation, [self.small])
        self.evaluation.refresh_from_db()
        assert self.evaluation.is_active
        page = self.client.get(self.evaluation.get_absolute_url())
        assert [c.model for c in page.context["complete"]] == [self.base]
        self.assertContains(page, "001.wav")
        self.assertContains(page, 'id="evaluation-progress"')
        part = self.client.get(
            self.evaluation.get_absolute_url(), headers={"hx-request": "true"}
        )
        self.assertNotContains(part, "001.wav")

    def test_one_that_cannot_be_had_spoils_nothing_and_can_be_taken_out(self) -> None:
        self.engine.broken = EngineError("The model is damaged.")
        self.post("add-models", models=str(self.small.pk))
        assert self.evaluation.status == Job.Status.FAILED
        page = self.client.get(self.evaluation.get_absolute_url())
        self.assertContains(page, "The model is damaged.")
        self.assertContains(page, "001.wav")
        self.assertContains(page, "Take small out")
        self.engine.broken = None
        self.post("remove-model", self.key(2))
        assert self.evaluation.status == Job.Status.SUCCEEDED
        assert [c.model for c in self.evaluation.candidates.all()] == [self.base]

    def test_a_model_whose_time_is_over_does_not_keep_others_out(self) -> None:
        SpeechModel.objects.filter(pk=self.base.pk).update(transcription_expires=now())
        self.post("add-models", models=str(self.small.pk))
        assert self.evaluation.status == Job.Status.SUCCEEDED, self.evaluation.error

    def test_a_test_that_runs_takes_none(self) -> None:
        Evaluation.objects.update(status=Job.Status.RUNNING)
        page = self.client.post(self.url("add-models"), {"models": str(self.small.pk)})
        self.assertContains(page, "The test is running", status_code=422)
        assert self.evaluation.candidates.count() == 1

    def test_the_same_model_does_not_come_twice(self) -> None:
        assert services.add_models(self.evaluation, [self.base])
        assert self.evaluation.candidates.count() == 1

    def test_who_may_not_edit_cannot(self) -> None:
        for url in (
            self.url("add-models"),
            self.url("remove-model", self.key(1)),
            self.url("again"),
        ):
            self.assert_viewer_gets_403(url)
            self.assert_stranger_gets_404(url, "post")


class OtherRulesTestCase(OneModelTestCase):
    def test_what_was_counted_by_other_rules_is_counted_anew(self) -> None:
        Candidate.objects.update(scale="of last year", substitutions=4)
        self.post("add-models", models=str(self.small.pk))
        one, two = self.evaluation.candidates.all()
        assert one.counts == two.counts
        assert one.scale == two.scale != "of last year"
        assert errors_of(one) == errors_of(two) == [0, 1]

    def test_a_table_that_is_lost_or_damaged_costs_the_list_alone(self) -> None:
        (candidate,) = self.evaluation.candidates.all()
        path = path_of(candidate.table)
        assert path is not None
        for content in (b"PK rubbish", None):
            path.unlink() if content is None else path.write_bytes(content)
            with self.assertLogs("evaluations.tables", "ERROR"):
                page = self.client.get(self.evaluation.get_absolute_url())
            self.assertContains(page, "001.wav")
            self.assertNotContains(page, "Most frequent errors")


class RemoveTestCase(OneModelTestCase):
    def test_it_works(self) -> None:
        self.evaluation = self.made([self.base, self.small])
        page = self.client.get(self.url("remove-model", self.key(1)))
        self.assertContains(page, "What it heard in this test will be deleted")
        self.post("remove-model", self.key(1))
        (left,) = self.evaluation.candidates.all()
        assert left.model == self.small
        assert errors_of(left) == [0, 1]

    def test_the_last_one_stays(self) -> None:
        self.post("remove-model", self.key(1))
        assert self.evaluation.candidates.count() == 1
        assert self.client.get(self.url("remove-model", 10**6)).status_code == 404


class FailedClipTestCase(OneModelTestCase):
    def test_it_is_counted_named_and_tried_again_alone(self) -> None:
        self.engine.failing = {"2"}
        self.evaluation = self.made([self.small])
        page = self.client.get(self.evaluation.get_absolute_url(), {"only": "failed"})
        self.assertContains(page, "could not recognise 1 of the recordings")
        assert [r.item.utterance.name for r in page.context["rows"]] == ["002.wav"]
        self.engine.failing = set()
        self.engine.calls.clear()
        self.post("again")
        assert self.engine.calls == [["2"]]
        (candidate,) = self.evaluation.candidates.all()
        assert (candidate.failed, candidate.counts.errors) == (0, 1)

    def test_without_any_nothing_happens(self) -> None:
        self.post("again")
        assert self.evaluation.status == Job.Status.SUCCEEDED


class ReuseTestCase(OneModelTestCase):
    def setUp(self) -> None:
        super().setUp()
        for number, row in enumerate(Utterance.objects.order_by("pk"), start=1):
            Utterance.objects.filter(pk=row.pk).update(audio_hash=number)
        self.engine.calls.clear()

    def again(self, **more: object) -> Evaluation:
        return self.made([self.base], **more)

    def test_what_was_heard_is_not_listened_to_again(self) -> None:
        evaluation = self.again()
        assert self.engine.calls == []
        assert evaluation.status == Job.Status.SUCCEEDED
        old, new = Candidate.objects.order_by("pk")
        assert new.counts == old.counts and new.is_complete
        assert [h.timings for h in new.hypotheses.order_by("item__position")] == [
            h.timings for h in old.hypotheses.order_by("item__position")
        ]

    def test_errors_are_counted_anew_against_another_transcript(self) -> None:
        dataset = make_dataset(self.project, ["one two two", "four five six"])
        for utterance in dataset.utterances.all():
            number = utterance.position
            Utterance.objects.filter(pk=utterance.pk).update(audio_hash=number)
        evaluation = self.again(dataset=dataset)
        assert self.engine.calls == []
        assert errors_of(evaluation.candidates.get()) == [1, 1]

    def test_another_model_other_settings_and_other_audio_are_listened_to(self) -> None:
        self.made([self.small])
        assert self.engine.calls == [["1", "2"]]
        Candidate.objects.update(decoding={"locale": "en-US", "beam_size": 1})
        self.again()
        assert self.engine.calls == [["1", "2"]] * 2
        Utterance.objects.filter(position=2).update(audio_hash=None)
        self.again()
        assert self.engine.calls[2:] == [["2"]]

    def test_what_failed_is_tried_again(self) -> None:
        Hypothesis.objects.filter(item__position=1).update(error="broken", text="")
        self.again()
        assert self.engine.calls == [["1"]]

    def test_other_projects_share_nothing(self) -> None:
        other = projects.create(self.alice, "Other", "en-US")
        Project.objects.filter(pk=other.pk).update(engine="fake")
        other.refresh_from_db()
        dataset = make_dataset(other, TEXTS)
        for utterance in dataset.utterances.all():
            number = utterance.position
            Utterance.objects.filter(pk=utterance.pk).update(audio_hash=number)
        self.again(project=other, dataset=dataset)
        assert self.engine.calls == [["1", "2"]]
