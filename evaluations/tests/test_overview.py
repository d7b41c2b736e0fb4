"""The project's overview: is it better than last month, and what to do next?"""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.timezone import now

from evaluations.models import Evaluation, Shard
from evaluations.overview import drawing
from evaluations.overview.facts import duration_of
from evaluations.tests.made import (
    MISSING,
    RIGHT,
    SAID,
    TAKEN,
    make_custom,
    make_finished,
)
from jobs.models import Job
from speechstudio.test import BaseTestCase, make_dataset, make_evaluation, make_model
from speechstudio.tests.queries import queries
from training.models import PlannedTest

CLIPS = 20
GOOD = [MISSING] * 2 + [RIGHT] * (CLIPS - 2)
BAD = [MISSING] * CLIPS
LONG_AGO, LATELY = now() - timedelta(days=45), now() - timedelta(days=3)


class OverviewTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.url = reverse("project-detail", args=[self.project.pk])
        self.dataset = make_dataset(self.project, [SAID] * CLIPS, use="testing")
        self.base = make_model("base")
        self.old = make_custom(self.project, self.base, "old one", LONG_AGO)
        self.new = make_custom(self.project, self.base, "new one", LATELY)

    def made(self, *args: object, **more: object) -> Evaluation:
        return make_finished(self.project, self.dataset, *args, **more)  # type: ignore[arg-type]


class StandingTestCase(OverviewTestCase):
    def test_it_works(self) -> None:
        self.made({self.base: BAD, self.old: [TAKEN] * 10 + GOOD[:10]}, "First")
        Evaluation.objects.update(created=LONG_AGO)
        self.made({self.base: BAD, self.new: GOOD}, "Second", LATELY)
        page = self.client.get(self.url)
        self.assertContains(page, "Better than a month ago")
        found = page.context["standing"]
        assert (found.best.model, found.is_month) == (self.new, True)
        assert found.to_former.old.model == self.old
        # 2 errors in 100 words against 12, and against 20.
        assert found.to_former.comparison.points == "10.0"
        assert found.to_base.comparison.points == "18.0"
        self.assertContains(page, "2.0 %")
        self.assertContains(page, "18.0 points lower WER")
        self.assertContains(page, "Scored on lexical text, on Calls")
        self.assertContains(page, 'id="trend"')
        self.assertContains(page, 'data-picture="trend" data-format="png"')
        texts = [text.text for text in page.context["trend"].texts]
        assert "Best custom model: new one, old one" in texts
        assert "Best base model: base" in texts
        span = f"{LONG_AGO.day} {LONG_AGO:%b %Y} to {LATELY.day} {LATELY:%b %Y}"
        assert f"{span}; thin lines are 95 % intervals" in texts

    def test_a_model_that_got_worse_is_called_so(self) -> None:
        self.made({self.base: GOOD, self.old: GOOD}, "First", LONG_AGO)
        self.made({self.base: GOOD, self.new: BAD}, "Second", LATELY)
        page = self.client.get(self.url)
        self.assertContains(page, "Worse than a month ago")
        self.assertContains(page, "use the base model")

    def test_without_an_older_test_it_is_compared_with_the_model_before(self) -> None:
        self.made({self.base: BAD, self.old: BAD, self.new: GOOD})
        page = self.client.get(self.url)
        self.assertContains(page, "Better than the model before")
        assert page.context["standing"].to_former.old.model == self.old

    def test_the_base_of_another_test_on_the_same_data_will_do(self) -> None:
        self.made({self.base: BAD}, "Base alone", LONG_AGO + timedelta(days=40))
        self.made({self.new: GOOD}, "Custom alone")
        found = self.client.get(self.url).context["standing"]
        assert found.to_base.old.model == self.base
        assert found.to_base.comparison.verdict == "better"

    def test_too_few_utterances_tell_nothing(self) -> None:
        self.dataset = make_dataset(self.project, [SAID] * 3, use="testing")
        self.made({self.base: BAD[:3], self.new: [RIGHT] * 3})
        page = self.client.get(self.url)
        self.assertContains(page, "3 utterances are too few")
        self.assertContains(page, "Test on more of speech like this")
        self.assertNotContains(page, "None")

    def test_what_was_not_recognised_stands_beside_the_figure(self) -> None:
        self.made({self.base: BAD, self.new: [None, *GOOD[1:]]})
        page = self.client.get(self.url)
        self.assertContains(page, "1 of 20</span> not recognised")
        self.assertContains(page, "(1 failed)")

    def test_a_corrected_version_points_to_the_figures_before(self) -> None:
        before = self.made({self.base: BAD, self.old: BAD}, "Before", LONG_AGO)
        later = make_dataset(
            self.project, [SAID] * CLIPS, name="Calls 2", former=self.dataset
        )
        after = make_finished(self.project, later, {self.old: GOOD}, "After")
        page = self.client.get(self.url, {"dataset": later.pk})
        self.assertContains(page, "The first figures by corrected references")
        assert page.context["standing"].uncorrected.evaluation == before
        self.assertContains(page, reverse("evaluation-references", args=[after.pk]))
        self.assertContains(page, "Calls 2 is a corrected version")
        self.assertContains(page, f'href="?dataset={self.dataset.pk}">tests on Calls')

    def test_a_corrected_version_is_no_more_speech(self) -> None:
        seconds = {"use": "testing", "seconds": 1800.0}
        first = make_dataset(self.project, **seconds)
        second = make_dataset(self.project, **seconds, former=first)
        failed = Job.Status.FAILED
        make_dataset(self.project, **seconds, former=second, status=failed)
        found = self.client.get(self.url).context["speech"]
        assert found["testing"] == 1800.0 + self.dataset.seconds

    def test_figures_have_their_date_and_level(self) -> None:
        self.made({self.base: BAD, self.new: GOOD}, created=LATELY)
        page = self.client.get(self.url)
        day = f"{LATELY.day} {LATELY:%b %Y}"
        self.assertContains(page, f'<td data-label="Tested" class="nowrap">{day}')
        self.assertContains(page, f'<div class="muted">{day}, Calls</div>')
        self.assertContains(page, "Lexical scoring.")
        tests = self.client.get(reverse("evaluation-list", args=[self.project.pk]))
        self.assertContains(tests, "Error rates are by lexical scoring")

    def test_all_are_offered_only_where_there_are_more(self) -> None:
        test = self.made({self.base: BAD})
        page = self.client.get(self.url)
        self.assertNotContains(page, "All 1 ")
        for number in range(5):
            Evaluation.objects.create(
                project=self.project, dataset=test.dataset, name=f"Test {number}"
            )
        self.assertContains(self.client.get(self.url), "All 6 tests")

    def test_guard_tests_say_nothing_of_the_domain(self) -> None:
        self.made({self.base: BAD, self.new: GOOD}, "Ours")
        guard = self.made({self.base: GOOD, self.new: BAD}, "General speech (guard)")
        PlannedTest.objects.create(
            pk=guard.pk,
            model=self.new,
            dataset=self.dataset,
            role=PlannedTest.Role.GUARD,
            is_made=True,
        )
        page = self.client.get(self.url)
        assert [test.name for test in page.context["tests"]] == ["Ours"]
        assert page.context["models"][0].candidate.evaluation.name == "Ours"

    def test_the_dataset_with_most_tests_is_shown_unless_the_address_says(self) -> None:
        other = make_dataset(self.project, [SAID] * CLIPS, name="Ward", use="testing")
        make_finished(self.project, other, {self.base: GOOD}, "On the ward")
        for name in ("One", "Two"):
            self.made({self.base: BAD, self.new: GOOD}, name)
        page = self.client.get(self.url)
        assert page.context["dataset"] == self.dataset
        page = self.client.get(self.url, {"dataset": other.pk})
        assert page.context["standing"].test.name == "On the ward"
        assert page.context["trend"] is None
        assert self.client.get(self.url, {"dataset": "x"}).status_code == 200

    def test_a_dataset_without_words_has_no_rate(self) -> None:
        self.dataset = make_dataset(self.project, [""] * 2, use="testing")
        self.made({self.base: ["", ""]})
        page = self.client.get(self.url)
        assert page.context["standing"] is None
        self.assertContains(page, "empty references")

    def test_how_much_data_there_is_and_how_long_the_test_took(self) -> None:
        make_dataset(self.project, use="training", seconds=7200.0)
        test = self.made({self.base: BAD, self.new: GOOD})
        Shard.objects.filter(candidate__evaluation=test).update(
            created=LATELY, last_action=LATELY + timedelta(seconds=90)
        )
        page = self.client.get(self.url)
        self.assertContains(page, "2 h 0 min")
        self.assertContains(page, "1 min 30 s for 10.0 s of speech")
        Shard.objects.all().delete()
        assert duration_of(test) is None


class NextStepTestCase(OverviewTestCase):
    def says(self, text: str, url: str = "") -> None:
        page = self.client.get(self.url)
        self.assertContains(page, text)
        if url:
            self.assertContains(page, f'href="{url}')

    def test_a_base_model_alone_is_to_be_trained(self) -> None:
        self.old.delete()
        self.new.delete()
        self.made({self.base: BAD})
        url = reverse("model-create", args=[self.project.pk])
        self.says("Train one with text and transcripts", url)

    def test_a_new_model_is_to_be_tested_beside_its_base(self) -> None:
        self.made({self.base: BAD, self.old: GOOD})
        self.says("new one was not tested on this data yet")
        step = self.client.get(self.client.get(self.url).context["next_step"].url)
        self.assertContains(step, f'name="models" value="{self.new.pk}"')
        self.assertContains(step, f'name="models" value="{self.base.pk}"')
        # Somebody has begun to.
        make_evaluation(self.project, self.dataset, [self.new])
        page = self.client.get(self.url)
        self.assertNotContains(page, "was not tested on this data yet")

    def test_words_taken_for_others_are_to_be_trained(self) -> None:
        some = [TAKEN] * 20
        self.made({self.base: ["nine nine nine four five"] * CLIPS, self.new: some})
        url = reverse("model-create", args=[self.project.pk])
        self.says("Most errors are words taken for others", url)

    def test_a_weak_signal_is_no_matter_of_training(self) -> None:
        some = ["one two three"] * 15 + [RIGHT] * 5
        test = self.made({self.base: ["one two"] * CLIPS, self.new: some})
        self.says("Most errors are missing words", test.get_absolute_url())

    def test_what_is_good_is_left_alone(self) -> None:
        self.made({self.base: BAD, self.new: GOOD})
        self.says("The model is good.")

    def test_a_better_model_before_is_to_be_gone_back_to(self) -> None:
        self.made({self.base: BAD, self.old: GOOD}, "First", LONG_AGO)
        self.made({self.base: BAD, self.new: [TAKEN] * 10 + GOOD[:10]}, "Second")
        page = self.client.get(self.url)
        self.assertContains(page, "Worse than a month ago")
        self.assertContains(page, "points higher WER")
        self.assertContains(page, "go back to old one, which made fewer errors")

    def test_the_same_model_that_does_worse_has_other_settings(self) -> None:
        first = self.made({self.new: GOOD}, "First", LONG_AGO)
        second = self.made({self.new: BAD}, "Second")
        url = reverse("evaluation-compare", args=[self.project.pk])
        tests = f"{url}?tests={second.pk}&amp;tests={first.pk}"
        self.says("The same model made fewer errors in First", tests)

    def test_few_utterances_do_not_make_a_good_model(self) -> None:
        self.dataset = make_dataset(self.project, [SAID] * 3, use="testing")
        self.made({self.new: [RIGHT] * 3})
        self.says("This test is too small to tell how good a model is.")

    def test_what_nobody_can_tell_needs_more_speech(self) -> None:
        less = [MISSING] * 6 + [RIGHT] * 14
        other = [RIGHT] * 14 + [MISSING] * 3 + [RIGHT] * 3
        self.made({self.base: less, self.new: other})
        self.says("This test is too small to tell the model from its base")


class NewProjectTestCase(BaseTestCase):
    def test_empty_places_say_what_belongs_there(self) -> None:
        url = reverse("project-detail", args=[self.project.pk])
        self.assertContains(self.client.get(url), "Upload speech with its transcript")
        make_dataset(self.project)
        page = self.client.get(url)
        self.assertContains(page, "No test yet.")
        self.assertContains(page, reverse("evaluation-create", args=[self.project.pk]))

    def test_a_failed_or_running_test_has_no_figures(self) -> None:
        make_evaluation(self.project)
        Evaluation.objects.update(status=Job.Status.FAILED)
        page = self.client.get(reverse("project-detail", args=[self.project.pk]))
        assert page.context["standing"] is None

    def test_strangers_get_404(self) -> None:
        self.assert_stranger_gets_404(reverse("project-detail", args=[self.project.pk]))


class ManyTestsTestCase(OverviewTestCase):
    def test_many_tests_cost_as_many_queries_as_two(self) -> None:
        for name in ("One", "Two"):
            self.made({self.base: BAD, self.new: GOOD}, name)
        few = queries(self.client, self.url)
        for number in range(5):
            self.made({self.base: BAD, self.new: GOOD}, f"Test {number}")
            make_custom(self.project, self.base, f"custom {number}", LONG_AGO)
        assert queries(self.client, self.url) == few

    def test_viewers_are_shown_figures_and_no_buttons(self) -> None:
        self.made({self.base: BAD, self.old: GOOD})
        self.client.force_login(self.bob)
        page = self.client.get(self.url)
        self.assertContains(page, "new one was not tested on this data yet")
        self.assertNotContains(page, "Test it")


def test_bars_end_where_their_rates_do() -> None:
    bar = drawing.Bar("base", "10.0 %", [("rate", 0.1)], 0.05, 0.2)
    found = drawing.bars("WER", "", [drawing.Group("March", [bar])], "WER, lexical")
    assert found is not None
    full = drawing.WIDTH - 16
    assert [box.width for box in found.boxes] == [f"{full / 2:.1f}"]
    assert (found.marks[0].x1, found.marks[0].x2) == (f"{full / 4:.1f}", f"{full:.1f}")
    assert "WER, lexical" in [text.text for text in found.texts]
    assert drawing.bars("WER", "", [drawing.Group("March", [])], "") is None


def test_a_trend_needs_two_moments() -> None:
    points = [drawing.Point(at, 0.1, None, None, "") for at in (LONG_AGO, LATELY)]
    assert drawing.trend("", "", [drawing.Series("base", points[:1])], "") is None
    found = drawing.trend("", "", [drawing.Series("base", points)], "")
    assert found is not None
    assert len(found.dots) == 2 and not found.marks
    assert float(found.dots[0].x) < float(found.dots[1].x)
