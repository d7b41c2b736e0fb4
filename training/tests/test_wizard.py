from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.machinery import ModuleSpec
from unittest.mock import patch
from uuid import uuid4

from django.test import override_settings
from django.urls import reverse
from django.utils.timezone import now

from datasets.models import Dataset, Overlap, Utterance
from jobs.models import Job
from projects.services import set_role
from speechstudio.test import BaseTestCase, make_dataset, make_model
from training.models import SpeechModel

Kind = Dataset.Kind
ALL_KINDS = " ".join(Kind.values)


class WizardTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = make_model(
            "Whisper tiny.en", adapts_with=ALL_KINDS, released=date(2022, 9, 21)
        )
        self.dataset = make_dataset(self.project, name="Ward round", use="training")
        self.test = make_dataset(self.project, name="Visits", use="testing")
        self.answers = {
            "base": str(self.base.pk),
            "datasets": [str(self.dataset.pk)],
            "name": "Clinic 1",
            "description": "First try",
            "text_weight": "40",
            "seed": "7",
            "tests": [str(self.test.pk)],
        }

    def url(self, step: str) -> str:
        return reverse("model-step", args=[self.project.pk, step])

    def page(self, step: str, **more: str | Sequence[str]) -> str:
        page = self.client.get(self.url(step), self.answers | more)
        assert page.status_code == 200, page.url
        return str(page.content, "utf-8")

    def test_it_works(self) -> None:
        page = self.client.post(self.url("review"), self.answers)
        model = SpeechModel.objects.get(project=self.project)
        self.assertRedirects(page, model.get_absolute_url())
        assert (model.name, model.description) == ("Clinic 1", "First try")
        assert (model.base, model.text_weight, model.seed) == (self.base, 40, 7)
        assert list(model.datasets.all()) == [self.dataset]
        assert [p.dataset for p in model.planned_tests.all()] == [self.test]

    def test_a_review_that_is_sent_twice_trains_one_model(self) -> None:
        answers = self.answers | {"key": str(uuid4())}
        pages = [self.client.post(self.url("review"), answers) for _ in range(2)]
        model = SpeechModel.objects.get(project=self.project)
        assert {page.url for page in pages} == {model.get_absolute_url()}

    def test_weight_and_seed_need_no_answer(self) -> None:
        answers = {k: self.answers[k] for k in ("base", "datasets", "name")}
        self.client.post(self.url("review"), answers)
        model = SpeechModel.objects.get(project=self.project)
        assert (model.text_weight, model.seed) == (30, 1)
        assert not model.planned_tests.exists()

    def test_each_step_keeps_the_answers_of_the_others(self) -> None:
        assert f'name="base" value="{self.base.pk}"' in self.page("data")
        assert f'name="datasets" value="{self.dataset.pk}"' in self.page("name")
        assert 'value="Clinic 1"' in self.page("name")
        assert 'name="text_weight" value="40"' in self.page("test")
        review = self.page("review")
        for said in (
            "Clinic 1",
            "First try",
            "Whisper tiny.en",
            "Ward round",
            "Visits",
        ):
            assert said in review, said

    def test_base_models_are_shown_with_date_abilities_and_expiry(self) -> None:
        SpeechModel.objects.filter(pk=self.base.pk).update(
            adaptation_expires=now().replace(year=2090, month=1, day=15)
        )
        make_model("Small", adapts_with="Language", status=Job.Status.NOT_STARTED)
        page = self.page("base")
        assert "20220921 Whisper tiny.en" in page
        assert "audio + transcript, audio, text, pronunciation, output format" in page
        assert "Expiration for adaptation: 15 Jan 2090" in page
        assert "Will be fetched when the training starts" in page

    def test_the_first_base_model_is_chosen_unless_another_is(self) -> None:
        make_model("Old", adapts_with=ALL_KINDS)
        page = self.client.get(self.url("base"))
        self.assertContains(page, "checked", count=1)
        self.assertContains(page, f'value="{self.base.pk}" required checked')

    def test_an_expired_base_model_cannot_be_chosen(self) -> None:
        past = now() - timedelta(days=1)
        SpeechModel.objects.filter(pk=self.base.pk).update(adaptation_expires=past)
        page = self.client.get(self.url("base"))
        self.assertContains(page, "No base model can be trained")
        page = self.client.post(self.url("review"), self.answers)
        assert page.url.startswith(self.url("base"))
        assert not SpeechModel.objects.filter(project=self.project).exists()

    def test_a_custom_model_is_no_base(self) -> None:
        custom = make_model(
            "Custom", project=self.project, base=self.base, adapts_with=ALL_KINDS
        )
        assert "Custom" not in str(self.client.get(self.url("base")).context["bases"])
        page = self.client.post(
            self.url("review"), self.answers | {"base": str(custom.pk)}
        )
        assert page.url.startswith(self.url("base"))

    def test_what_the_base_cannot_use_is_flagged_and_refused(self) -> None:
        text_only = make_model("Text only", adapts_with="Pronunciation")
        answers = self.answers | {"base": str(text_only.pk)}
        page = self.client.get(self.url("data"), answers)
        self.assertContains(page, "cannot be adapted with this type of data", count=2)
        self.assertContains(page, "disabled", count=2)
        page = self.client.post(self.url("review"), answers, follow=True)
        assert page.redirect_chain[-1][0].startswith(self.url("data"))
        self.assertContains(page, "“Ward round”: Text only cannot be adapted")

    def test_of_recordings_a_base_of_text_takes_the_transcripts(self) -> None:
        text_only = make_model("Text only", adapts_with="Language")
        answers = self.answers | {"base": str(text_only.pk)}
        page = self.client.get(self.url("data"), answers)
        self.assertContains(page, "Only its transcripts are used", count=2)
        self.client.post(self.url("review"), answers)
        assert self.project.models.get().base == text_only

    def test_data_for_tests_comes_last_with_a_hint(self) -> None:
        text = make_dataset(self.project, name="Words", kind=Kind.PLAIN_TEXT)
        page = self.client.get(self.url("data"), self.answers)
        shown = [card.dataset for card in page.context["cards"]]
        assert shown == [text, self.dataset, self.test]
        self.assertContains(page, "Uploaded for testing", count=1)

    def test_spoken_transcripts_and_unfinished_data_are_not_offered(self) -> None:
        make_dataset(self.project, name="Machine", kind=Kind.TRANSCRIPT)
        make_dataset(self.project, name="Broken", status=Job.Status.FAILED)
        page = self.page("data")
        assert "Machine" not in page
        assert "Broken" not in page

    def test_structured_text_and_pronunciation_do_not_go_together(self) -> None:
        both = [
            make_dataset(self.project, kind=kind)
            for kind in (Kind.STRUCTURED_TEXT, Kind.PRONUNCIATION)
        ]
        answers = self.answers | {"datasets": [str(one.pk) for one in both]}
        page = self.client.get(self.url("name"), answers, follow=True)
        assert page.redirect_chain[-1][0].startswith(self.url("data"))
        self.assertContains(page, "cannot be used together")

    def test_the_weight_is_asked_for_only_with_text(self) -> None:
        assert "Weight of the text" not in self.page("name")
        text = make_dataset(self.project, name="Words", kind=Kind.PLAIN_TEXT)
        page = self.page("name", datasets=[str(text.pk)])
        assert "Weight of the text" in page
        assert 'value="40"' in page
        review = self.page("review", datasets=[str(text.pk)])
        assert "40 of 100" in review
        assert "Seconds: there is no audio" in review

    def test_a_weight_beyond_its_limits_leads_back(self) -> None:
        text = make_dataset(self.project, name="Words", kind=Kind.PLAIN_TEXT)
        answers = self.answers | {"datasets": [str(text.pk)]}
        for weight in ("0", "101", "x"):
            page = self.client.post(
                self.url("review"), answers | {"text_weight": weight}
            )
            assert page.url.startswith(self.url("name")), weight

    def test_a_bad_weight_that_nobody_is_asked_for_blocks_nothing(self) -> None:
        answers = self.answers | {"text_weight": "500"}
        assert self.client.get(self.url("review"), answers).status_code == 200

    def test_what_is_gone_is_said_without_its_number(self) -> None:
        for wrong in (str(uuid4()), "rubbish"):
            for name in ("base", "datasets", "tests", "guard"):
                page = self.client.get(
                    self.url("review"), self.answers | {name: wrong}, follow=True
                )
                self.assertContains(page, "that was chosen is not on offer")
                self.assertNotContains(page, f"{wrong} is not")

    def test_data_that_trains_is_no_test(self) -> None:
        page = self.client.get(self.url("test"), self.answers)
        assert [card.dataset for card in page.context["cards"]] == [self.test]
        self.assertContains(page, "Not offered, since it trains the model: Ward round")
        cases = [
            {"tests": [str(self.dataset.pk)]},
            {"guard": str(self.dataset.pk)},
            {"guard": str(self.test.pk)},
        ]
        for wrong in cases:
            page = self.client.post(
                self.url("review"), self.answers | wrong, follow=True
            )
            assert page.redirect_chain[-1][0].startswith(self.url("test")), wrong
            assert "errorlist" in str(page.content), wrong

    def test_a_guard_is_kept_as_such(self) -> None:
        general = make_dataset(self.project, name="General", use="testing")
        answers = self.answers | {"guard": str(general.pk)}
        self.assertContains(
            self.client.get(self.url("test"), answers), "selected", count=1
        )
        self.client.post(self.url("review"), answers)
        planned = SpeechModel.objects.get(project=self.project).planned_tests
        assert planned.get(role="guard").dataset == general

    def test_only_what_these_tests_share_with_this_training_is_pointed_out(
        self,
    ) -> None:
        other = make_dataset(self.project, name="Elsewhere", use="training")
        for training in (self.dataset, other):
            Overlap.objects.create(testing=self.test, training=training, audio=1)
        page = self.page("review")
        assert "has the same audio as “Ward round”" in page
        assert "Elsewhere" not in page
        assert "the same audio" not in self.page("review", tests=[])

    def test_recordings_that_are_too_long_are_counted(self) -> None:
        assert "left out" not in self.page("review")
        Utterance.objects.filter(dataset=self.dataset).update(seconds=31)
        assert "1 recording of more than 30 seconds is left out" in self.page("review")

    def test_it_says_what_to_install_when_this_machine_cannot_train(self) -> None:
        def find(name: str) -> ModuleSpec | None:
            return None if name == "torch" else ModuleSpec(name, None)

        text = make_dataset(self.project, name="Words", kind=Kind.PLAIN_TEXT)
        said = "cannot train on audio yet"
        with patch("engines.packages.find_spec", find):
            with override_settings(EMBEDDED_REDIS=True):
                page = self.page("review")
                assert said in page
                assert "torch is not installed" in page
                assert "requirements-train.txt" in page
                # Text needs none of it.
                assert said not in self.page("review", datasets=[str(text.pk)])
            # Elsewhere another machine trains.
            with override_settings(EMBEDDED_REDIS=False):
                assert said not in self.page("review")

    def test_a_missing_answer_leads_back_to_its_step_and_keeps_the_rest(self) -> None:
        cases = [
            ("base", "base", "Choose the base model"),
            ("datasets", "data", "Choose the data to train on"),
            ("name", "name", "This field is required"),
        ]
        for missing, step, message in cases:
            answers = {k: v for k, v in self.answers.items() if k != missing}
            page = self.client.get(self.url("review"), answers, follow=True)
            assert page.redirect_chain[-1][0].startswith(self.url(step)), missing
            self.assertContains(page, message)
            self.assertContains(page, "First try")
        assert not SpeechModel.objects.filter(project=self.project).exists()

    def test_it_starts_with_what_was_chosen_elsewhere(self) -> None:
        url = reverse("model-create", args=[self.project.pk])
        page = self.client.get(url, {"datasets": str(self.dataset.pk)})
        assert page.url == f"{self.url('base')}?datasets={self.dataset.pk}"

    def test_without_data_it_says_what_to_upload(self) -> None:
        Dataset.objects.all().delete()
        page = self.client.get(self.url("data"), {"base": str(self.base.pk)})
        self.assertContains(page, "No data to train on")

    def test_without_anything_to_test_on_it_can_go_on(self) -> None:
        self.test.delete()
        assert "There is no data to test on" in self.page("test", tests=[])

    def test_who_may_not_edit_cannot_train(self) -> None:
        self.assert_viewer_gets_403(self.url("review"))
        set_role(self.project, self.bob.pk, "reviewer")
        self.assert_viewer_gets_403(self.url("base"), "get")
        self.assert_viewer_gets_403(
            reverse("model-create", args=[self.project.pk]), "get"
        )
        self.assert_stranger_gets_404(self.url("base"))

    def test_a_step_that_does_not_exist_is_404(self) -> None:
        assert self.client.get(self.url("nonsense")).status_code == 404
