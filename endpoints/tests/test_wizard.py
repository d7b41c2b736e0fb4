from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.urls import reverse
from django.utils.timezone import now

from endpoints import keys
from endpoints.models import Endpoint
from endpoints.tests.test_services import EndpointTestCase
from jobs.models import Job
from projects.services import set_role

Status = Job.Status


class WizardTestCase(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.answers = {
            "model": str(self.custom.pk),
            "name": "Front desk",
            "description": "Calls",
            "logging_enabled": "on",
        }

    def url(self, step: str) -> str:
        return reverse("endpoint-step", args=[self.project.pk, step])

    def test_it_works(self) -> None:
        page = self.client.post(self.url("review"), self.answers)
        endpoint = Endpoint.objects.get()
        assert page.url == endpoint.get_absolute_url()
        assert (endpoint.name, endpoint.description) == ("Front desk", "Calls")
        assert (endpoint.model, endpoint.logging_enabled) == (self.custom, True)
        assert endpoint.status == Status.NOT_STARTED

    def test_the_keys_are_shown_on_the_next_page_and_never_again(self) -> None:
        self.client.post(self.url("review"), self.answers)
        endpoint = Endpoint.objects.get()
        page = self.client.get(endpoint.get_absolute_url())
        for number, key in page.context["plain_keys"]:
            found = keys.find(key)
            assert found is not None
            assert (found.endpoint, found.number) == (endpoint, number)
            self.assertContains(page, f'data-copy="{key}"')
            self.assertNotContains(self.client.get(endpoint.get_absolute_url()), key)
        assert len(page.context["plain_keys"]) == 2
        assert "no-store" in page.headers["Cache-Control"]
        # Without JavaScript this page would be loaded anew, without its keys.
        self.assertNotContains(page, 'http-equiv="refresh"')

    def test_a_review_that_is_sent_twice_makes_one_endpoint_and_shows_its_keys(
        self,
    ) -> None:
        answers = self.answers | {"key": str(uuid4())}
        pages = [self.client.post(self.url("review"), answers) for _ in range(2)]
        endpoint = Endpoint.objects.get()
        assert {page.url for page in pages} == {endpoint.get_absolute_url()}
        shown = self.client.get(pages[1].url).context["plain_keys"]
        assert all(keys.find(key) for _, key in shown)
        assert len(shown) == 2

    def test_logging_is_off_unless_it_was_ticked(self) -> None:
        del self.answers["logging_enabled"]
        self.client.post(self.url("review"), self.answers)
        assert not Endpoint.objects.get().logging_enabled

    def test_each_step_keeps_the_answers_of_the_others(self) -> None:
        page = self.client.get(self.url("model"), self.answers)
        self.assertContains(page, 'name="name" value="Front desk"')
        page = self.client.get(self.url("name"), self.answers)
        self.assertContains(page, f'name="model" value="{self.custom.pk}"')
        page = self.client.get(self.url("review"), self.answers)
        for said in ("Clinic 1", "Front desk", "Calls", "On"):
            self.assertContains(page, said)
        assert all(step.url for step in page.context["steps"][:2])

    def test_a_step_sends_back_to_what_is_missing(self) -> None:
        page = self.client.get(self.url("review"), {"model": self.custom.pk})
        assert page.url.startswith(self.url("name"))
        self.assertContains(self.client.get(page.url), "This field is required.")
        page = self.client.get(self.url("name"))
        assert page.url.startswith(self.url("model"))
        self.assertContains(self.client.get(page.url), "Choose the model to deploy.")

    def test_the_button_of_a_model_begins_with_the_name(self) -> None:
        start = reverse("endpoint-create", args=[self.project.pk])
        button = f"{start}?model={self.custom.pk}"
        model_page = self.client.get(self.custom.get_absolute_url())
        self.assertContains(model_page, button)
        page = self.client.get(button)
        assert page.url == f"{self.url('name')}?model={self.custom.pk}"
        self.assertNotContains(self.client.get(page.url), "required.")
        assert self.client.get(start).url == self.url("model")

    def test_models_that_cannot_be_deployed_say_why(self) -> None:
        failed = self.make_custom("Clinic 2", status=Status.FAILED)
        over = now() - timedelta(days=1)
        expired = self.make_custom("Clinic 3", transcription_expires=over)
        page = self.client.get(self.url("model"))
        self.assertContains(page, "there is nothing to deploy")
        self.assertContains(page, "It has expired")
        self.assertContains(page, " disabled>", count=2)
        for model in (failed, expired):
            answers = self.answers | {"model": str(model.pk)}
            page = self.client.post(self.url("review"), answers, follow=True)
            self.assertContains(page, f"“{model.name}”: It ")
        assert not Endpoint.objects.exists()

    def test_nonsense_breaks_nothing(self) -> None:
        page = self.client.post(self.url("review"), self.answers | {"model": "x"})
        self.assertContains(self.client.get(page.url), "is not on offer")
        assert self.client.get(self.url("nowhere")).status_code == 404
        page = self.client.post(self.url("review"), self.answers | {"name": "x" * 201})
        assert page.url.startswith(self.url("name"))

    def test_without_a_model_it_says_what_to_do(self) -> None:
        self.custom.delete()
        self.base.delete()
        self.assertContains(self.client.get(self.url("model")), "BASE_MODELS")

    def test_editors_only(self) -> None:
        set_role(self.project, self.bob.pk, "reviewer")
        urls = [
            reverse("endpoint-create", args=[self.project.pk]),
            self.url("model"),
            self.url("review"),
        ]
        for url in urls:
            self.assert_viewer_gets_403(url, "get")
            self.assert_stranger_gets_404(url)
        self.assert_viewer_gets_403(self.url("review"))
        self.assert_stranger_gets_404(self.url("review"), "post")
