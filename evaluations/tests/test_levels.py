"""A test at other scoring levels than the one that it is counted at when it ends."""

from __future__ import annotations

from unittest.mock import patch

from django.core.files.storage import default_storage
from django.urls import reverse

from engines.fake import FakeEngine
from evaluations import levels, services
from evaluations.levels import Scored, scored
from evaluations.models import Candidate, Evaluation, Scoring
from evaluations.wording.services import version
from jobs.models import Job
from projects.models import Role
from projects.services import set_role
from scoring.scale import Level
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)

TEXTS = ["It's okay, Ann.", "I paid 21 dollars.", "Good night!"]
HEARD = {
    "1": "it is ok Ann",
    "2": "I paid twenty one dollars",
    "3": "good knight",
}
# Errors of the texts above, counted by hand.
ERRORS = {
    # Both quarrel with case, signs and digits.
    Level.DISPLAY: 4 + 3 + 3,
    # "It's" and "okay"; "21"; "night".
    Level.PLAIN: 3 + 2 + 1,
    # "okay" and "night": numbers and contractions are equal.
    Level.LEXICAL: 1 + 0 + 1,
    Level.PROJECT: 0 + 0 + 1,
}


class LevelsTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.project.equivalences = "okay = ok\nnight = evening"
        self.project.save()
        self.dataset = make_dataset(self.project, TEXTS)
        models = [make_model("base"), make_model("small")]
        self.evaluation = make_evaluation(self.project, self.dataset, models)
        self.engine = FakeEngine(HEARD)
        with fake_engine(self.engine):
            self.evaluation.enqueue()
        self.evaluation.refresh_from_db()
        self.evaluation.project.refresh_from_db()
        self.url = self.evaluation.get_absolute_url()

    def at(self, level: Level) -> Scored:
        """The test at a level that is counted by now."""
        with self.on_commit():
            scored(self.evaluation, level)
        return scored(self.evaluation, level)

    def test_it_works(self) -> None:
        for level, errors in ERRORS.items():
            shown = self.at(level)
            assert shown.waits_for is None
            assert [m.counts.errors for m in shown.models] == [errors, errors], level
            assert [table.total() for table in shown.tables] == [
                model.counts for model in shown.models
            ]
            assert len(shown.comparisons) == 1

    def test_all_are_there_when_the_test_has_ended_and_nobody_has_asked(self) -> None:
        with fake_engine(self.engine), self.on_commit():
            services.add_models(self.evaluation, [make_model("large")])
        evaluation = Evaluation.objects.get()
        for level, errors in ERRORS.items():
            shown = scored(evaluation, level)
            assert shown.waits_for is None
            assert [m.counts.errors for m in shown.models] == [errors] * 3, level

    def test_new_equivalences_are_counted_for_the_latest_tests_at_once(self) -> None:
        self.at(Level.PROJECT)
        with self.on_commit():
            self.client.post(
                reverse("project-words", args=[self.project.pk]),
                {
                    "save": "equivalences",
                    "equivalences-text": "okay = ok\nnight = knight",
                    "equivalences-started": version(self.project.equivalences),
                },
            )
        evaluation = Evaluation.objects.get()
        shown = scored(evaluation, Level.PROJECT)
        assert shown.waits_for is None
        assert [m.counts.errors for m in shown.models] == [0, 0]

    def test_each_is_a_click_away_and_named_beside_the_figures(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, "Scored on lexical text")
        self.assertContains(page, "?level=plain")
        self.at(Level.PLAIN)
        page = self.client.get(self.url, {"level": "plain"})
        self.assertContains(page, "words as they are written")
        assert page.context["complete"][0].counts.errors == ERRORS[Level.PLAIN]
        (row, *_) = page.context["rows"]
        assert sum(len(line.marks) for line in row.lines)
        marked = [line.counts.errors for r in page.context["rows"] for line in r.lines]
        assert sum(marked) == 2 * ERRORS[Level.PLAIN]

    def test_the_first_to_ask_sees_how_far_it_is_and_then_the_figures(self) -> None:
        page = self.client.get(self.url, {"level": "display"})
        self.assertContains(page, "Counting the errors at this level")
        address = f"{self.url}levels/display/"
        part = self.client.get(address, headers={"HX-Request": "true"})
        self.assertContains(part, "every 500ms")
        Scoring.objects.get().enqueue()
        part = self.client.get(address, headers={"HX-Request": "true"})
        assert part.headers["HX-Refresh"] == "true"
        page = self.client.get(self.url, {"level": "display"})
        self.assertContains(page, "TER")

    def test_nothing_is_recognised_and_the_usual_figures_stay(self) -> None:
        before = list(Candidate.objects.values())
        self.engine.calls.clear()
        self.at(Level.WHISPER)
        assert self.engine.calls == []
        assert list(Candidate.objects.values()) == before

    def test_what_is_asked_for_twice_is_counted_once(self) -> None:
        self.at(Level.PLAIN)
        with patch.object(levels.tables, "build") as build:
            self.at(Level.PLAIN)
        assert not build.called
        assert Scoring.objects.count() == 1

    def test_other_equivalences_are_counted_anew_and_leave_no_old_files(self) -> None:
        assert self.at(Level.PROJECT).models[0].counts.errors == 1
        files = len(self.files())
        self.project.equivalences = ""
        self.project.save()
        self.evaluation.refresh_from_db()
        assert self.at(Level.PROJECT).models[0].counts.errors == 2
        assert len(self.files()) == files

    def files(self) -> list[str]:
        return default_storage.listdir(self.evaluation.folder)[1]

    def test_each_equivalence_tells_how_many_errors_it_removes(self) -> None:
        self.at(Level.PROJECT)
        okay, night = Scoring.objects.get().effects
        assert okay["rule"] == "okay = ok"
        assert list(okay["removed"].values()) == [1, 1]
        assert list(night["removed"].values()) == [0, 0]

    def test_a_model_that_joins_later_is_counted_too(self) -> None:
        self.at(Level.PLAIN)
        with fake_engine(FakeEngine(HEARD)), self.on_commit():
            services.add_models(self.evaluation, [make_model("large")])
        self.evaluation.refresh_from_db()
        assert len(self.at(Level.PLAIN).models) == 3

    def test_the_files_of_a_model_that_leaves_go_with_it(self) -> None:
        self.at(Level.PLAIN)
        assert len(self.files()) == 4
        with fake_engine(FakeEngine({})), self.on_commit():
            services.remove_model(self.evaluation, self.evaluation.candidates.all()[0])
        self.evaluation.refresh_from_db()
        # Of the other model, at the usual level and at the others.
        assert len(self.files()) == 1 + Scoring.objects.count() == 5
        assert not any(name.startswith("1-") for name in self.files())
        assert len(self.at(Level.PLAIN).models) == 1

    def test_a_failure_is_said_and_can_be_tried_again(self) -> None:
        broken = patch.object(levels.tables, "build", side_effect=RuntimeError)
        with broken, self.assertLogs("jobs.runner", "ERROR"):
            self.at(Level.PLAIN)
        assert Scoring.objects.get().status == Job.Status.FAILED
        page = self.client.get(self.url, {"level": "plain"})
        self.assertContains(page, "They could not be counted")
        assert len(self.files()) == 2
        with self.on_commit():
            answer = self.client.post(f"{self.url}levels/plain/")
        self.assertRedirects(answer, f"{self.url}?level=plain")
        assert Scoring.objects.get().status == Job.Status.SUCCEEDED

    def test_a_level_that_the_test_does_not_have_is_the_usual_one(self) -> None:
        Candidate.objects.update(tokens={})
        for level in ("display", "nonsense", "LEXICAL", "\0"):
            page = self.client.get(self.url, {"level": level})
            assert page.context["level"] == "lexical"
        assert not Scoring.objects.exists()

    def test_who_may_not_change_the_test_may_ask_but_not_repeat(self) -> None:
        self.at(Level.PLAIN)
        set_role(self.project, self.bob.pk, Role.VIEWER)
        self.assert_viewer_gets_403(f"{self.url}levels/plain/")
        assert self.client.get(self.url, {"level": "plain"}).status_code == 200
        self.assert_stranger_gets_404(f"{self.url}levels/plain/")
        self.client.force_login(self.alice)
        assert self.client.get(f"{self.url}levels/display/").status_code == 404

    def test_one_utterance_is_shown_at_a_level_that_is_being_counted(self) -> None:
        address = f"{self.url}utterances/1/?level=plain"
        self.assertContains(self.client.get(address), "001.wav")
        Scoring.objects.get().enqueue()
        self.assertContains(self.client.get(address), "utterance-name")

    def test_a_test_that_goes_on_meanwhile_is_counted_anew(self) -> None:
        scored(self.evaluation, Level.PLAIN)  # nobody has counted it yet
        self.at(Level.PROJECT)
        with fake_engine(FakeEngine(HEARD)), self.on_commit():
            services.add_models(self.evaluation, [make_model("large")])
        self.evaluation.refresh_from_db()
        assert len(scored(self.evaluation, Level.PROJECT).models) == 3
        assert len(self.at(Level.PLAIN).models) == 3

    def test_while_the_test_goes_on_it_says_when_a_level_is_counted(self) -> None:
        self.at(Level.PLAIN)
        services.add_models(self.evaluation, [make_model("large")])
        Candidate.objects.update(table="of something new")
        page = self.client.get(self.url, {"level": "plain"})
        self.assertContains(page, "They are counted when the test has ended")

    def test_tests_that_were_counted_by_older_rules_are_counted_by_these(self) -> None:
        Candidate.objects.update(scale="of last year", words=0)
        with fake_engine(FakeEngine({})) as engine, self.on_commit():
            Evaluation.tend()
        assert engine.calls == []
        scale = scored(self.evaluation).scale
        for candidate in self.evaluation.candidates.all():
            assert candidate.scale == scale.digest
            assert candidate.words == 10
        Evaluation.tend()
        assert Evaluation.objects.get().status == Job.Status.SUCCEEDED

    def test_the_result_of_a_waiting_test_leaves_no_empty_columns_behind(self) -> None:
        with self.on_commit():
            services.delete(self.evaluation)
        waiting = make_evaluation(self.project, self.dataset, [make_model("late")])
        result = self.client.get(f"{waiting.get_absolute_url()}export/result/")
        assert result.status_code == 200
        with fake_engine(FakeEngine(HEARD)):
            waiting.enqueue()
        page = self.client.get(waiting.get_absolute_url(), {"only": "errors"})
        assert len(page.context["rows"]) == 2

    def test_figures_in_tokens_are_those_of_the_display_level(self) -> None:
        for model in self.at(Level.DISPLAY).models:
            for name in ("insertions", "deletions", "substitutions"):
                assert model.tokens[name] == getattr(model, name)
            assert model.tokens["tokens"] == model.words
