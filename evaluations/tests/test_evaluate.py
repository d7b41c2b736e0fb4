from __future__ import annotations

from unittest.mock import patch

import pytest
from django.core.files.storage import default_storage

from engines.base import EngineError
from engines.fake import FakeEngine
from evaluations import evaluate as verb
from evaluations.models import Candidate, Evaluation, Hypothesis, Item, Shard
from evaluations.tables import table_of
from evaluations.tasks import run_evaluation, run_shard, settle_evaluation
from jobs.models import Gone, Job
from scoring.table import Table
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)

TEXTS = ["one two three", "four five six", "seven eight nine", "yes"]
HEARD = {"1": "1 2 3", "2": "4 6", "3": "seven eight nine no", "4": "yet"}


class EvaluateTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, TEXTS)
        self.model = make_model()
        self.evaluation = make_evaluation(self.project, self.dataset, [self.model])
        self.candidate = self.evaluation.candidates.get()
        limit = patch.object(verb, "SHARD_UTTERANCES", 2)
        limit.start()
        self.addCleanup(limit.stop)

    def run_with(self, engine: FakeEngine) -> Evaluation:
        with fake_engine(engine):
            run_evaluation(str(self.evaluation.pk))
        self.evaluation.refresh_from_db()
        self.candidate.refresh_from_db()
        return self.evaluation

    def test_it_works(self) -> None:
        engine = FakeEngine(HEARD)
        evaluation = self.run_with(engine)
        assert evaluation.status == Job.Status.SUCCEEDED
        assert (evaluation.done, evaluation.total) == (4, 4)
        assert engine.calls == [["1", "2"], ["3", "4"]]
        counts = self.candidate.counts
        assert (counts.words, counts.deletions, counts.insertions) == (10, 1, 1)
        assert self.candidate.sentences == 4
        assert self.candidate.wrong_sentences == 3

    def test_rates_are_of_summed_counts_and_never_averaged(self) -> None:
        self.run_with(FakeEngine({"1": "one two three", "4": "yes"}))
        # Half of the utterances are wrong, but they hold 6 of the 10 words.
        assert self.candidate.counts.rate == 6 / 10

    def test_each_row_knows_the_errors_of_all_models(self) -> None:
        evaluation = make_evaluation(
            self.project, self.dataset, [self.model, make_model("other")]
        )
        with fake_engine(FakeEngine(HEARD)):
            run_evaluation(str(evaluation.pk))
        one, other = (table_of(candidate) for candidate in evaluation.candidates.all())
        assert one.errors.tolist() == other.errors.tolist() == [0, 1, 1, 1]

    def test_a_shard_that_died_goes_on_where_it_stopped(self) -> None:
        class Killed(BaseException):
            pass

        class Dying(FakeEngine):
            def transcribe(self, reference, clips, options):  # type: ignore[no-untyped-def]
                for number, heard in enumerate(
                    super().transcribe(reference, clips, options)
                ):
                    if number:
                        raise Killed
                    yield heard

        with pytest.raises(Killed):
            self.run_with(Dying(HEARD))
        shard = Shard.objects.get(first=1)
        assert shard.status == Job.Status.RUNNING
        assert Hypothesis.objects.count() == 1
        shard.requeue()
        engine = FakeEngine(HEARD)
        with fake_engine(engine):
            for each in Shard.objects.order_by("first"):
                run_shard(str(each.pk))
        assert engine.calls == [["2"], ["3", "4"]]
        self.evaluation.refresh_from_db()
        assert self.evaluation.status == Job.Status.SUCCEEDED
        assert self.evaluation.done == 4

    def test_who_ends_a_test_holds_it_and_can_be_followed(self) -> None:
        class Killed(BaseException):
            pass

        with patch.object(verb, "conclude", side_effect=Killed), pytest.raises(Killed):
            self.run_with(FakeEngine(HEARD))
        evaluation = Evaluation.objects.get()
        assert evaluation.status == Job.Status.RUNNING
        assert evaluation.heartbeat is not None
        # Nobody else ends it meanwhile, and it is not sent to be ended again.
        with patch.object(verb, "conclude") as conclude:
            settle_evaluation(str(evaluation.pk))
        assert not conclude.called
        assert evaluation.requeue()
        engine = FakeEngine({})
        assert self.run_with(engine).status == Job.Status.SUCCEEDED
        assert engine.calls == []
        assert self.candidate.sentences == 4

    def test_a_test_that_is_deleted_while_it_ends_leaves_no_files(self) -> None:
        examined = verb._examined
        made = []

        def deleted(
            evaluation: Evaluation, candidates: list[Candidate]
        ) -> dict[Candidate, Table]:
            found = examined(evaluation, candidates)
            made.extend(default_storage.listdir(evaluation.folder)[1])
            Evaluation.objects.get().delete()
            return found

        with patch.object(verb, "_examined", deleted), fake_engine(FakeEngine(HEARD)):
            run_evaluation(str(self.evaluation.pk))
        assert len(made) == 1
        assert not default_storage.listdir(self.evaluation.folder)[1]

    def test_a_stale_worker_stores_nothing(self) -> None:
        with fake_engine(FakeEngine(HEARD)):
            with patch.object(Shard, "enqueue"):
                run_evaluation(str(self.evaluation.pk))
            shard = Shard.objects.get(first=1)
            shard.start()
            ghost = Shard.objects.get(pk=shard.pk)
            shard.requeue()
            with pytest.raises(Gone):
                verb.recognise(ghost)
        assert not Hypothesis.objects.exists()

    def test_a_test_that_is_tried_again_is_planned_anew(self) -> None:
        with fake_engine(FakeEngine(HEARD)), patch.object(Shard, "enqueue"):
            run_evaluation(str(self.evaluation.pk))
        at_work = Shard.objects.get(first=1)
        at_work.start()
        self.evaluation.refresh_from_db()
        self.evaluation.fail("The model is damaged.")
        self.evaluation.retry()
        with patch.object(verb, "SHARD_UTTERANCES", 3):
            assert self.run_with(FakeEngine(HEARD)).status == Job.Status.SUCCEEDED
        with pytest.raises(Gone):
            at_work.report(1, 2)
        assert Hypothesis.objects.count() == 4
        assert [(s.first, s.last) for s in Shard.objects.order_by("first")] == [
            (1, 3),
            (4, 4),
        ]

    def test_a_late_failure_leaves_the_shards_of_a_new_try_alone(self) -> None:
        with fake_engine(FakeEngine(HEARD)), patch.object(Shard, "enqueue"):
            run_evaluation(str(self.evaluation.pk))
        failed = Shard.objects.get(first=1)
        failed.start()
        failed.fail("The model is damaged.")
        with patch.object(Evaluation, "fail", return_value=False):
            settle_evaluation(str(self.evaluation.pk))
        assert Shard.objects.count() == 2

    def test_the_end_is_found_even_if_the_last_worker_died_before_it(self) -> None:
        with (
            fake_engine(FakeEngine(HEARD)),
            patch("evaluations.tasks.settle"),
        ):
            run_evaluation(str(self.evaluation.pk))
        self.evaluation.refresh_from_db()
        assert self.evaluation.status == Job.Status.RUNNING
        Evaluation.tend()
        self.evaluation.refresh_from_db()
        assert self.evaluation.status == Job.Status.SUCCEEDED

    def test_nobody_is_sent_to_end_a_test_that_goes_on(self) -> None:
        with fake_engine(FakeEngine(HEARD)), patch.object(Shard, "enqueue"):
            run_evaluation(str(self.evaluation.pk))
        with patch("evaluations.tasks.settle") as settle:
            Evaluation.tend()
            assert not settle.called
            # What failed ends it, whatever is left to do.
            Shard.objects.filter(first=1).update(status=Job.Status.FAILED)
            Evaluation.tend()
            assert settle.called

    def test_settling_twice_changes_nothing(self) -> None:
        self.run_with(FakeEngine(HEARD))
        settle_evaluation(str(self.evaluation.pk))
        self.evaluation.refresh_from_db()
        assert self.evaluation.status == Job.Status.SUCCEEDED

    def test_a_clip_that_fails_is_counted_and_the_rest_is_scored(self) -> None:
        evaluation = self.run_with(FakeEngine(HEARD, failing={"4"}))
        assert evaluation.status == Job.Status.SUCCEEDED
        assert self.candidate.failed == 1
        assert self.candidate.sentences == 3
        assert self.candidate.counts.words == 9 + 1 - 1
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "could not recognise 1 of the recordings")
        self.assertContains(page, "The audio could not be read.")
        page = self.client.get(evaluation.get_absolute_url(), {"only": "errors"})
        self.assertContains(page, "004.wav")

    def test_an_engine_that_cannot_work_fails_the_test_with_its_reason(self) -> None:
        broken = FakeEngine(broken=EngineError("The model is damaged.", "BadModel"))
        evaluation = self.run_with(broken)
        assert evaluation.status == Job.Status.FAILED
        assert evaluation.error == "The model is damaged."
        assert not Shard.objects.filter(status=Job.Status.NOT_STARTED).exists()
        evaluation.retry()
        assert self.run_with(FakeEngine(HEARD)).status == Job.Status.SUCCEEDED

    def test_a_model_that_is_not_here_is_fetched_first(self) -> None:
        self.model.reopen()
        engine = FakeEngine(HEARD)
        assert self.run_with(engine).status == Job.Status.SUCCEEDED
        assert engine.fetched == ["base"]
        self.model.refresh_from_db()
        assert self.model.status == Job.Status.SUCCEEDED

    def test_a_model_that_cannot_be_fetched_fails_the_test(self) -> None:
        self.model.reopen()
        evaluation = self.run_with(FakeEngine(broken=EngineError("No network.")))
        assert (evaluation.status, evaluation.error) == ("Failed", "No network.")
        evaluation.retry()
        assert self.run_with(FakeEngine(HEARD)).status == Job.Status.SUCCEEDED

    def test_a_test_that_is_deleted_while_it_runs_just_ends(self) -> None:
        class Deleting(FakeEngine):
            def transcribe(self, reference, clips, options):  # type: ignore[no-untyped-def]
                for heard in super().transcribe(reference, clips, options):
                    yield heard
                    Evaluation.objects.all().delete()

        with fake_engine(Deleting(HEARD)):
            run_evaluation(str(self.evaluation.pk))
        assert not Item.objects.exists()
        assert not Hypothesis.objects.exists()

    def test_empty_reference_and_empty_hypothesis_are_defined(self) -> None:
        dataset = make_dataset(self.project, ["...", "yes"])
        evaluation = make_evaluation(self.project, dataset, [self.model])
        with fake_engine(FakeEngine({"1": "well then"})):
            run_evaluation(str(evaluation.pk))
        counts = evaluation.candidates.get().counts
        assert (counts.words, counts.insertions, counts.deletions) == (1, 2, 1)
        assert counts.rate == 3
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "300.0 %")
