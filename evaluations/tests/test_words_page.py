from __future__ import annotations

from typing import Any

from django.urls import reverse

from datasets.formats.base import Entry
from engines.fake import FakeEngine
from evaluations import services
from evaluations.models import Evaluation
from evaluations.tests.test_wording import make_text
from jobs.models import Job
from projects.services import set_role
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)
from speechstudio.tests.queries import queries

TEXTS = [
    "the stent is in the artery",
    "a stent and a statin",
    "okay the statin helps",
    "metro station",
]
BASE = {
    "1": "the stand is in the artery",
    "2": "a stint and a statin",
    "3": "ok the statin helps",
    "4": "metro station",
}
CUSTOM = {
    "1": "the stent is in the artery",
    "2": "a stent and a satin",
    "3": "ok the statin helps",
    "4": "metro stations",
}


def make_test(case: BaseTestCase, *heard: dict[str, str]) -> Evaluation:
    """A test of a base model and of another, which hear this."""
    dataset = make_dataset(case.project, TEXTS)
    models = [make_model("base"), make_model("custom")][: len(heard)]
    evaluation = make_evaluation(case.project, dataset, models[:1])
    with fake_engine(FakeEngine(heard[0])):
        evaluation.enqueue()
    evaluation.refresh_from_db()
    if len(heard) > 1:
        with fake_engine(FakeEngine(heard[1])), case.on_commit():
            services.add_models(evaluation, models[1:])
    evaluation.refresh_from_db()
    assert evaluation.status == Job.Status.SUCCEEDED
    return evaluation


class WordsPageTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.evaluation = make_test(self, BASE, CUSTOM)
        self.url = reverse("evaluation-words", args=[self.evaluation.pk])

    def words(self, **query: str) -> list[str]:
        page = self.client.get(self.url, query)
        return [row.text for row in page.context["rows"]]

    def test_words_are_compared_the_worst_improvement_first(self) -> None:
        page = self.client.get(self.url)
        rows = {row.text: row for row in page.context["rows"]}
        stent, statin = rows["stent"], rows["statin"]
        assert (stent.said, stent.old_right, stent.new_right) == (2, 0, 2)
        assert (statin.said, statin.old_right, statin.new_right) == (2, 2, 1)
        assert self.words()[:2] == ["station", "statin"]
        assert self.words(sort="-difference")[0] == "stent"
        assert self.words(sort="nonsense", page="x", least="y", a="z") == self.words()
        self.assertContains(page, "+100.0 points")
        self.assertContains(page, "-50.0 points")

    def test_each_word_and_each_point_leads_to_its_utterances(self) -> None:
        page = self.client.get(self.url)
        url = f"{self.evaluation.get_absolute_url()}?word=stent#utterances"
        self.assertContains(page, f'<a href="{url}">stent</a>', html=True)
        self.assertContains(page, f'<a href="{url}" tabindex="-1"><circle')
        found = self.client.get(url)
        names = [row.item.utterance.name for row in found.context["rows"]]
        assert sorted(names) == ["001.wav", "002.wav"]

    def test_a_point_of_several_words_leads_to_them(self) -> None:
        page = self.client.get(self.url)
        assert (page.context["picture"].better, page.context["picture"].worse) == (1, 2)
        self.assertContains(page, 'href="?at=100.100#words"')
        assert self.words(at="0.100") == ["stent"]
        assert "stent" not in self.words(at="100.100")
        page = self.client.get(self.url, {"at": "0.100"})
        self.assertContains(page, "Show all words")

    def test_the_address_searches_limits_and_turns_the_models_round(self) -> None:
        assert self.words(q="ST") == ["station", "statin", "stent"]
        assert set(self.words(least="2")) == {"the", "a", "stent", "statin"}
        assert self.words(a="2", b="1")[0] == "stent"
        page = self.client.get(self.url, {"q": "nothing like this"})
        self.assertContains(page, "No word matches")

    def test_the_level_is_kept_in_links(self) -> None:
        with self.on_commit():
            self.client.get(self.url, {"level": "plain"})
        page = self.client.get(self.url, {"level": "plain"})
        self.assertContains(page, "Scoring level: case and punctuation ignored")
        self.assertContains(page, "?level=plain&amp;word=stent#utterances")
        self.assertContains(page, '<input type="hidden" name="level" value="plain">')

    def test_one_model_has_a_table_without_a_picture(self) -> None:
        candidate = self.evaluation.candidates.get(position=2)
        services.remove_model(self.evaluation, candidate)
        page = self.client.get(self.url)
        self.assertNotContains(page, "words-chart")
        self.assertContains(page, "Missed")
        assert self.words()[0] == "stent"

    def test_a_lost_file_is_said(self) -> None:
        self.evaluation.candidates.update(table="gone.npz")
        with self.assertLogs("evaluations.tables", "ERROR"):
            page = self.client.get(self.url)
        self.assertContains(page, "No alignments")

    def test_words_of_any_signs_are_shown_and_linked(self) -> None:
        texts = ["<b>&'50%", "so"]
        dataset = make_dataset(self.project, texts, name="Odd")
        models = [c.model for c in self.evaluation.candidates.all()]
        evaluation = make_evaluation(self.project, dataset, models)
        with fake_engine(FakeEngine({"2": "so"})), self.on_commit():
            evaluation.enqueue()
            url = reverse("evaluation-words", args=[evaluation.pk])
            self.client.get(url, {"level": "whisper"})
        page = self.client.get(url, {"level": "whisper"})
        assert len(page.context["rows"]) > 1
        self.assertNotContains(page, "<b>")
        self.assertContains(page, "word=50%25#utterances")

    def test_strangers_get_404_and_so_does_an_inspection(self) -> None:
        Evaluation.objects.update(kind=Evaluation.Kind.INSPECTION)
        for name in ("evaluation-words", "evaluation-terms"):
            url = reverse(name, args=[self.evaluation.pk])
            assert self.client.get(url).status_code == 404
            assert self.client.post(url).status_code == 405
        Evaluation.objects.update(kind=Evaluation.Kind.ACCURACY)
        for name in ("evaluation-words", "evaluation-terms"):
            url = reverse(name, args=[self.evaluation.pk])
            self.client.force_login(self.bob)
            assert self.client.get(url).status_code == 200
            self.assert_stranger_gets_404(url)


class TermsPageTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.evaluation = make_test(self, BASE, CUSTOM)
        self.url = reverse("evaluation-terms", args=[self.evaluation.pk])
        self.project.terms = "Stent\nMetro station\nstand\nplatform"
        self.project.save()
        entries = [Entry("list drug", 1, "statin"), Entry("list drug", 2, "stent")]
        make_text(self.project, "LanguageMarkdown", entries, "Drugs")

    def terms(self, **query: str) -> list[str]:
        page = self.client.get(self.url, query)
        return [row.sought.text for row in page.context["page"]]

    def test_terms_are_found_before_and_after_the_worst_recall_first(self) -> None:
        page = self.client.get(self.url)
        rows = {row.sought.text: row for row in page.context["page"]}
        shares = {
            text: [(share.right, share.said) for _, share in row.shares]
            for text, row in rows.items()
        }
        assert shares == {
            "Metro station": [(1, 1), (0, 1)],
            "statin": [(2, 2), (1, 2)],
            "Stent": [(0, 2), (2, 2)],
        }
        assert self.terms() == ["Metro station", "statin", "Stent"]
        assert self.terms(sort="recall1")[0] == "Stent"
        assert self.terms(sort="-recall2")[0] == "Stent"
        assert self.terms(sort="term") == ["Metro station", "statin", "Stent"]
        assert self.terms(sort="said")[0] == "Metro station"
        assert self.terms(sort="recall7", page="9") == self.terms()
        assert self.terms(q="METRO") == ["Metro station"]
        self.assertContains(
            page, "<strong>custom finds 3 of 5 spoken terms</strong>, base 3."
        )

    def test_terms_never_said_are_folded_and_say_who_heard_them(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, "Never said in this test: 2 terms")
        unsaid = [row.sought.text for row in page.context["unsaid"]]
        assert unsaid == ["stand", "platform"]
        self.assertContains(page, "heard 1 time by base")

    def test_a_term_leads_to_its_utterances_and_its_sources(self) -> None:
        page = self.client.get(self.url)
        url = f"{self.evaluation.get_absolute_url()}?term=Metro%20station#utterances"
        self.assertContains(page, f'<a href="{url}">Metro station</a>', html=True)
        found = self.client.get(url)
        assert len(found.context["rows"]) == 1
        drugs = self.project.datasets.get(name="Drugs")
        self.assertContains(page, drugs.get_absolute_url(), count=2)
        self.assertContains(page, reverse("project-words", args=[self.project.pk]))

    def test_it_says_how_to_get_terms(self) -> None:
        self.project.datasets.filter(name="Drugs").delete()
        self.project.terms = ""
        self.project.save()
        self.assertContains(self.client.get(self.url), "Write terms")
        self.client.force_login(self.bob)
        page = self.client.get(self.url)
        self.assertContains(page, "An editor of the project can write")
        self.assertNotContains(page, "Write terms")

    def test_terms_that_nobody_says_have_no_table(self) -> None:
        self.project.datasets.filter(name="Drugs").delete()
        self.project.terms = "platform"
        self.project.save()
        page = self.client.get(self.url)
        self.assertContains(page, "None of the terms is said here")
        self.assertContains(page, "Never said in this test: 1 term<")

    def test_it_costs_as_many_queries_for_many_terms_as_for_one(self) -> None:
        one = queries(self.client, self.url)
        self.project.terms = "\n".join(f"term {'x' * n}" for n in range(100))
        self.project.save()
        assert queries(self.client, self.url) == one


class ProjectWordsTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.url = reverse("project-words", args=[self.project.pk])

    def send(self, name: str, text: str, **more: str) -> Any:
        page = self.client.get(self.url)
        started = {one["name"]: one["started"] for one in page.context["lists"]}
        answers = {"save": name, f"{name}-text": text}
        answers[f"{name}-started"] = started[name]
        return self.client.post(self.url, answers | more)

    def stored(self) -> tuple[str, str]:
        self.project.refresh_from_db()
        return self.project.equivalences, self.project.terms

    def test_each_list_is_saved_alone_as_it_was_typed(self) -> None:
        page = self.send("equivalences", "okay = ok\r\n\r\n colour = color\r\n")
        self.assertRedirects(page, self.url)
        self.send("terms", "Metro station\nstent")
        assert self.stored() == (
            "okay = ok\n\n colour = color",
            "Metro station\nstent",
        )
        page = self.client.get(self.url)
        self.assertContains(page, "Metro station\nstent</textarea>")

    def test_a_wrong_line_is_named_and_what_was_typed_survives(self) -> None:
        page = self.send("equivalences", "\nokay = ok\ncolour")
        assert page.status_code == 422
        self.assertContains(page, "Line 3: There is no", status_code=422)
        self.assertContains(page, "okay = ok\ncolour</textarea>", status_code=422)
        page = self.send("terms", "stent\n...")
        self.assertContains(page, "Line 2: There is no word.", status_code=422)
        assert self.stored() == ("", "")

    def test_of_many_wrong_lines_the_first_are_named(self) -> None:
        page = self.send("equivalences", "wrong\n" * 30)
        self.assertContains(page, "Line 20: ", status_code=422)
        self.assertNotContains(page, "Line 21: ", status_code=422)
        self.assertContains(page, "And 10 more.", status_code=422)

    def test_terms_that_repeat_others_are_counted(self) -> None:
        page = self.send("terms", "stent\nSTENT\nstatin")
        page = self.client.get(page["Location"])
        self.assertContains(page, "Lines that repeat others count once: 1.")

    def test_the_later_of_two_is_told_and_sees_both(self) -> None:
        page = self.client.get(self.url)
        started = {"terms-started": page.context["lists"][1]["started"]}
        self.send("terms", "stent")
        page = self.send("terms", "statin", **started)
        assert page.status_code == 409
        self.assertContains(page, "somebody else has changed", status_code=409)
        self.assertContains(page, "statin</textarea>", status_code=409)
        self.assertContains(page, ">stent</pre>", status_code=409)
        assert self.stored()[1] == "stent"
        again = {"terms-started": page.context["lists"][1]["started"]}
        self.send("terms", "stent\nstatin", **again)
        assert self.stored()[1] == "stent\nstatin"

    def test_a_mistake_does_not_hide_that_somebody_was_faster(self) -> None:
        page = self.client.get(self.url)
        started = {"terms-started": page.context["lists"][1]["started"]}
        self.send("terms", "stent")
        page = self.send("terms", "...", **started)
        again = {"terms-started": page.context["lists"][1]["started"]}
        page = self.send("terms", "statin", **again)
        assert page.status_code == 409

    def test_lines_that_are_refused_by_newer_rules_are_named(self) -> None:
        self.project.equivalences = "okay = ok\ncolour"
        self.project.save()
        page = self.client.get(self.url)
        self.assertContains(page, "Lines that have no effect")
        self.assertContains(page, "Line 2: There is no")

    def test_it_offers_to_count_what_equivalences_do(self) -> None:
        self.send("equivalences", "okay = ok")
        self.assertContains(self.client.get(self.url), "no test of accuracy has ended")
        evaluation = make_test(self, BASE, CUSTOM)
        page = self.client.get(self.url)
        count = f"{evaluation.get_absolute_url()}?level=project"
        self.assertContains(page, count)
        with self.on_commit():
            self.client.get(count)
        page = self.client.get(self.url)
        self.assertContains(page, "removed 2 errors")
        self.assertNotContains(page, "Not counted yet")

    def test_viewers_read_editors_write_and_strangers_see_nothing(self) -> None:
        self.send("terms", "stent")
        self.client.force_login(self.bob)
        page = self.client.get(self.url)
        self.assertContains(page, ">stent</pre>")
        self.assertNotContains(page, "<textarea")
        self.assert_viewer_gets_403(self.url)
        set_role(self.project, self.bob.pk, "reviewer")
        self.assert_viewer_gets_403(self.url)
        set_role(self.project, self.bob.pk, "editor")
        self.client.force_login(self.bob)
        assert self.send("terms", "statin").status_code == 302
        self.assert_stranger_gets_404(self.url)
        self.assert_stranger_gets_404(self.url, "post")

    def test_a_list_that_does_not_exist_is_refused(self) -> None:
        answers = {"save": "name", "name-text": "Other", "name-started": "x"}
        assert self.client.post(self.url, answers).status_code == 400

    def test_the_settings_lead_here(self) -> None:
        settings = reverse("project-settings", args=[self.project.pk])
        self.assertContains(self.client.get(settings), self.url)
