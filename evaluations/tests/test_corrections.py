from __future__ import annotations

from unittest.mock import patch

from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.timezone import now

from datasets import services as datasets
from datasets import versions as texts
from datasets.models import Dataset
from datasets.tasks import ingest_dataset
from engines.fake import FakeEngine
from evaluations import services as tests
from evaluations.corrections import figures, versions
from evaluations.corrections.collected import collected_of
from evaluations.corrections.services import (
    MOST_CHARACTERS,
    Changed,
    Refused,
    correct,
    correction_of,
    seen_of,
    take_back,
)
from evaluations.corrections.suspects import suspects_of
from evaluations.levels import scored
from evaluations.models import Correction, Evaluation, Item
from evaluations.tasks import run_evaluation
from jobs.models import Job
from projects.models import Role
from projects.services import set_role
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
    make_zip,
    tone,
)
from speechstudio.tests.queries import queries

SAID = [
    "take two tablets daily",
    "blood pressure is normal",
    "call doctor brown now",
    "no fever since monday",
    "she walks without help",
    "give him water twice",
]
# What was written of it: in the third and the fifth a word is wrong.
WRITTEN = list(SAID)
WRITTEN[2] = "call doctor green now"
WRITTEN[4] = "she walks with help"
HEARD = {str(place): text for place, text in enumerate(SAID, start=1)}
# The base model has one error of its own.
BASE = HEARD | {"1": "take two tables daily"}


class CorrectionsTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        lines = ["file\ttext\tspeaker\troom"]
        lines += [f"{n}.wav\t{text}\tanna\t{n}" for n, text in enumerate(WRITTEN)]
        sounds = {f"{n}.wav": tone(pitch_hz=300 + n) for n in range(len(WRITTEN))}
        members = {**sounds, "trans.txt": "\n".join(lines)}
        with self.on_commit():
            self.dataset = datasets.upload(
                self.project, "Calls", make_zip(members), use="testing"
            )
        self.base = make_model("base")
        self.custom = make_model(
            "Clinic", project=self.project, base=self.base, reference="custom:1"
        )
        self.engine = self.engine_of(BASE, HEARD)
        self.evaluation = self.evaluated(self.dataset)
        set_role(self.project, self.bob.pk, Role.REVIEWER)
        self.page = reverse("evaluation-references", args=[self.evaluation.pk])
        self.new_version = reverse("evaluation-new-version", args=[self.evaluation.pk])

    def engine_of(self, base: dict[str, str], custom: dict[str, str]) -> FakeEngine:
        engine = FakeEngine(base, custom_texts=custom)
        engine.trained[self.custom.reference] = None  # type: ignore[assignment]
        return engine

    def evaluated(self, dataset: Dataset) -> Evaluation:
        models = [self.base, self.custom]
        evaluation = make_evaluation(self.project, dataset, models)
        with fake_engine(self.engine):
            run_evaluation(str(evaluation.pk))
        evaluation.refresh_from_db()
        assert evaluation.status == Job.Status.SUCCEEDED
        return evaluation

    def item(self, position: int) -> Item:
        items = self.evaluation.items.select_related("utterance__dataset__project")
        return items.get(position=position)

    def url(self, position: int) -> str:
        return reverse("evaluation-correct", args=[self.evaluation.pk, position])

    def correct_both(self) -> None:
        for position in (3, 5):
            correct(self.item(position), SAID[position - 1], self.alice, "")

    def make_version(self, name: str = "Calls, version 2") -> Dataset:
        with fake_engine(self.engine), self.on_commit():
            page = self.client.post(self.new_version, {"name": name})
        self.assertRedirects(page, self.page)
        return Dataset.objects.latest("created")


class ReferencesTestCase(CorrectionsTestCase):
    def test_planted_wrong_references_come_first_and_it_says_why(self) -> None:
        page = self.client.get(self.page)
        first = [one.row.item.position for one in page.context["suspects"]][:2]
        assert sorted(first) == [3, 5]
        self.assertContains(page, "Both models hear “brown” for “green”")
        self.assertContains(page, "Both models hear “without” for “with”")
        # What one model alone has heard speaks against that model.
        assert [one.row.item.position for one in page.context["suspects"]][2:] == []

    def test_both_figures_are_as_computed_by_hand(self) -> None:
        self.correct_both()
        pairs = figures.pairs_of(scored(self.evaluation))
        # 6 utterances of 4 words; the corrected ones have as many.
        assert [pair.before.value for pair in pairs] == [3 / 24, 2 / 24]
        assert [pair.after.value for pair in pairs if pair.after] == [1 / 24, 0]
        page = self.client.get(self.page)
        self.assertContains(page, "With 2 corrections")
        self.assertContains(page, "12.5 %")
        self.assertContains(page, "4.2 %")

    def test_figures_are_those_of_a_test_on_the_corrected_texts(self) -> None:
        self.correct_both()
        estimate = [
            pair.after
            for pair in figures.pairs_of(scored(self.evaluation))
            if pair.after
        ]
        dataset = self.make_version()
        measured = scored(dataset.evaluations.get()).models
        assert estimate == [figures.rate_of(model) for model in measured]

    def test_only_what_was_corrected_is_aligned_anew(self) -> None:
        correct(self.item(3), SAID[2], self.alice, "")
        aligned = figures.counts_many
        with patch.object(figures, "counts_many", side_effect=aligned) as spy:
            figures.pairs_of(scored(self.evaluation))
            figures.pairs_of(scored(self.evaluation))
        assert [call.args[0] for call in spy.call_args_list] == [
            [(SAID[2], SAID[2])],
            [(SAID[2], SAID[2])],
        ]

    def test_figures_follow_a_correction_that_was_taken_back(self) -> None:
        self.correct_both()
        self.client.get(self.page)
        item = self.item(3)
        take_back(item, seen_of(correction_of(item)))
        pairs = figures.pairs_of(scored(self.evaluation))
        assert [pair.after.value for pair in pairs if pair.after] == [2 / 24, 1 / 24]

    def test_one_model_alone_is_ranked_by_how_sure_it_is_and_it_says_so(self) -> None:
        candidate = self.evaluation.candidates.get(model=self.base)
        tests.remove_model(self.evaluation, candidate)
        with fake_engine(self.engine):
            run_evaluation(str(self.evaluation.pk))
        page = self.client.get(self.page)
        self.assertContains(page, "A second model in the test would tell more")
        self.assertContains(page, "The model hears “brown” for “green”")

    def test_a_test_without_any_suspect_says_so(self) -> None:
        evaluation = self.evaluated(make_dataset(self.project, SAID))
        page = self.client.get(reverse("evaluation-references", args=[evaluation.pk]))
        assert page.context["number"] == 0
        self.assertContains(page, "No reference is suspected")

    def test_every_level_has_its_own_list_and_figures(self) -> None:
        with self.on_commit():
            self.client.get(self.page, {"level": "plain"})
        page = self.client.get(self.page, {"level": "plain"})
        self.assertContains(page, "case and punctuation ignored")
        assert len(page.context["suspects"]) == 2

    def test_corrected_references_are_a_list_of_their_own(self) -> None:
        correct(self.item(2), "blood pressure was normal", self.alice, "")
        page = self.client.get(self.page, {"only": "corrected"})
        assert [one.row.item.position for one in page.context["suspects"]] == [2]

    def test_it_costs_as_many_queries_for_many_rows_as_for_one(self) -> None:
        self.correct_both()
        only = f"{self.page}?only=corrected"
        queries(self.client, only)
        two = queries(self.client, only)
        for position in (1, 2, 4, 6):
            correct(self.item(position), "something else", self.bob, "")
        queries(self.client, only)
        assert queries(self.client, only) == two

    def test_a_long_list_comes_in_pages(self) -> None:
        written = [f"word{n} is right" for n in range(20)]
        heard = {str(n + 1): f"other{n} is right" for n in range(20)}
        self.engine = self.engine_of(heard, heard)
        evaluation = self.evaluated(make_dataset(self.project, written))
        url = reverse("evaluation-references", args=[evaluation.pk])
        assert len(self.client.get(url).context["suspects"]) == 15
        assert len(self.client.get(url, {"page": 2}).context["suspects"]) == 5

    def test_verdicts_are_live_and_lead_on_to_what_is_not_judged(self) -> None:
        page = self.client.get(self.page)
        self.assertContains(page, reverse("review-changes", args=[self.evaluation.pk]))
        self.assertContains(page, 'name="progress"', count=1)
        utterances = f"{self.evaluation.get_absolute_url()}?verdict=none"
        self.assertContains(page, f'href="{utterances}" data-unreviewed')

    def test_an_inspection_has_no_references(self) -> None:
        Evaluation.objects.update(kind=Evaluation.Kind.INSPECTION)
        assert self.client.get(self.page).status_code == 404
        assert self.client.get(self.url(3)).status_code == 404

    def test_who_may_see_and_do_what(self) -> None:
        self.assert_stranger_gets_404(self.page)
        self.assert_stranger_gets_404(self.url(3), "post")
        self.assert_stranger_gets_404(self.new_version, "post")
        # bob is a reviewer: he corrects, and makes no datasets.
        self.client.force_login(self.bob)
        assert self.client.post(self.url(3), {"text": SAID[2]}).status_code == 302
        self.assert_viewer_gets_403(self.new_version)
        set_role(self.project, self.bob.pk, Role.VIEWER)
        assert self.client.get(self.page).status_code == 200
        self.assert_viewer_gets_403(self.url(3))
        self.assertNotContains(self.client.get(self.page), "data-edit-reference")


class CorrectTestCase(CorrectionsTestCase):
    def test_a_correction_says_what_was_there_by_whom_and_when(self) -> None:
        page = self.client.post(
            self.url(3), {"text": SAID[2], "back": f"{self.page}?page=1"}
        )
        self.assertRedirects(
            page, f"{self.page}?page=1#u-3", fetch_redirect_response=False
        )
        correction = Correction.objects.get()
        assert (correction.text, correction.by) == (SAID[2], self.alice)
        # The dataset stays as it is.
        assert self.item(3).utterance.transcript == WRITTEN[2]

    def test_the_line_of_a_row_becomes_a_form_and_a_line_again(self) -> None:
        htmx = {"HX-Request": "true"}
        form = self.client.get(self.url(3), headers=htmx)
        self.assertContains(form, WRITTEN[2])
        self.assertNotContains(form, "<html")
        line = self.client.post(self.url(3), {"text": SAID[2]}, headers=htmx)
        assert line.headers["HX-Trigger"] == "corrected"
        self.assertContains(line, "Corrected by alice")
        self.assertContains(line, "data-edit-reference")
        self.assertContains(line, SAID[2])
        self.assertContains(line, WRITTEN[2])
        again = self.client.get(self.url(3), {"cancel": 1}, headers=htmx)
        self.assertContains(again, "Corrected by alice")

    def test_what_a_model_heard_is_taken_over(self) -> None:
        page = self.client.get(self.url(1), {"take": 1})
        assert page.context["text"] == BASE["1"]
        assert self.client.get(self.url(1), {"take": "x"}).context["text"] == SAID[0]
        assert not Correction.objects.exists()

    def test_a_correction_is_edited_and_taken_back(self) -> None:
        correct(self.item(3), "call doctor browne now", self.alice, "")
        self.client.force_login(self.bob)
        seen = self.client.get(self.url(3)).context["seen"]
        self.client.post(self.url(3), {"text": SAID[2], "seen": seen})
        assert Correction.objects.get().by == self.bob
        seen = self.client.get(self.url(3)).context["seen"]
        self.client.post(self.url(3), {"take_back": 1, "seen": seen})
        assert not Correction.objects.exists()

    def test_the_text_that_was_there_before_takes_a_correction_back(self) -> None:
        item = self.item(3)
        found = correct(item, SAID[2], self.alice, "")
        assert correct(item, f" {WRITTEN[2]}\n", self.alice, seen_of(found)) is None
        assert not Correction.objects.exists()

    def test_the_same_text_again_changes_nothing(self) -> None:
        first = correct(self.item(3), SAID[2], self.alice, "")
        second = correct(self.item(3), SAID[2], self.bob, "")
        assert first and second and (first.at, second.by) == (second.at, self.alice)
        assert correct(self.item(1), SAID[0], self.alice, "") is None

    def test_who_comes_later_sees_both_texts_and_may_insist(self) -> None:
        correct(self.item(3), "call doctor braun now", self.bob, "")
        page = self.client.post(self.url(3), {"text": SAID[2], "seen": ""})
        assert page.status_code == 422
        self.assertContains(page, "corrected by bob", status_code=422)
        self.assertContains(page, "call doctor braun now", status_code=422)
        assert page.context["text"] == SAID[2]
        seen = page.context["seen"]
        self.client.post(self.url(3), {"text": SAID[2], "seen": seen})
        assert Correction.objects.get().text == SAID[2]

    def test_nobody_takes_back_what_they_have_not_seen(self) -> None:
        first = correct(self.item(3), "call doctor braun now", self.bob, "")
        correct(self.item(3), SAID[2], self.bob, seen_of(first))
        with self.assertRaises(Changed):
            take_back(self.item(3), seen_of(first))
        last = correction_of(self.item(3))
        take_back(self.item(3), seen_of(last))
        # One that is gone is changed no more, by what is not known of that.
        with self.assertRaises(Changed):
            correct(self.item(3), "call doctor greene now", self.alice, seen_of(last))

    def test_what_can_be_no_reference_is_refused_with_the_reason(self) -> None:
        cases = [
            ("", "cannot be empty"),
            (" \n\t ", "cannot be empty"),
            ("word " * MOST_CHARACTERS, "500,000 characters"),
            ("call doctor \ufffd now", "were lost"),
        ]
        for text, message in cases:
            with self.assertRaisesMessage(Refused, message):
                correct(self.item(3), text, self.alice, "")
        page = self.client.post(self.url(3), {"text": ""})
        self.assertContains(page, "cannot be empty", status_code=422)
        for part in ('aria-describedby="r-3-error"', 'id="r-3-error"'):
            self.assertContains(page, part, count=1, status_code=422)
        assert not Correction.objects.exists()

    def test_a_text_is_kept_as_the_import_would_keep_it(self) -> None:
        found = correct(self.item(3), "it\u2019s\x00 two\r\nlines ", self.alice, "")
        assert found and found.text == "it's two lines"

    def test_it_leads_back_to_no_foreign_page(self) -> None:
        for back in ("https://evil.example/", "//evil.example/", "javascript:x"):
            page = self.client.post(self.url(3), {"text": SAID[2], "back": back})
            alone = reverse("evaluation-utterance", args=[self.evaluation.pk, 3])
            assert page.headers["Location"] == f"{alone}#u-3"

    def test_it_leads_back_to_the_page_of_this_test_that_it_was_opened_on(self) -> None:
        alone = reverse("evaluation-utterance", args=[self.evaluation.pk, 3])
        listed = f"{self.evaluation.get_absolute_url()}?only=errors"
        for back in (alone, listed, f"{self.page}?only=corrected"):
            page = self.client.post(self.url(3), {"text": SAID[2], "back": back})
            assert page.headers["Location"] == f"{back}#u-3"

    def test_who_is_gone_has_one_name(self) -> None:
        correct(self.item(3), SAID[2], self.bob, "")
        self.bob.delete()
        page = self.client.get(self.page)
        self.assertContains(page, "Corrected by somebody who left")
        page = self.client.post(self.url(3), {"text": "another", "seen": ""})
        told = "was corrected by somebody who left meanwhile"
        self.assertContains(page, told, status_code=422)

    def test_corrections_are_found_for_many_items_at_once(self) -> None:
        self.correct_both()
        items = self.evaluation.items.select_related("correction__by")
        with self.assertNumQueries(1):
            said = [getattr(item, "correction", None) for item in items]
        assert [one.text for one in said if one] == [SAID[2], SAID[4]]


class VersionTestCase(CorrectionsTestCase):
    def test_a_version_has_the_same_recordings_and_the_corrected_texts(self) -> None:
        Dataset.objects.update(text_normalization="None")
        self.dataset.refresh_from_db()
        self.correct_both()
        made = self.make_version()
        assert (made.former, made.name) == (self.dataset, "Calls, version 2")
        assert made.status == Job.Status.SUCCEEDED
        assert (made.use, made.text_normalization) == ("testing", "None")
        assert (made.accepted, made.rejected) == (6, 0)
        fields = ("position", "name", "labels", "speaker", "audio_hash", "seconds")
        assert list(made.utterances.values_list(*fields)) == list(
            self.dataset.utterances.values_list(*fields)
        )
        assert [row.transcript for row in made.utterances.all()] == SAID
        assert made.statistics.figures

    def test_nothing_is_recognised_twice(self) -> None:
        self.correct_both()
        self.engine.calls.clear()
        made = self.make_version()
        test = made.evaluations.get()
        assert test.status == Job.Status.SUCCEEDED
        assert self.engine.calls == []
        models = [candidate.model for candidate in test.candidates.all()]
        assert models == [self.base, self.custom]
        rates = [candidate.counts.rate for candidate in test.candidates.all()]
        assert rates == [1 / 24, 0]
        # The former test keeps its own.
        former = self.evaluation.candidates.all()
        assert [candidate.counts.rate for candidate in former] == [3 / 24, 2 / 24]

    def test_both_tests_and_datasets_lead_to_each_other(self) -> None:
        self.correct_both()
        made = self.make_version()
        test = made.evaluations.get()
        later = reverse("evaluation-references", args=[test.pk])
        page = self.client.get(self.page)
        self.assertContains(page, f'href="{later}"')
        rows = page.context["lineup"].rows
        assert [[rate.value for rate in rates] for _, rates in rows] == [
            [3 / 24, 1 / 24],
            [2 / 24, 0],
        ]
        self.assertContains(self.client.get(later), f'href="{self.page}"')
        page = self.client.get(made.get_absolute_url())
        self.assertContains(page, self.dataset.get_absolute_url())
        page = self.client.get(self.dataset.get_absolute_url())
        self.assertContains(page, made.get_absolute_url())

    def test_corrections_that_are_part_of_a_version_are_marked(self) -> None:
        self.correct_both()
        made = self.make_version()
        page = self.client.get(self.page)
        marked = [one.version for one in page.context["suspects"]]
        assert marked == [made, made]
        self.assertContains(
            page, "All 2 corrections of this dataset are part of “Calls, version 2”"
        )
        self.assertNotContains(page, self.new_version)
        # One that is changed afterwards is not part of it any more.
        found = correction_of(self.item(3))
        correct(self.item(3), "call doctor braun now", self.alice, seen_of(found))
        page = self.client.get(self.page)
        assert [one.version for one in page.context["suspects"]].count(made) == 1
        self.assertContains(page, "Calls, version 3")

    def test_a_correction_goes_on_from_version_to_version(self) -> None:
        self.correct_both()
        second = self.make_version()
        correct(self.item(1), "take two tablets now", self.alice, "")
        third = self.make_version(versions.proposed_name(self.evaluation))
        assert (third.name, third.former) == ("Calls, version 3", self.dataset)
        texts_of = [row.transcript for row in third.utterances.all()]
        assert texts_of == ["take two tablets now", *SAID[1:]]
        assert list(self.dataset.later.order_by("created")) == [second, third]

    def test_a_version_of_a_version_counts_on(self) -> None:
        self.correct_both()
        test = self.make_version().evaluations.get()
        assert versions.proposed_name(test) == "Calls, version 3"
        assert test.name == "Test of March, version 2"

    def test_two_clicks_make_one_version(self) -> None:
        self.correct_both()
        one = versions.make_version(self.evaluation, "Calls, version 2")
        with self.assertRaises(versions.BeingMade):
            versions.make_version(self.evaluation, "Calls, version 2")
        assert self.dataset.later.get() == one
        assert one.evaluations.count() == 1
        page = self.client.get(self.page)
        assert page.context["lineup"].is_active
        self.assertContains(page, "is being made")
        self.assertContains(page, "every 2s")
        self.assertNotContains(page, self.new_version)

    def test_who_asks_for_another_one_meanwhile_is_told_so(self) -> None:
        self.correct_both()
        versions.make_version(self.evaluation, "Calls, version 2")
        other = self.evaluated(self.dataset)
        page = self.client.post(
            reverse("evaluation-new-version", args=[other.pk]),
            {"name": "Mine"},
            follow=True,
        )
        self.assertContains(page, "“Calls, version 2” is being made already")
        assert self.dataset.later.count() == 1

    def test_the_level_of_the_page_is_kept(self) -> None:
        self.correct_both()
        with self.on_commit():
            self.client.get(self.page, {"level": "plain"})
        form = f'action="{self.new_version}?level=plain"'
        self.assertContains(self.client.get(self.page, {"level": "plain"}), form)
        with fake_engine(self.engine), self.on_commit():
            page = self.client.post(f"{self.new_version}?level=plain", {"name": "v2"})
        assert page.headers["Location"] == f"{self.page}?level=plain"

    def test_a_version_has_the_corrections_of_all_tests_of_the_dataset(self) -> None:
        first = self.evaluation
        self.correct_both()
        self.make_version()
        self.evaluation = self.evaluated(self.dataset)  # another test
        correct(self.item(1), "take two tablets now", self.alice, "")
        # Of one utterance, the newest correction counts.
        correct(self.item(3), "call doctor browne now", self.alice, "")
        url = reverse("evaluation-references", args=[self.evaluation.pk])
        page = self.client.get(url)
        self.assertContains(page, "It takes the 3 corrections of this dataset.")
        self.assertContains(page, "1 comes from other tests of it")
        self.assertContains(page, "“Calls, version 2” does not have 2 of them.")
        with self.on_commit(), fake_engine(self.engine):
            made = versions.make_version(self.evaluation, "Calls, version 3")
        assert [row.transcript for row in made.utterances.all()] == [
            "take two tablets now",
            SAID[1],
            "call doctor browne now",
            *SAID[3:],
        ]
        assert "1 of them, from other tests" in made.description
        assert not collected_of(first).is_open
        # The first test shows which of its own the newest version has.
        page = self.client.get(self.page, {"only": "corrected"})
        assert [one.version for one in page.context["suspects"]] == [None, made]
        self.assertContains(page, "2 come from other tests of it")

    def test_who_goes_back_to_an_earlier_text_makes_a_version_of_it(self) -> None:
        names = ["v2", "v3", "v4"]
        said = ["call doctor foo now", "call doctor bar now", "call doctor foo now"]
        for name, text in zip(names, said, strict=True):
            seen = seen_of(correction_of(self.item(3)))
            correct(self.item(3), text, self.alice, seen)
            made = self.make_version(name)
            assert made.name == name
            assert made.utterances.get(position=3).transcript == text

    def test_a_correction_that_was_taken_back_is_open(self) -> None:
        self.correct_both()
        self.make_version()
        take_back(self.item(3), seen_of(correction_of(self.item(3))))
        page = self.client.get(self.page)
        self.assertContains(page, "corrects 1 text that nobody corrects any more.")
        made = self.make_version("Calls, version 3")
        assert made.utterances.get(position=3).transcript == WRITTEN[2]
        assert made.utterances.get(position=5).transcript == SAID[4]
        assert not collected_of(self.evaluation).is_open
        # With none left, the dataset itself is what a version would be.
        take_back(self.item(5), seen_of(correction_of(self.item(5))))
        page = self.client.get(self.page)
        self.assertContains(page, "“Calls” itself has these texts")
        self.assertNotContains(page, self.new_version)

    def test_without_new_corrections_there_is_no_version(self) -> None:
        with self.assertRaisesMessage(versions.Refused, "no correction"):
            versions.make_version(self.evaluation, "Calls, version 2")
        self.correct_both()
        self.make_version()
        with self.assertRaisesMessage(versions.Refused, "no correction"):
            versions.make_version(self.evaluation, "Calls, version 3")
        assert self.dataset.later.count() == 1

    def test_a_version_needs_a_name(self) -> None:
        self.correct_both()
        page = self.client.post(self.new_version, {"name": " "})
        assert page.status_code == 422
        assert not self.dataset.later.exists()

    def test_a_full_project_is_told_so_and_nothing_is_left(self) -> None:
        self.correct_both()
        with self.settings(PROJECT_MAX_DATASETS=1):
            page = self.client.post(self.new_version, {"name": "v2"}, follow=True)
        self.assertContains(page, "PROJECT_MAX_DATASETS")
        assert not self.dataset.later.exists()

    def test_an_expired_model_is_left_out(self) -> None:
        self.correct_both()
        self.base.transcription_expires = now()
        self.base.save()
        test = self.make_version().evaluations.get()
        assert [one.model for one in test.candidates.all()] == [self.custom]

    def test_an_import_that_fails_is_shown_and_can_be_made_again(self) -> None:
        self.correct_both()
        for row in self.dataset.utterances.all():
            default_storage.delete(str(row.audio.name))
        made = self.make_version()
        assert made.status == Job.Status.FAILED
        page = self.client.get(self.page)
        self.assertContains(page, "could not be imported")
        self.assertContains(page, self.new_version)
        again = self.make_version()
        assert again != made

    def test_recordings_that_are_lost_are_reported_and_the_others_kept(self) -> None:
        self.correct_both()
        lost = self.dataset.utterances.get(position=1)
        default_storage.delete(str(lost.audio.name))
        with self.on_commit():
            made = versions.make_version(self.evaluation, "Calls, version 2")
        made.refresh_from_db()
        assert (made.accepted, made.rejected) == (5, 1)
        # Each keeps its place.
        assert made.utterances.first().position == 2

    def test_the_former_dataset_waits_until_its_version_is_imported(self) -> None:
        self.correct_both()
        versions.make_version(self.evaluation, "Calls, version 2")
        tests.delete(self.evaluation)
        with self.assertRaisesMessage(datasets.InUse, "a corrected version of it"):
            datasets.delete(self.dataset)

    def test_a_version_outlives_the_former_dataset(self) -> None:
        self.correct_both()
        made = self.make_version()
        with self.on_commit():
            tests.delete(self.evaluation)
            datasets.delete(self.dataset)
        made.refresh_from_db()
        assert made.former is None
        for row in made.utterances.all():
            assert default_storage.exists(str(row.audio.name))
        url = reverse("evaluation-references", args=[made.evaluations.get().pk])
        assert self.client.get(url).status_code == 200
        assert self.client.get(made.get_absolute_url()).status_code == 200

    def test_without_its_former_dataset_an_import_says_what_is_missing(self) -> None:
        self.correct_both()
        made = versions.make_version(self.evaluation, "Calls, version 2")
        Dataset.objects.filter(pk=made.pk).update(former=None)
        ingest_dataset(str(made.pk))
        made.refresh_from_db()
        assert made.status == Job.Status.FAILED
        assert "was deleted" in made.error

    def test_spoken_texts_keep_their_kind_and_their_sound(self) -> None:
        Dataset.objects.filter(pk=self.dataset.pk).update(kind=Dataset.Kind.TRANSCRIPT)
        self.evaluation.refresh_from_db()
        self.correct_both()
        made = self.make_version()
        assert (made.kind, made.accepted) == (Dataset.Kind.TRANSCRIPT, 6)

    def test_two_parts_of_one_name_stay_two_recordings(self) -> None:
        self.dataset.utterances.filter(position__in=(1, 2)).update(name="a-1.wav")
        self.correct_both()
        made = self.make_version()
        assert [row.name for row in made.utterances.all()[:2]] == [
            "a-1.wav",
            "a-1-2.wav",
        ]
        hashes = set(made.utterances.values_list("audio_hash", flat=True))
        assert len(hashes) == 6

    def test_its_source_says_what_was_corrected(self) -> None:
        self.correct_both()
        made = self.make_version()
        page = self.client.get(reverse("dataset-source", args=[made.pk]))
        lines = page.getvalue().decode().splitlines()
        assert len(lines) == 2
        assert '"former": "call doctor green now"' in lines[0]
        assert texts.is_version(made)

    def test_the_panel_of_figures_stands_alone(self) -> None:
        self.correct_both()
        url = reverse("evaluation-references-state", args=[self.evaluation.pk])
        page = self.client.get(url)
        self.assertContains(page, "With 2 corrections")
        self.assertNotContains(page, "<html")
        assert suspects_of(scored(self.evaluation)).rows


class WaitingTestCase(CorrectionsTestCase):
    """The test of a version, which is made together with its dataset."""

    def setUp(self) -> None:
        super().setUp()
        self.correct_both()
        self.dataset = versions.make_version(self.evaluation, "Calls, version 2")
        self.test = self.dataset.evaluations.get()

    def run_test(self) -> str:
        with fake_engine(self.engine):
            run_evaluation(str(self.test.pk))
        self.test.refresh_from_db()
        return self.test.status

    def test_it_waits_until_the_dataset_is_imported(self) -> None:
        assert self.run_test() == Job.Status.NOT_STARTED
        ingest_dataset(str(self.dataset.pk))
        with fake_engine(self.engine):
            Evaluation.tend()
        self.test.refresh_from_db()
        assert self.test.status == Job.Status.SUCCEEDED
        assert self.test.items.count() == len(SAID)

    def test_it_is_sent_once_when_the_dataset_is_there(self) -> None:
        ingest_dataset(str(self.dataset.pk))
        with patch.object(Evaluation, "enqueue") as enqueue:
            Evaluation.tend()
            Evaluation.tend()
        assert enqueue.call_count == 1

    def test_it_fails_with_the_reason_where_the_import_failed(self) -> None:
        Dataset.objects.filter(pk=self.dataset.pk).update(status=Job.Status.FAILED)
        assert self.run_test() == Job.Status.FAILED
        assert "could not be imported" in self.test.error
