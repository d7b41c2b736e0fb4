from __future__ import annotations

from uuid import uuid4

from asgiref.sync import async_to_sync
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.timezone import now

from endpoints.models import Endpoint
from endpoints.tests.test_services import EndpointTestCase
from jobs.models import Job
from projects import services as projects
from recognition.access import Caller, caller_of, forget
from speechstudio.tests.queries import queries
from training.models import SpeechModel


class TryTestCase(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget()
        self.endpoint = self.make()
        self.url = reverse("project-try", args=[self.project.pk])
        self.token_url = reverse("project-token", args=[self.project.pk])

    def change(self, **fields: object) -> None:
        Endpoint.objects.filter(pk=self.endpoint.pk).update(**fields)

    def chosen(self, **query: object) -> str:
        page = self.client.get(self.url, query)
        return str(page.context["chosen"].name)


class PageTestCase(TryTestCase):
    def test_it_works(self) -> None:
        page = self.client.get(self.url)
        for said in (
            "Front desk (Clinic 1)",
            "Tiny",
            "Nothing is kept on the server",
            'aria-current="page"><span class="icon icon-microphone"',
            f'data-locale="{self.project.locale}"',
            f'data-token="{self.token_url}"',
        ):
            self.assertContains(page, said)

    def test_it_talks_to_this_server_alone(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, 'data-host=""')
        assert "connect-src" not in page["Content-Security-Policy"]

    @override_settings(RECOGNITION_URL="https://speech.example.org:8443")
    def test_it_may_talk_to_a_data_plane_that_runs_elsewhere(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, 'data-host="wss://speech.example.org:8443"')
        policy = page["Content-Security-Policy"]
        assert policy.endswith("; connect-src 'self' wss://speech.example.org:8443")

    def test_what_answers_is_in_the_address(self) -> None:
        other = self.make()
        assert self.chosen() == other.name
        assert self.chosen(model=self.base.pk) == "Tiny"
        page = self.client.get(self.url, {"endpoint": self.endpoint.pk})
        assert page.context["chosen"].pk == self.endpoint.pk
        self.assertContains(page, f'value="endpoint={self.endpoint.pk}" selected')

    def test_what_is_not_of_this_project_is_not_there(self) -> None:
        abroad = projects.create(self.alice, "Abroad", "en-US")
        self.change(project=abroad)
        for query in (
            {"endpoint": self.endpoint.pk},
            {"endpoint": uuid4()},
            {"model": self.custom.pk},
            {"model": "nonsense"},
        ):
            assert self.client.get(self.url, query).status_code == 404, query

    def test_a_base_model_is_offered_when_it_can_be_tried(self) -> None:
        for fields in (
            {"status": Job.Status.NOT_STARTED},
            {"is_offered": False},
            {"languages": "de"},
            {"transcription_expires": now()},
        ):
            model = SpeechModel.objects.get(pk=self.base.pk)
            SpeechModel.objects.filter(pk=model.pk).update(**fields)
            self.assertNotContains(self.client.get(self.url), f"model={model.pk}")
            model.save()
        self.assertContains(self.client.get(self.url), f"model={self.base.pk}")

    def test_an_endpoint_that_does_not_answer_says_why(self) -> None:
        for fields, why in (
            ({"is_suspended": True}, "It is suspended."),
            ({"is_suspended": False, "serving": None}, "no model that answers yet"),
        ):
            self.change(**fields)
            page = self.client.get(self.url)
            self.assertContains(page, why)
            assert page.context["chosen"].name == "Tiny"
            self.assertContains(page, "data-problem hidden")
            # In its own address it says so before anybody speaks.
            page = self.client.get(self.url, {"endpoint": self.endpoint.pk})
            self.assertNotContains(page, "data-problem hidden")
            self.assertContains(page, 'data-silent="“Front desk” does not answer.')
            self.assertContains(page, "data-problem-text>“Front desk” does not answer.")

    def test_what_answers_for_an_expired_model_is_named(self) -> None:
        self.custom.transcription_expires = now()
        self.custom.save()
        self.assertContains(self.client.get(self.url), "Front desk (Tiny)")
        SpeechModel.objects.filter(pk=self.base.pk).update(is_offered=False)
        page = self.client.get(self.url, {"endpoint": self.endpoint.pk})
        self.assertContains(page, "Its model has expired, and no base model can")

    def test_it_says_that_what_is_said_is_kept(self) -> None:
        hidden = "data-logged hidden"
        self.assertContains(self.client.get(self.url), hidden)
        self.change(logging_enabled=True)
        self.assertNotContains(self.client.get(self.url), hidden)

    def test_with_nothing_to_try_it_says_what_to_do(self) -> None:
        Endpoint.objects.all().delete()
        SpeechModel.objects.update(is_offered=False)
        self.assertContains(self.client.get(self.url), "Deploy model</a>")
        self.client.force_login(self.bob)
        page = self.client.get(self.url)
        self.assertContains(page, "When an editor of the project deploys a model")
        self.assertNotContains(page, "tryout.js")

    def test_an_endpoint_leads_to_it(self) -> None:
        page = self.client.get(self.endpoint.get_absolute_url())
        self.assertContains(page, f"{self.url}?endpoint={self.endpoint.pk}")

    def test_it_costs_as_many_queries_for_many_as_for_one(self) -> None:
        one = queries(self.client, self.url)
        for _ in range(9):
            self.make()
        assert queries(self.client, self.url) == one

    def test_strangers_get_404(self) -> None:
        self.assert_stranger_gets_404(self.url)


class TokenTestCase(TryTestCase):
    def caller(self, **asked: object) -> Caller:
        answer = self.client.post(self.token_url, asked)
        assert answer.status_code == 200, answer.content
        assert "no-store" in answer.headers["Cache-Control"]
        return async_to_sync(caller_of)(token=answer.json()["token"])

    def test_it_is_good_for_what_was_chosen(self) -> None:
        caller = self.caller(endpoint=self.endpoint.pk)
        assert (caller.endpoint, caller.reference) == (
            self.endpoint.pk,
            self.custom.reference,
        )
        caller = self.caller(model=self.base.pk)
        assert (caller.endpoint, caller.reference) == (None, self.base.reference)
        assert caller.locale == self.project.locale

    def test_it_says_whether_what_is_said_is_kept(self) -> None:
        for is_on in (False, True):
            self.change(logging_enabled=is_on)
            asked = {"endpoint": self.endpoint.pk}
            answer = self.client.post(self.token_url, asked)
            assert answer.json()["logged"] is is_on

    def test_viewers_may_try(self) -> None:
        self.client.force_login(self.bob)
        assert self.caller(endpoint=self.endpoint.pk).endpoint == self.endpoint.pk

    def test_there_is_none_for_what_does_not_answer(self) -> None:
        self.change(is_suspended=True)
        answer = self.client.post(self.token_url, {"endpoint": self.endpoint.pk})
        assert answer.status_code == 409
        assert answer.json()["message"] == (
            "“Front desk” does not answer. It is suspended."
        )

    def test_there_is_none_for_what_is_not_of_this_project(self) -> None:
        abroad = projects.create(self.alice, "Abroad", "en-US")
        self.change(project=abroad)
        for asked in (
            {"endpoint": self.endpoint.pk},
            {"model": self.custom.pk},
            {},
        ):
            answer = self.client.post(self.token_url, asked)
            assert answer.status_code == 404, asked

    def test_it_is_not_given_away_by_a_link_or_another_site(self) -> None:
        assert self.client.get(self.token_url).status_code == 405
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.alice)
        asked = {"endpoint": self.endpoint.pk}
        assert client.post(self.token_url, asked).status_code == 403

    def test_strangers_get_404(self) -> None:
        self.assert_stranger_gets_404(self.token_url, "post")
