from __future__ import annotations

from uuid import uuid4

from django.urls import reverse

from datasets.models import Overlap
from engines.fake import FakeEngine
from evaluations import services
from evaluations.models import Evaluation
from evaluations.rows import MOST_WORDS
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


class WizardTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, name="Ward round")
        self.base = make_model("base")
        self.answers = {
            "dataset": str(self.dataset.pk),
            "models": [str(self.base.pk)],
            "name": "March",
            "description": "First try",
        }

    def url(self, step: str) -> str:
        return reverse("evaluation-step", args=[self.project.pk, step])

    def test_it_works(self) -> None:
        with fake_engine(FakeEngine({})), self.on_commit():
            page = self.client.post(self.url("review"), self.answers)
        evaluation = Evaluation.objects.get()
        self.assertRedirects(page, evaluation.get_absolute_url())
        assert evaluation.dataset == self.dataset
        assert evaluation.status == Job.Status.SUCCEEDED
        assert [c.model for c in evaluation.candidates.all()] == [self.base]

    def test_a_review_that_is_sent_twice_makes_one_test(self) -> None:
        answers = self.answers | {"key": str(uuid4())}
        pages = [self.client.post(self.url("review"), answers) for _ in range(2)]
        evaluation = Evaluation.objects.get()
        assert {page.url for page in pages} == {evaluation.get_absolute_url()}
        assert evaluation.candidates.count() == 1

    def test_what_the_data_shares_with_training_data_is_said_here_and_there(
        self,
    ) -> None:
        training = make_dataset(self.project, name="Old calls", use="training")
        Overlap.objects.create(testing=self.dataset, training=training, audio=1)
        page = self.client.get(self.url("review"), self.answers)
        self.assertContains(page, "has the same audio as “Old calls”")
        evaluation = make_evaluation(self.project, self.dataset, [self.base])
        Evaluation.objects.update(status=Job.Status.SUCCEEDED)
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "has the same audio as “Old calls”")

    def test_training_data_comes_last_and_brings_a_warning(self) -> None:
        make_dataset(self.project, name="Old calls", use="training")
        page = self.client.get(self.url("data"))
        names = [dataset.name for dataset in page.context["datasets"]]
        assert names == ["Ward round", "Old calls"]
        training = page.context["datasets"][1]
        answers = self.answers | {"dataset": training.pk}
        page = self.client.get(self.url("review"), answers)
        self.assertContains(page, "was uploaded as training data")

    def test_each_step_has_an_address_that_keeps_the_answers(self) -> None:
        page = self.client.get(self.url("data"))
        self.assertContains(page, "Ward round")
        self.assertContains(page, "that no model was trained on")
        page = self.client.get(self.url("models"), {"dataset": self.dataset.pk})
        self.assertContains(page, "Ready on this machine")
        page = self.client.get(self.url("name"), self.answers)
        self.assertContains(page, 'value="March"')
        self.assertContains(page, f'name="models" value="{self.base.pk}"')
        page = self.client.get(self.url("review"), self.answers)
        self.assertContains(page, "First try")
        self.assertContains(page, "1 utterances")

    def test_back_shows_what_was_chosen(self) -> None:
        page = self.client.get(self.url("data"), self.answers)
        self.assertContains(page, "checked", count=1)
        page = self.client.get(self.url("models"), self.answers)
        self.assertContains(page, "checked", count=1)

    def test_a_missing_answer_leads_back_to_its_step_and_keeps_the_rest(self) -> None:
        cases = [
            ("dataset", "data", "Choose the dataset"),
            ("models", "models", "Choose at least one model"),
            ("name", "name", "This field is required"),
        ]
        for missing, step, message in cases:
            answers = {k: v for k, v in self.answers.items() if k != missing}
            page = self.client.get(self.url("review"), answers, follow=True)
            assert page.redirect_chain[-1][0].startswith(self.url(step)), missing
            self.assertContains(page, message)
            self.assertContains(page, "First try")
            page = self.client.post(self.url("review"), answers)
            assert page.status_code == 302
        assert not Evaluation.objects.exists()

    def test_a_step_that_nobody_tried_yet_shows_no_errors(self) -> None:
        page = self.client.get(self.url("data"))
        self.assertNotContains(page, "Choose the dataset to test on")

    def test_only_imported_datasets_of_the_project_can_be_chosen(self) -> None:
        make_dataset(self.project, name="Broken", status=Job.Status.FAILED)
        page = self.client.get(self.url("data"))
        self.assertNotContains(page, "Broken")

    def test_only_models_that_speak_the_language_and_are_on_offer(self) -> None:
        make_model("deutsch", languages="de")
        make_model("withdrawn", is_offered=False)
        make_model("other engine", engine="azure")
        page = self.client.get(self.url("models"), self.answers)
        for name in ("deutsch", "withdrawn", "other engine"):
            self.assertNotContains(page, name)
        german = make_model("nur deutsch", languages="de")
        answers = self.answers | {"models": [str(german.pk)]}
        page = self.client.post(self.url("review"), answers)
        assert page.status_code == 302
        assert not Evaluation.objects.exists()

    def test_it_says_what_to_do_when_there_is_no_data_or_no_model(self) -> None:
        self.base.delete()
        page = self.client.get(self.url("models"), {"dataset": self.dataset.pk})
        self.assertContains(page, "BASE_MODELS")
        self.dataset.delete()
        page = self.client.get(self.url("data"))
        self.assertContains(page, "No data to test on")

    def test_who_may_not_edit_cannot_test(self) -> None:
        self.assert_viewer_gets_403(self.url("review"))
        set_role(self.project, self.bob.pk, "reviewer")
        self.assert_viewer_gets_403(self.url("data"), "get")
        self.assert_stranger_gets_404(self.url("data"))

    def test_a_step_that_does_not_exist_is_404(self) -> None:
        assert self.client.get(self.url("nonsense")).status_code == 404


class ResultTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        texts = ["take two tablets", "blood pressure is 120", "no fever today"]
        self.dataset = make_dataset(self.project, texts)
        self.models = [make_model("base"), make_model("small")]
        heard = {"1": "Take 2 tablets.", "2": "blood <b> is 120 now"}
        self.evaluation = make_evaluation(self.project, self.dataset, self.models)
        with fake_engine(FakeEngine(heard)):
            self.evaluation.enqueue()
        self.evaluation.refresh_from_db()
        self.url = self.evaluation.get_absolute_url()

    def names(self, **query: str) -> list[str]:
        page = self.client.get(self.url, query)
        return [row.item.utterance.name for row in page.context["rows"]]

    def test_it_shows_the_figures_of_summed_counts(self) -> None:
        page = self.client.get(self.url)
        for candidate in page.context["candidates"]:
            # 120 is three words: it is compared as spoken.
            assert candidate.words == 3 + 6 + 3
            assert candidate.counts.errors == 0 + 2 + 3
        self.assertContains(page, "41.7 %")
        self.assertContains(page, "Sentence error rate")

    def test_it_marks_each_error_in_its_place_and_escapes_the_text(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, "[missing </span>no")
        self.assertContains(page, "&lt;b&gt;")
        self.assertNotContains(page, "<b>")
        self.assertContains(page, "(nothing recognised)", count=2)

    def test_words_carry_their_times(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, 'class="w" data-start="0.00" data-end="')

    def test_rows_are_sorted_and_filtered_by_the_address(self) -> None:
        assert self.names() == ["003.wav", "002.wav", "001.wav"]
        assert self.names(sort="position") == ["001.wav", "002.wav", "003.wav"]
        assert self.names(only="errors") == ["003.wav", "002.wav"]
        assert self.names(q="fever") == ["003.wav"]
        assert self.names(q="now") == ["002.wav"]
        assert self.names(q="001") == ["001.wav"]
        assert self.names(q="nothing of the kind") == []
        assert self.names(sort="nonsense", page="x") == self.names()

    def run_test(self, rows: int) -> Evaluation:
        dataset = make_dataset(self.project, ["no fever today"] * rows)
        evaluation = make_evaluation(self.project, dataset, self.models)
        heard = {str(i): "no fever to day" for i in range(1, rows + 1)}
        with fake_engine(FakeEngine(heard)):
            evaluation.enqueue()
        return evaluation

    def test_it_costs_as_many_queries_for_many_rows_as_for_one(self) -> None:
        one, many = (self.run_test(rows).get_absolute_url() for rows in (1, 15))
        assert len(self.client.get(many).context["rows"]) == 15
        assert queries(self.client, one) == queries(self.client, many)

    def test_the_list_costs_as_many_queries_for_many_as_for_one(self) -> None:
        url = reverse("evaluation-list", args=[self.project.pk])
        one = queries(self.client, url)
        for _ in range(19):
            self.run_test(rows=1)
        assert queries(self.client, url) == one

    def test_the_list_shows_the_rate_of_each_model(self) -> None:
        page = self.client.get(reverse("evaluation-list", args=[self.project.pk]))
        rate = self.evaluation.candidates.first().counts.rate
        self.assertContains(page, f"{rate * 100:.1f} %", count=2)

    def test_an_utterance_has_a_page_of_its_own(self) -> None:
        url = reverse("evaluation-utterance", args=[self.evaluation.pk, 2])
        page = self.client.get(url)
        self.assertContains(page, "002.wav")
        self.assertNotContains(page, "001.wav")
        missing = reverse("evaluation-utterance", args=[self.evaluation.pk, 99])
        assert self.client.get(missing).status_code == 404
        self.assert_stranger_gets_404(url)

    def test_a_list_shows_the_beginning_of_a_long_recording(self) -> None:
        text = " ".join(["word"] * (MOST_WORDS + 50))
        evaluation = make_evaluation(
            self.project, make_dataset(self.project, [text]), self.models
        )
        with fake_engine(FakeEngine({"1": text})):
            evaluation.enqueue()
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, 'class="w"', count=2 * MOST_WORDS)
        self.assertContains(page, "The whole recording")
        page = self.client.get(reverse("evaluation-utterance", args=[evaluation.pk, 1]))
        self.assertContains(page, 'class="w"', count=2 * (MOST_WORDS + 50))

    def test_it_is_renamed_and_deleted(self) -> None:
        edit = reverse("evaluation-edit", args=[self.evaluation.pk])
        self.client.post(edit, {"name": "April", "description": ""})
        self.assertContains(self.client.get(self.url), "April")
        delete = reverse("evaluation-delete", args=[self.evaluation.pk])
        self.assertContains(self.client.get(delete), "cannot be undone")
        self.client.post(delete)
        assert self.client.get(self.url).status_code == 404
        assert self.dataset.utterances.count() == 3

    def test_strangers_get_404_and_viewers_cannot_change(self) -> None:
        for name in ("edit", "delete", "retry"):
            url = reverse(f"evaluation-{name}", args=[self.evaluation.pk])
            self.assert_viewer_gets_403(url)
            self.assert_stranger_gets_404(url, "post")
        self.assert_stranger_gets_404(self.url)


class LiveTestCase(BaseTestCase):
    def test_a_running_test_polls_and_a_finished_one_does_not(self) -> None:
        evaluation = make_evaluation(self.project)
        url = evaluation.get_absolute_url()
        page = self.client.get(url)
        self.assertContains(page, 'hx-trigger="every 1s"')
        self.assertContains(page, "In the queue")
        evaluation.start()
        evaluation.report(1, 3)
        page = self.client.get(url, headers={"HX-Request": "true"})
        self.assertContains(page, "1 of 3 utterances")
        self.assertNotContains(page, "<html")
        evaluation.fail("The model is broken.", "Broken")
        page = self.client.get(url)
        self.assertContains(page, "The model is broken.")
        self.assertNotContains(page, "every 1s")
        self.assertContains(page, "Try again")

    def test_a_failed_test_can_be_tried_again(self) -> None:
        evaluation = make_evaluation(self.project)
        evaluation.start()
        evaluation.fail("The model is broken.", "Broken")
        with fake_engine(FakeEngine({})), self.on_commit():
            services.retry(evaluation)
        evaluation.refresh_from_db()
        assert evaluation.status == Job.Status.SUCCEEDED

    def test_a_project_without_tests_says_what_to_do(self) -> None:
        url = reverse("evaluation-list", args=[self.project.pk])
        self.assertContains(self.client.get(url), "Upload that first")
        make_dataset(self.project)
        self.assertContains(self.client.get(url), "New test")
