from __future__ import annotations

from unittest.mock import patch

from evaluations import pairs
from evaluations.levels import scored
from evaluations.models import Evaluation
from evaluations.pairs import matched
from evaluations.tests.made import MISSING, RIGHT, SAID, TAKEN, make_finished
from scoring.mapsswe import Matched, matched_pairs
from scoring.scale import Level
from scoring.table import side_by_side
from speechstudio.test import BaseTestCase, make_dataset, make_model


class MatchedTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        dataset = make_dataset(self.project, [SAID] * 12)
        heard = {
            make_model("worst"): [MISSING] * 6 + [TAKEN] * 6,
            make_model("better"): [RIGHT] * 9 + [TAKEN] * 3,
            make_model("same"): [RIGHT] * 9 + [TAKEN] * 3,
        }
        self.evaluation = make_finished(self.project, dataset, heard)

    def test_every_two_models_have_the_test_of_what_both_recognised(self) -> None:
        shown = scored(self.evaluation)
        found = matched(shown)
        assert found.keys() == {(p.old.pk, p.new.pk) for p in shown.comparisons}
        worst, better, _ = shown.own_tables
        keys = [model.pk for model in shown.models]
        assert found[keys[0], keys[1]] == matched_pairs(*side_by_side([worst, better]))
        # A segment for each utterance; the new model has one error less in nine.
        assert found[keys[0], keys[1]].segments == 12
        assert found[keys[0], keys[1]].mean == -0.75
        assert found[keys[0], keys[1]].verdict == "better"
        assert found[keys[1], keys[2]] == Matched(3, 0.0, None, 1.0)

    def test_it_is_worked_out_once(self) -> None:
        first = matched(scored(self.evaluation))
        with patch.object(pairs, "matched_pairs", side_effect=AssertionError):
            assert matched(scored(self.evaluation)) == first
        with self.on_commit():
            scored(self.evaluation, Level.PLAIN)
        assert matched(scored(self.evaluation, Level.PLAIN)).keys() == first.keys()

    def test_an_inspection_has_no_errors_to_compare(self) -> None:
        Evaluation.objects.update(kind=Evaluation.Kind.INSPECTION)
        self.evaluation.refresh_from_db()
        assert matched(scored(self.evaluation)) == {}


class FiveModelsTestCase(BaseTestCase):
    """A hundred clips of five words, with errors that anybody can count."""

    # How many clips are wrong by one word, from which one on.
    WRONG = {
        "perfect": range(0),
        "good": range(10),
        "as good": range(50, 60),
        "bad": range(20, 80),
        "worst": range(100),
    }

    def setUp(self) -> None:
        super().setUp()
        dataset = make_dataset(self.project, [SAID] * 100)
        heard = {
            make_model(name): [TAKEN if i in wrong else RIGHT for i in range(100)]
            for name, wrong in self.WRONG.items()
        }
        self.evaluation = make_finished(self.project, dataset, heard)

    def test_intervals_are_those_of_the_normal_distribution_nearly(self) -> None:
        for model in scored(self.evaluation).models:
            share = len(self.WRONG[model.model.name]) / 100
            half = 1.96 * (share * (1 - share) / 100) ** 0.5
            assert model.counts.rate == share / 5
            assert abs(model.low - (share - half) / 5) < 0.003
            assert abs(model.high - (share + half) / 5) < 0.003

    def test_every_pair_has_the_verdict_that_is_so_by_hand_in_both_tests(self) -> None:
        shown = scored(self.evaluation)
        tests = matched(shown)
        assert len(shown.comparisons) == len(tests) == 10
        for pair in shown.comparisons:
            names = {pair.old.model.name, pair.new.model.name}
            expected = "unclear" if names == {"good", "as good"} else "worse"
            assert pair.verdict == expected, names
            assert tests[pair.old.pk, pair.new.pk].verdict == expected, names

    def test_the_page_says_it_in_words(self) -> None:
        page = self.client.get(self.evaluation.get_absolute_url())
        self.assertContains(page, "Each model against each other")
        self.assertContains(page, "Cannot tell", count=1)
        self.assertContains(page, "Worse</span>", count=9)
        self.assertContains(page, "p &lt; 0.001")
        self.assertContains(page, "95 % interval <span", count=5)
