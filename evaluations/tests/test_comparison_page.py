"""Tests and models beside each other, and the printable report of a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Route

from datasets.models import Dataset, Utterance
from evaluations import tables
from evaluations.compare import Difference
from evaluations.models import Candidate, Evaluation
from evaluations.overview import pairing
from evaluations.overview.compared import MOST_PAIRS
from evaluations.tests.made import (
    MISSING,
    RIGHT,
    SAID,
    TAKEN,
    make_custom,
    make_finished,
)
from projects import services as projects
from speechstudio.test import BaseTestCase, make_dataset, make_evaluation, make_model
from speechstudio.tests.browser import needs_browser, open_page
from speechstudio.tests.queries import queries

CLIPS = 40
GOOD = [MISSING] * 2 + [RIGHT] * (CLIPS - 2)
BAD = [MISSING] * 20 + [TAKEN] * 20


def with_hashes(dataset: Dataset, hashes: Sequence[int]) -> Dataset:
    rows = list(dataset.utterances.order_by("position"))
    for row, value in zip(rows, hashes, strict=True):
        row.audio_hash = value
    Utterance.objects.bulk_update(rows, ["audio_hash"])
    return dataset


class ComparisonTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, [SAID] * CLIPS, name="Calls")
        self.base = make_model("base")
        self.custom = make_custom(self.project, self.base, "custom")
        self.url = reverse("evaluation-compare", args=[self.project.pk])

    def made(self, *args: object, **more: object) -> Evaluation:
        dataset = more.pop("dataset", self.dataset)
        return make_finished(self.project, dataset, *args, **more)  # type: ignore[arg-type]

    def get(self, *tests: Evaluation, **more: object):  # type: ignore[no-untyped-def]
        asked = {"tests": [test.pk for test in tests]} | more
        return self.client.get(self.url, asked)


class ComparePageTestCase(ComparisonTestCase):
    def test_it_works(self) -> None:
        first = self.made({self.base: BAD}, "First", created=now() - timedelta(days=9))
        second = self.made({self.base: BAD, self.custom: GOOD}, "Second")
        page = self.get(first, second)
        figures = [
            (one.evaluation.name, one.model.name, one.counts.errors)
            for one in page.context["candidates"]
        ]
        assert figures == [
            ("Second", "base", 40),
            ("Second", "custom", 2),
            ("First", "base", 40),
        ]
        own, again = page.context["pairs"]
        assert (own.old.model, own.new.model) == (self.base, self.custom)
        assert (own.comparison.points, own.comparison.verdict) == ("19.0", "better")
        # The same model in two tests is none the worse for it.
        assert again.is_one_model and again.comparison.difference == 0
        for name in ("rates", "kinds", "trend-1"):
            self.assertContains(page, f'<svg id="{name}"')
            self.assertContains(page, f'data-picture="{name}"')
        self.assertContains(page, "Scored on lexical text")
        self.assertContains(page, "20.0 % (")
        self.assertContains(page, "10.0 + 10.0 + 0.0 %")
        self.assertNotContains(page, "These tests are on different data")

    def test_models_alone_choose_the_tests_that_they_take_part_in(self) -> None:
        self.made({self.base: BAD}, "First")
        second = self.made({self.base: BAD, self.custom: GOOD}, "Second")
        page = self.client.get(self.url, {"models": self.custom.pk})
        (one,) = page.context["candidates"]
        assert (one.evaluation, one.model) == (second, self.custom)
        self.assertContains(page, "There is only one model here.")

    def test_tests_on_one_dataset_are_compared_clip_by_clip(self) -> None:
        first = self.made({self.base: BAD}, "First")
        second = self.made({self.custom: GOOD}, "Second")
        (pair,) = self.get(first, second).context["pairs"]
        assert not pair.is_one_test
        assert (pair.clips, pair.comparison.points) == (CLIPS, "19.0")

    def test_the_same_clips_are_found_in_other_data(self) -> None:
        with_hashes(self.dataset, range(CLIPS))
        # The last 30 in the other order, and 10 that nobody knows.
        other = make_dataset(self.project, [SAID] * CLIPS, name="Ward")
        with_hashes(other, [*range(CLIPS - 1, 9, -1), *range(100, 110)])
        first = self.made({self.base: [TAKEN] * 20 + [RIGHT] * 20}, "First")
        second = self.made({self.custom: [RIGHT] * CLIPS}, "Second", dataset=other)
        page = self.get(first, second)
        (pair,) = page.context["pairs"]
        # Of the 20 errors in the first, 10 are in common clips of 150 words.
        assert (pair.clips, pair.changed) == (30, 0)
        assert pair.comparison.difference == pytest.approx(-10 / 150)
        self.assertContains(page, "These tests are on different data")
        self.assertContains(page, "Error rates on different data cannot be compared")

    def test_a_clip_whose_reference_was_corrected_is_left_out(self) -> None:
        with_hashes(self.dataset, range(CLIPS))
        texts = ["five four three two one", *[SAID] * (CLIPS - 1)]
        corrected = make_dataset(self.project, texts, name="Calls 2")
        with_hashes(corrected, range(CLIPS))
        first = self.made({self.base: BAD}, "First")
        heard = [texts[0], *[RIGHT] * (CLIPS - 1)]
        second = self.made({self.custom: heard}, "Second", dataset=corrected)
        page = self.get(first, second)
        (pair,) = page.context["pairs"]
        assert (pair.changed, pair.comparison.utterances) == (1, CLIPS - 1)
        self.assertContains(page, "1 clip with another reference in each test is left")

    def test_no_clip_in_common_is_said(self) -> None:
        other = make_dataset(self.project, [SAID] * CLIPS, name="Ward")
        first = self.made({self.base: BAD}, "First")
        second = self.made({self.custom: GOOD}, "Second", dataset=other)
        page = self.get(first, second)
        (pair,) = page.context["pairs"]
        assert (pair.clips, pair.comparison) == (0, None)
        self.assertContains(page, "No clip in common")

    def test_failures_stand_beside_the_figures(self) -> None:
        test = self.made({self.base: [None, *BAD[1:]], self.custom: GOOD})
        page = self.get(test)
        self.assertContains(page, '<th scope="col" class="num">Failed</th>')
        self.assertContains(page, 'class="num nowrap">1 of 40</td>', count=1)
        self.assertContains(page, "base (1 failed)")
        (pair,) = page.context["pairs"]
        assert (pair.clips, pair.failed) == (CLIPS, 1)
        self.assertContains(page, "1 clip that one of the two failed at is left out")

    def test_failures_are_told_from_changed_references(self) -> None:
        with_hashes(self.dataset, range(CLIPS))
        changed = make_dataset(self.project, ["nine"] * CLIPS, name="Calls 2")
        with_hashes(changed, range(CLIPS))
        heard = [RIGHT] * 20 + [None] * 20
        first = self.made({self.base: heard}, "First")
        second = self.made({self.custom: [None] * 20 + [RIGHT] * 20}, "Second")
        third = self.made({self.custom: ["nine"] * CLIPS}, "Third", dataset=changed)
        page = self.get(first, second)
        self.assertContains(
            page, "none can be compared: 40 that one of the two failed at."
        )
        (pair,) = self.get(first, third).context["pairs"]
        assert (pair.clips, pair.changed, pair.failed) == (CLIPS, 20, 20)
        page = self.get(first, third)
        self.assertContains(
            page,
            "20 that one of the two failed at, 20 with another reference in each test.",
        )

    def test_nothing_recognised_is_no_empty_reference(self) -> None:
        test = self.made({self.base: [None] * CLIPS})
        page = self.get(test)
        self.assertContains(page, "nothing recognised")
        self.assertContains(page, ">40 of 40</td>")
        self.assertNotContains(page, "empty references")

    def test_rows_name_the_tests_where_there_are_several(self) -> None:
        heard = {self.base: BAD, self.custom: GOOD}
        first, second = self.made(heard, "First"), self.made(heard, "Second")
        page = self.get(first, second)
        own = page.context["pairs"][0]
        assert own.is_one_test
        day = f"{now().day} {now():%b %Y}"
        self.assertContains(page, f'custom <span class="muted">Second, {day}')
        self.assertContains(page, f'base <span class="muted">Second, {day}')
        self.assertNotContains(self.get(first), '<span class="muted">First, ')

    def test_small_tests_have_no_intervals(self) -> None:
        dataset = make_dataset(self.project, [SAID] * 3)
        test = self.made(
            {self.base: BAD[:3], self.custom: [RIGHT] * 3}, dataset=dataset
        )
        for url in (f"{self.url}?tests={test.pk}", f"/tests/{test.pk}/report/"):
            page = self.client.get(url)
            self.assertNotContains(page, "None")
            self.assertNotContains(page, " % to ")

    def test_a_lost_table_is_said(self) -> None:
        first = self.made({self.base: BAD}, "First")
        second = self.made({self.custom: GOOD}, "Second")
        Candidate.objects.update(table="")
        self.assertContains(self.get(first, second), "Repeat the test to compare them.")

    def test_a_table_that_cannot_be_read_for_a_moment_is_read_later(self) -> None:
        first = self.made({self.base: BAD}, "First")
        second = self.made({self.custom: GOOD}, "Second")
        broken = patch.object(tables, "_read", side_effect=OSError)
        with broken, self.assertLogs("evaluations.tables", "ERROR"):
            (pair,) = self.get(first, second).context["pairs"]
        assert pair.is_lost and pair.comparison is None
        (pair,) = self.get(first, second).context["pairs"]
        assert not pair.is_lost and pair.comparison.points == "19.0"

    def test_two_tests_compare_two_models_as_one_test_does(self) -> None:
        both = self.made({self.base: BAD, self.custom: GOOD}, "Both")
        first = self.made({self.base: BAD}, "First")
        second = self.made({self.custom: GOOD}, "Second")
        (one,) = self.get(both).context["pairs"]
        (other,) = self.get(first, second).context["pairs"]
        for field in fields(Difference):
            found = [getattr(pair.comparison, field.name) for pair in (one, other)]
            assert found[0] == found[1], field.name

    def test_others_and_what_is_gone_are_left_out_and_said(self) -> None:
        theirs = projects.create(self.charlie, "Secret", "en-US")
        theirs.engine = "fake"
        theirs.save()
        dataset = make_dataset(theirs, [SAID] * 2)
        secret = make_finished(theirs, dataset, {self.base: [RIGHT] * 2}, "Secret test")
        running = make_evaluation(self.project, self.dataset, [self.base])
        ours = self.made({self.base: BAD}, "Ours")
        asked = [secret.pk, running.pk, ours.pk, uuid4(), "x"]
        page = self.client.get(self.url, {"tests": asked})
        assert [test.name for test in page.context["chosen"].tests] == ["Ours"]
        self.assertContains(page, "4 of the chosen tests cannot be shown")
        self.assertNotContains(page, "Secret test")

    def test_a_model_that_is_in_none_of_the_tests_leaves_nothing(self) -> None:
        test = self.made({self.base: BAD})
        page = self.get(test, models=self.custom.pk)
        self.assertContains(page, "None of the chosen models takes part")

    def test_another_level_is_counted_and_named(self) -> None:
        shouted = [text.upper() for text in GOOD]
        test = self.made({self.base: shouted})
        page = self.get(test, level="plain")
        self.assertContains(page, "Counting the errors at this level")
        self.assertContains(page, 'hx-trigger="every 1s"')
        with self.on_commit():
            self.get(test, level="whisper")
        page = self.get(test, level="whisper")
        self.assertContains(page, "Whisper English normaliser")
        assert page.context["scale"].level == "whisper"
        assert page.context["candidates"][0].counts.errors == 2
        # A level that there is not is the usual one.
        assert self.get(test, level="x").context["scale"].level == "lexical"

    def test_slices_are_those_of_the_best_model_with_the_others_beside(self) -> None:
        rows = list(self.dataset.utterances.order_by("position"))
        for row in rows:
            row.speaker = "anna" if row.position <= 30 else "bob"
            row.labels = {"speaker": row.speaker}
        Utterance.objects.bulk_update(rows, ["speaker", "labels"])
        heard = [TAKEN] * 30 + [RIGHT] * 10
        first = self.made({self.base: BAD}, "First")
        second = self.made({self.custom: heard}, "Second")
        page = self.get(first, second)
        (data,) = page.context["data"]
        assert data.models[0].model == self.custom
        worst = data.worst[0]
        assert (worst.column.title, worst.name) == ("Speaker", "anna")
        assert (worst.counts.rate, worst.others) == (0.2, (0.2,))
        assert data.worst_chart is not None
        self.assertContains(page, "<h3>Where custom makes most errors</h3>")

    def test_many_models_are_compared_as_far_as_a_page_goes(self) -> None:
        dataset = make_dataset(self.project, [SAID] * 2)
        models = [make_model(f"model {number}") for number in range(8)]
        heard = {model: [RIGHT] * 2 for model in models}
        tests = [
            self.made({model: heard[model] for model in part}, dataset=dataset)
            for part in (models[:4], models[4:])
        ]
        page = self.get(*tests, models=[model.pk for model in models])
        assert len(page.context["pairs"]) == 28
        many = [make_model(f"more {number}") for number in range(2)]
        tests.append(self.made({one: [RIGHT] * 2 for one in many}, dataset=dataset))
        with patch.object(pairing, "_found", wraps=pairing._found) as found:
            page = self.get(*tests)
        pairs = page.context["pairs"]
        assert len(pairs) == MOST_PAIRS
        self.assertContains(page, "15 more pairs are not shown")
        # The tests know 6 + 6 + 1 pairs; of the others only those shown are found.
        assert [pair.is_one_test for pair in pairs] == [True] * 13 + [False] * 17
        assert found.call_count <= 17

    def test_a_custom_model_against_its_base_is_shown_first(self) -> None:
        base = self.made({self.base: BAD}, "Base")
        others = self.made({make_model("a"): GOOD, make_model("b"): GOOD}, "Others")
        custom = self.made({self.custom: GOOD}, "Custom")
        own, same, *_ = self.get(base, others, custom).context["pairs"]
        assert (own.old.model, own.new.model) == (self.base, self.custom)
        assert same.is_one_test

    def test_references_without_words_break_nothing(self) -> None:
        dataset = make_dataset(self.project, ["", ""])
        test = self.made(
            {self.base: ["", "one"], self.custom: ["", ""]}, dataset=dataset
        )
        page = self.get(test)
        self.assertContains(page, "empty references")
        assert page.context["rates"] is None

    def test_without_tests_it_says_what_to_do(self) -> None:
        self.assertContains(self.client.get(self.url), "No tests to compare yet")
        self.made({self.base: BAD})
        self.assertContains(self.client.get(self.url), "Choose tests to compare")

    def test_other_tests_of_the_project_cost_no_queries(self) -> None:
        chosen = self.made({self.base: BAD, self.custom: GOOD})
        url = f"{self.url}?tests={chosen.pk}"
        self.client.get(url)  # what is kept of the chosen one is worked out here
        few = queries(self.client, url)
        for number in range(4):
            self.made({self.base: BAD, self.custom: GOOD}, f"Test {number}")
        assert queries(self.client, url) == few

    def test_the_list_of_tests_leads_here(self) -> None:
        test = self.made({self.base: BAD})
        waiting = make_evaluation(self.project, self.dataset, [self.base], "Waits")
        url = reverse("evaluation-list", args=[self.project.pk])
        page = self.client.get(url)
        self.assertContains(page, f'name="tests" value="{test.pk}" form="compare"')
        self.assertNotContains(page, f'value="{waiting.pk}"')
        self.assertContains(page, f'id="compare" class="buttons" action="{self.url}"')

    def test_strangers_get_404(self) -> None:
        self.assert_stranger_gets_404(self.url)


class ReportTestCase(ComparisonTestCase):
    def url_of(self, test: Evaluation) -> str:
        return reverse("evaluation-report", args=[test.pk])

    def test_it_works(self) -> None:
        test = self.made({self.base: BAD, self.custom: GOOD}, "March")
        page = self.client.get(self.url_of(test))
        self.assertContains(page, "custom is better than base by")
        self.assertContains(page, "40 utterances, 20.0 s")
        self.assertContains(page, "custom has the lowest error rate")
        self.assertNotContains(page, "Failed</th>")
        self.assertContains(page, "Scored on lexical text")
        self.assertContains(page, "locale en-US, beam size 5")
        report = page.context["report"]
        assert [(e.reference, e.hypothesis, e.count) for e in report.errors] == [
            ("five", None, 2)
        ]
        self.assertContains(page, "data-print")

    def test_models_with_the_same_rate_share_the_first_place(self) -> None:
        other = make_custom(self.project, self.base, "other")
        test = self.made({self.base: BAD, self.custom: GOOD, other: GOOD})
        page = self.client.get(self.url_of(test))
        self.assertContains(page, "custom and other have the same lowest error rate")
        test = self.made({self.custom: GOOD, other: GOOD})
        page = self.client.get(self.url_of(test))
        self.assertContains(page, "custom and other have the same error rate")

    def test_one_model_has_no_lowest_rate(self) -> None:
        page = self.client.get(self.url_of(self.made({self.base: GOOD})))
        self.assertContains(page, "base has an error rate of")
        self.assertNotContains(page, "lowest")

    def test_failures_are_said_and_have_a_column(self) -> None:
        test = self.made({self.base: BAD, self.custom: [None, *GOOD[1:]]})
        page = self.client.get(self.url_of(test))
        self.assertContains(page, '<th scope="col" class="num">Failed</th>')
        self.assertContains(page, "1 of 40</span> not recognised")
        self.assertContains(page, '<td class="num nowrap">1 of 40</td>')

    def test_nothing_recognised_is_said(self) -> None:
        test = self.made({self.base: [None] * CLIPS})
        page = self.client.get(self.url_of(test))
        self.assertContains(page, "There is no error rate. base:")
        self.assertContains(page, "nothing recognised")
        self.assertNotContains(page, "The references hold no words")

    def test_advice_and_worst_slices_are_about_the_best_model(self) -> None:
        test = self.made({self.base: BAD[:20] + [RIGHT] * 20})
        report = self.client.get(self.url_of(test)).context["report"]
        assert report.advice.startswith("Most errors are missing words")
        assert report.best.model == self.base

    def test_another_level_is_shown_or_counted_first(self) -> None:
        test = self.made({self.base: BAD})
        url = f"{self.url_of(test)}?level=whisper"
        page = self.client.get(url)
        self.assertRedirects(page, f"{test.get_absolute_url()}?level=whisper")
        with self.on_commit():
            self.client.get(f"{test.get_absolute_url()}?level=plain")
        page = self.client.get(f"{self.url_of(test)}?level=plain")
        self.assertContains(page, "the spelling of numbers does")

    def test_no_words_are_no_error_rate(self) -> None:
        dataset = make_dataset(self.project, [""])
        test = self.made({self.base: ["one"]}, dataset=dataset)
        page = self.client.get(self.url_of(test))
        self.assertContains(page, "there is no error rate")

    def test_what_has_no_error_rates_has_no_report(self) -> None:
        waiting = make_evaluation(self.project, self.dataset, [self.base])
        assert self.client.get(self.url_of(waiting)).status_code == 404
        test = self.made({self.base: BAD})
        Evaluation.objects.filter(pk=test.pk).update(kind=Evaluation.Kind.INSPECTION)
        assert self.client.get(self.url_of(test)).status_code == 404

    def test_strangers_get_404(self) -> None:
        self.assert_stranger_gets_404(self.url_of(self.made({self.base: BAD})))


@pytest.mark.real
@needs_browser
class PaperTestCase(ComparisonTestCase):
    def test_the_report_of_a_full_test_is_one_page_of_paper(self) -> None:
        name = "A long name of a model that somebody has trained on calls " * 3
        models = {
            self.base: BAD,
            make_custom(self.project, self.base, name[:190]): GOOD,
        }
        for number in range(6):
            models[make_custom(self.project, self.base, f"{name[:180]}{number}")] = BAD
        rows = list(self.dataset.utterances.order_by("position"))
        for row in rows:
            row.labels = {"device": "headset" * 20 if row.position % 2 else "room"}
        Utterance.objects.bulk_update(rows, ["labels"])
        test = self.made(models, "Calls in March " * 12)
        html = self.client.get(reverse("evaluation-report", args=[test.pk])).content

        def answer(route: Route) -> None:
            path = urlsplit(route.request.url).path
            if path.startswith("/static/"):
                found = finders.find(unquote(path.removeprefix("/static/")))
                route.fulfill(path=str(found))
            else:
                route.fulfill(body=html, content_type="text/html")

        with open_page() as page:
            page.route("**/*", answer)
            page.goto("http://report.test/report/")
            pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
        assert re.search(rb"/MediaBox \[0 0 59[45]\S* 84[12]", pdf)
