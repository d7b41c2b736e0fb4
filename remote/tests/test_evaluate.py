"""A test of a project on a resource is run there; its results are here."""

from __future__ import annotations

from django.urls import reverse

from datasets import services as datasets
from datasets.models import Dataset
from engines.fake import FakeEngine
from evaluations import services
from evaluations.models import Evaluation, Hypothesis
from jobs.models import Job
from remote import tasks
from remote.bases import refresh
from remote.heard import heard
from remote.models import Remote
from remote.tests.case import RemoteTestCase
from remote.tests.test_train import code, only
from speechstudio.test import fake_engine, make_model, make_zip, tone
from training.models import SpeechModel

TEXTS = {"a.wav": "take two tablets", "b.wav": "call the nurse"}


class EvaluateTestCase(RemoteTestCase):
    def spoken(self) -> Dataset:
        """Recordings with transcripts, as they came."""
        members = {name: tone(0.5, pitch_hz=len(text)) for name, text in TEXTS.items()}
        lines = "".join(f"{name}\t{text}\n" for name, text in TEXTS.items())
        file = make_zip({**members, "trans.txt": lines.encode("utf-8-sig")})
        with self.on_commit():
            made = datasets.upload(self.project, "Calls", file)
        made.refresh_from_db()
        assert made.accepted == 2, made.error
        return made

    def models(self, count: int) -> list[SpeechModel]:
        """Base models that are there."""
        SpeechModel.objects.filter(engine="west").delete()
        for number in range(count - 1):
            make_model(f"base {number}", languages="en")
        refresh(self.resource)
        return list(SpeechModel.objects.filter(engine="west").order_by("name"))

    def run_test(self, count: int) -> Evaluation:
        dataset, models = self.spoken(), self.models(count)
        says = FakeEngine({"1": "Take too tablets.", "2": "call the nurse"})
        with fake_engine(says):
            with self.on_commit():
                made = services.create(self.project, dataset, models, "March")
            self.rounds(10)
        made.refresh_from_db()
        return made

    def test_what_was_heard_there_is_counted_here(self) -> None:
        evaluation = self.run_test(3)
        assert evaluation.status == Job.Status.SUCCEEDED, (
            evaluation.error,
            evaluation.stage,
        )
        assert Evaluation.objects.filter(project=self.home).count() == 2
        for candidate in evaluation.candidates.all():
            assert candidate.is_complete
            assert (candidate.words, candidate.substitutions) == (6, 1)
        first = Hypothesis.objects.filter(candidate__evaluation=evaluation)[0]
        assert first.text == "Take too tablets."
        assert [word[0] for word in first.timings] == ["Take", " too", " tablets."]

    def test_its_pages_are_those_of_any_test(self) -> None:
        evaluation = self.run_test(2)
        for page in ("evaluation-detail", "evaluation-words", "evaluation-terms"):
            answer = self.client.get(reverse(page, args=[evaluation.pk]))
            assert answer.status_code == 200, page
        shown = self.client.get(evaluation.get_absolute_url()).content.decode()
        assert "call the nurse" in shown

    def test_deleting_it_deletes_it_there(self) -> None:
        evaluation = self.run_test(2)
        services.delete(evaluation)
        tasks.tidy()
        assert not Evaluation.objects.filter(project=self.home).exists()

    def test_calling_it_off_while_it_runs_deletes_it_there(self) -> None:
        with self.swapped(only("GET", "/evaluations/", code(503))):
            evaluation = self.run_test(2)
        assert evaluation.status == Job.Status.RUNNING
        assert "trouble of its own" in evaluation.stage
        services.delete(evaluation)
        tasks.tidy()
        assert not Evaluation.objects.filter(project=self.home).exists()
        assert not Remote.objects.filter(kind="evaluation").exists()

    def test_models_are_added_later(self) -> None:
        evaluation = self.run_test(1)
        other = make_model("later", languages="en")
        refresh(self.resource)
        there = SpeechModel.objects.get(engine="west", name=other.name)
        with self.on_commit():
            assert services.add_models(evaluation, [there])
        self.rounds(10)
        evaluation.refresh_from_db()
        assert evaluation.status == Job.Status.SUCCEEDED, evaluation.stage
        assert evaluation.candidates.filter(is_complete=True).count() == 2


def test_words_that_are_not_timed_are_read_from_the_lexical_form() -> None:
    best = {"lexical": "so long", "display": "So long.", "confidence": 0.5}
    found = heard({"recognizedPhrases": [{"nBest": [best]}, {"nBest": [best]}]})
    assert (found.text, found.display) == ("so long so long", "So long. So long.")


def test_a_recording_without_speech_is_heard_as_nothing() -> None:
    assert heard({"recognizedPhrases": []}).text == ""
    assert heard({"recognizedPhrases": [], "error": "No."}).error == "No."
