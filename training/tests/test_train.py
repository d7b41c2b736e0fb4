from __future__ import annotations

import errno
import json
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch

from django.core.files.storage import default_storage
from django.utils.timezone import now

from datasets.models import Dataset
from engines.base import Corpus, EngineError, Pass, Progress, Recipe, Trained
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from speechstudio.test import BaseTestCase, fake_engine
from training import report
from training.models import SpeechModel
from training.tasks import remove_model, tidy_models, train_model
from training.tests.data import (
    make_base,
    make_custom,
    make_speech,
    make_text,
    sentences,
)
from training.train import _Course

NUMBERS = [f"please call room number {n}" for n in range(40)]
Report = Callable[[Progress], None]


class Interrupted(FakeEngine):
    """Does something after the second pass."""

    def __init__(self, then: Callable[[], None], **fields: object) -> None:
        super().__init__(**fields)
        self.then = then

    def train(
        self, base: str, corpus: Corpus, recipe: Recipe, reference: str, report: Report
    ) -> Trained:
        def interrupted(progress: Progress) -> None:
            report(progress)
            if progress.passed and progress.passed.number == 2:
                self.then()

        return super().train(base, corpus, recipe, reference, interrupted)


class TrainTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        make_base()
        self.model = make_custom(self.project, [make_speech(self.project, NUMBERS)])

    def train(self, engine: FakeEngine, model: SpeechModel | None = None) -> None:
        with fake_engine(engine):
            train_model(str((model or self.model).pk))
        (model or self.model).refresh_from_db()

    def report(self) -> dict[str, object]:
        with default_storage.open(self.model.report_file.name) as file:
            return json.load(file)

    def assert_nothing_left(self, engine: FakeEngine, code: str) -> None:
        assert (self.model.status, self.model.error_code) == ("Failed", code)
        assert engine.removed == [self.model.reference]
        assert not engine.trained
        assert not self.model.report_file

    def test_a_training_from_data_to_figures(self) -> None:
        heard = {f"1-{n}": NUMBERS[n - 1] for n in range(1, 41)}
        engine = FakeEngine(custom_texts=heard)
        self.train(engine)
        model = self.model
        assert (model.status, model.stage) == (Job.Status.SUCCEEDED, "")
        base, corpus, recipe = engine.trained[model.reference]
        assert (base, recipe) == ("tiny", Recipe(seed=1, text_weight=30))
        assert [one["number"] for one in model.curve] == [0, 1, 2, 3]
        assert model.curve[0]["loss"] is None
        assert model.held_out["clips"] == len(corpus.held_out) == 4
        assert model.held_out["difference"]["verdict"] == "better"
        assert model.held_out["best"] == 2
        assert model.held_out["custom"]["deletions"] == 0
        assert model.recipe["seed"] == 1
        assert model.recipe["settings"] == {"passes": 3}
        assert model.recipe["base"]["name"] == "tiny"
        assert set(model.recipe["versions"]) >= {"python", "torch", "ctranslate2"}
        (data,) = model.recipe["data"]
        assert (data["trained_on"], data["held_out"]) == (36, 4)
        assert data["kind"] == "Acoustic"
        assert engine.removed == []

    def test_the_report_says_what_was_used_and_what_was_not(self) -> None:
        dataset = self.model.datasets.get()
        dataset.utterances.filter(position=1).update(seconds=31)
        engine = FakeEngine()
        with patch.object(
            FakeEngine,
            "train",
            lambda *args: Trained(2, dropped=[("1-2", "no words")], notes=["a note"]),
        ):
            self.train(engine)
        found = self.report()
        assert found["left_out"] == [
            {
                "dataset": dataset.name,
                "file": "001.wav",
                "reason": "longer than 30 seconds, which is what the model hears at "
                "once",
            },
            {"dataset": dataset.name, "file": "002.wav", "reason": "no words"},
        ]
        assert found["recipe"]["data"][0]["trained_on"] == 34
        assert "a note" in found["notes"]
        assert "a note" in self.model.recipe["notes"]
        assert (
            "On the held-out part this model is not clearly better." in found["notes"]
        )

    def test_text_alone_needs_no_audio_and_has_no_figure(self) -> None:
        text = make_text(self.project, sentences("a sentence", "another one"))
        self.model.datasets.set([text])
        engine = FakeEngine()
        self.train(engine)
        assert self.model.status == Job.Status.SUCCEEDED
        assert self.model.held_out == {}
        assert "torch" not in self.model.recipe["versions"]
        assert engine.calls == []
        _, corpus, _ = engine.trained[self.model.reference]
        assert corpus.lessons == []

    def test_nothing_usable_fails_with_the_reason(self) -> None:
        self.model.datasets.get().utterances.update(seconds=31)
        engine = FakeEngine()
        self.train(engine)
        self.assert_nothing_left(engine, "NothingToTrainOn")
        assert "40 x longer than 30 seconds" in self.model.error

    def test_a_base_model_that_has_expired_is_refused(self) -> None:
        base = SpeechModel.objects.filter(project=None)
        base.update(adaptation_expires=now() - timedelta(days=1))
        engine = FakeEngine()
        self.train(engine)
        self.assert_nothing_left(engine, "ModelDeprecated")

    def test_a_base_model_that_is_not_offered_is_refused(self) -> None:
        SpeechModel.objects.filter(project=None).update(is_offered=False)
        engine = FakeEngine()
        self.train(engine)
        self.assert_nothing_left(engine, "InvalidBaseModel")

    def test_a_base_model_that_is_not_there_is_fetched_or_the_reason_told(self) -> None:
        base = SpeechModel.objects.filter(project=None)
        base.update(status=Job.Status.NOT_STARTED)
        engine = FakeEngine(broken=EngineError("No network.", "ModelNotFetched"))
        self.train(engine)
        self.assert_nothing_left(engine, "ModelNotFetched")
        assert self.model.error == "No network."
        self.model.retry()
        engine = FakeEngine()
        self.train(engine)
        assert engine.fetched == ["tiny"]
        assert self.model.status == Job.Status.SUCCEEDED

    def test_a_full_disk_leaves_nothing_half_made(self) -> None:
        full = OSError(errno.ENOSPC, "No space left on device")

        def fill(*args: object) -> str:
            raise full

        with patch.object(report, "write", fill):
            engine = FakeEngine()
            self.train(engine)
        self.assert_nothing_left(engine, "DiskFull")
        # What went wrong is still there to be looked at.
        assert len(self.model.curve) == 4

    def test_an_error_of_ours_leaves_nothing_half_made(self) -> None:
        def fail() -> None:
            raise ZeroDivisionError

        engine = Interrupted(fail)
        with self.assertLogs("jobs.runner", "ERROR"):
            self.train(engine)
        self.assert_nothing_left(engine, "InternalServerError")

    def test_a_model_that_is_deleted_stops_its_training(self) -> None:
        folder = self.model.folder
        engine = Interrupted(self.model.delete)
        with fake_engine(engine):
            train_model(str(self.model.pk))
        assert engine.removed == [self.model.reference]
        assert not engine.trained
        assert not default_storage.exists(f"{folder}/report.json")

    def test_files_that_went_with_the_model_are_no_error_of_its_training(self) -> None:
        def delete() -> None:
            self.model.delete()
            raise FileNotFoundError("a pass cannot be kept in a folder that is gone")

        engine = Interrupted(delete)
        with fake_engine(engine), self.assertNoLogs("jobs.runner", "ERROR"):
            train_model(str(self.model.pk))
        assert engine.removed == [self.model.reference]

    def test_a_worker_that_was_given_up_leaves_all_to_its_successor(self) -> None:
        def lose() -> None:
            other = SpeechModel.objects.get(pk=self.model.pk)
            other.requeue()
            other.start()

        engine = Interrupted(lose)
        self.train(engine)
        assert engine.removed == []
        assert self.model.status == Job.Status.RUNNING

    def test_after_a_killed_worker_another_goes_on(self) -> None:
        """As an engine does: it begins with the pass after the last."""
        key = self.model.pk
        claimed = SpeechModel.objects.get(pk=key)
        claimed.start()
        claimed.claimed().update(
            curve=[
                {"number": n, "loss": 1, "held_out_loss": 1, "errors": 1, "words": 9}
                for n in (0, 1, 2)
            ]
        )
        claimed.requeue()
        seen: list[tuple[int, int]] = []

        def resumed(
            engine: FakeEngine,
            base: str,
            corpus: Corpus,
            recipe: Recipe,
            reference: str,
            report: Report,
        ) -> Trained:
            report(Progress("Reading the lessons", 0, 0))
            report(Progress("Pass 2 is done", 20, 40, Pass(2, 1, 1, 1, 9)))
            row = SpeechModel.objects.get(pk=key)
            seen.append((row.done_before, row.losses))
            report(Progress("Training", 30, 40, Pass(3, 0.5, 0.4, 1, 9)))
            row = SpeechModel.objects.get(pk=key)
            seen.append((row.done, row.losses))
            return Trained(best=3)

        with patch.object(FakeEngine, "train", resumed):
            self.train(FakeEngine())
        assert self.model.status == Job.Status.SUCCEEDED
        assert [one["number"] for one in self.model.curve] == [0, 1, 2, 3]
        # Whoever gets a pass done is not killed by the training: no death counts.
        assert seen == [(20, 1), (30, 0)]

    def test_what_it_could_go_on_from_is_kept_until_it_has_succeeded(self) -> None:
        engine = FakeEngine()
        compare = "training.train.held_out.compare"
        with patch(compare, side_effect=lambda *_: engine.settled.append("?") or {}):
            self.train(engine)
        assert self.model.status == Job.Status.SUCCEEDED
        assert engine.settled == ["?", self.model.reference]

    def test_passes_of_a_killed_worker_are_told_again_without_effect(self) -> None:
        """Else a training that always dies in the same place would never end."""
        row = SpeechModel.objects.get(pk=self.model.pk)
        passes = [Pass(0, None, 2.5, 9, 9), Pass(1, float("nan"), 0.1 + 0.2, 1, 9)]
        row.start()
        course = _Course(row)
        for passed in passes:
            course.report(Progress("Training", 20, 40, passed))
        row.requeue()
        row.start()
        kept = row.curve
        seen = []
        for passed in passes:
            course.report(Progress("Training", 20, 40, passed))
            row.refresh_from_db()
            seen.append((row.curve == kept, row.losses))
        assert seen == [(True, 1), (True, 1)]
        course.report(Progress("Training", 30, 40, Pass(2, 0.1, 0.1, 1, 9)))
        row.refresh_from_db()
        assert (len(row.curve), row.losses) == (3, 0)

    def test_two_trainings_of_one_dataset_do_not_meet(self) -> None:
        other = make_custom(self.project, list(self.model.datasets.all()), seed=2)
        engine = FakeEngine()

        def both() -> None:
            with fake_engine(engine):
                train_model(str(other.pk))

        self.train(Interrupted(both))
        other.refresh_from_db()
        assert self.model.status == other.status == Job.Status.SUCCEEDED
        assert self.model.report_file.name != other.report_file.name

    def test_drafts_go_when_the_training_has_ended(self) -> None:
        silent = make_speech(self.project, [""], kind=Dataset.Kind.AUDIO)
        self.model.datasets.add(silent)
        self.train(FakeEngine({"2-1": "a draft"}))
        assert self.model.recipe["data"][1]["drafts"] == 1
        assert default_storage.listdir(self.model.folder)[1] == ["report.json"]

    def test_the_files_of_models_without_a_row_are_deleted(self) -> None:
        engine = FakeEngine()
        self.train(engine)
        with (
            fake_engine(engine),
            patch.dict("training.tasks.ENGINES", fake="", clear=1),
        ):
            tidy_models()
            assert set(engine.trained) == {self.model.reference}
            projects.delete(self.project)
            tidy_models()
            assert not engine.trained
            remove_model("fake", "custom:x")
        assert engine.removed[-1] == "custom:x"
