from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.urls import reverse
from django.utils.timezone import now

from endpoints import keys, services
from endpoints.models import Endpoint, LogEntry, Usage
from endpoints.tests.test_services import EndpointTestCase
from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from projects.services import set_role
from speechstudio.test import fake_engine
from speechstudio.tests.queries import queries

Status = Job.Status
LONG_AGO = datetime(2020, 1, 15, tzinfo=UTC)
FAR_AWAY = datetime(2090, 1, 15, tzinfo=UTC)


class PageTestCase(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.endpoint = self.make()
        self.list_url = reverse("endpoint-list", args=[self.project.pk])

    def url(self, name: str, *more: object) -> str:
        return reverse(f"endpoint-{name}", args=[self.endpoint.pk, *more])

    def change(self, **fields: object) -> None:
        Endpoint.objects.filter(pk=self.endpoint.pk).update(**fields)
        self.endpoint.refresh_from_db()

    def page(self) -> str:
        page = self.client.get(self.endpoint.get_absolute_url())
        assert page.status_code == 200
        return str(page.content, "utf-8")


class ListTestCase(PageTestCase):
    def test_it_works(self) -> None:
        self.change(description="Calls of the clinic")
        self.custom.transcription_expires = FAR_AWAY
        self.custom.save()
        page = self.client.get(self.list_url)
        for said in (
            "Front desk",
            "Calls of the clinic",
            "Clinic 1",
            "Succeeded",
            "15 Jan 2090",
        ):
            self.assertContains(page, said)
        self.assertContains(page, 'aria-current="page"><span class="icon icon-deploy"')

    def test_what_is_expired_suspended_or_changing_is_marked(self) -> None:
        self.custom.transcription_expires = LONG_AGO
        self.custom.save()
        self.change(is_suspended=True, serving=self.base)
        page = self.client.get(self.list_url)
        for said in ("Expired", "Suspended", "(Tiny answers)"):
            self.assertContains(page, said)

    def test_it_is_searched_filtered_and_sorted_by_the_address(self) -> None:
        beta = services.create(self.project, self.base, "Beta", "of the ward")
        Endpoint.objects.filter(pk=beta.pk).update(status=Status.FAILED)

        def names(**query: str) -> list[str]:
            page = self.client.get(self.list_url, query)
            return [endpoint.name for endpoint in page.context["page"]]

        assert names() == ["Beta", "Front desk"]
        assert names(sort="-name") == ["Front desk", "Beta"]
        assert names(q="ward") == ["Beta"]
        assert names(q="clinic", status="Succeeded") == ["Front desk"]
        assert names(q="nothing of the kind") == []
        assert names(sort="nonsense", page="x", status="y") == names()

    def test_it_polls_only_while_something_is_active(self) -> None:
        self.assertNotContains(self.client.get(self.list_url), "every 2s")
        self.change(status=Status.RUNNING)
        page = self.client.get(self.list_url, headers={"HX-Request": "true"})
        self.assertContains(page, "every 2s")
        self.assertNotContains(page, "<html")

    def test_it_costs_as_many_queries_for_many_as_for_one(self) -> None:
        one = queries(self.client, self.list_url)
        for _ in range(9):
            self.make()
        assert queries(self.client, self.list_url) == one

    def test_an_empty_list_says_what_belongs_there(self) -> None:
        self.endpoint.delete()
        self.assertContains(self.client.get(self.list_url), "Deploy model</a>", count=2)
        self.client.force_login(self.bob)
        page = self.client.get(self.list_url)
        self.assertContains(page, "When an editor of the project deploys a model")
        self.client.force_login(self.alice)
        self.custom.delete()
        self.base.delete()
        self.assertContains(self.client.get(self.list_url), "BASE_MODELS")

    def test_strangers_get_404(self) -> None:
        self.assert_stranger_gets_404(self.list_url)


class DetailTestCase(PageTestCase):
    def test_it_works(self) -> None:
        self.custom.transcription_expires = FAR_AWAY
        self.custom.save()
        page = self.page()
        for said in (
            f'data-copy="{self.endpoint.pk}"',
            "Clinic 1",
            "15 Jan 2090",
            f"http://testserver/speech/recognition/interactive/cognitiveservices/v1"
            f"?cid={self.endpoint.pk}",
            f"ws://testserver/speech/recognition/dictation/cognitiveservices/v1"
            f"?cid={self.endpoint.pk}",
            "http://testserver/sts/v1.0/issueToken",
            "http://testserver/v1<",
            "/speechtotext/transcriptions:transcribe?",
            "export SPEECH_KEY=",
        ):
            assert said in page, said

    def test_the_addresses_are_those_that_the_visitor_came_by(self) -> None:
        page = self.client.get(
            self.endpoint.get_absolute_url(), headers={"Host": "testserver:8443"}
        )
        self.assertContains(page, "ws://testserver:8443/speech/")

    def test_the_program_is_in_the_address(self) -> None:
        url = self.endpoint.get_absolute_url()
        cases = [
            ({}, "curl &quot;http"),
            ({"code": "python"}, "import azure"),
            ({"code": "openai"}, "from openai import"),
            ({"code": "csharp"}, "SpeechConfig.FromHost"),
            ({"code": "javascript"}, "fromWavFileInput(fs"),
            ({"code": "nonsense"}, "curl &quot;http"),
        ]
        for query, said in cases:
            self.assertContains(self.client.get(url, query), said)
        part = self.client.get(url, {"code": "python"}, headers={"HX-Request": "true"})
        self.assertContains(part, "import azure")
        self.assertNotContains(part, "<html")

    def test_the_counters_are_shown_and_asked_for_again(self) -> None:
        counts = [0] * 124
        counts[40] = 1200
        Usage.objects.create(
            endpoint=self.endpoint,
            hour=now().replace(minute=0, second=0, microsecond=0),
            process=uuid4(),
            requests=1200,
            failed=7,
            audio_seconds=5400,
            latencies=counts,
        )
        part = self.client.get(self.url("usage"))
        for said in ("1,200", ">7</td>", "1 h 30 min", "99 ms", "every 5s"):
            self.assertContains(part, said)
        self.assertNotContains(part, "<html")
        assert self.url("usage") in self.page()

    def test_while_the_first_model_is_got_ready_the_page_asks_how_it_goes(self) -> None:
        self.change(status=Status.NOT_STARTED, serving=None)
        self.endpoint.start()
        self.endpoint.report(1, 3)
        part = self.client.get(self.url("state"))
        self.assertContains(part, "1 of 3 steps")
        self.assertContains(part, "answers as soon as this has ended")
        self.assertContains(part, "every 2s")
        self.endpoint.succeed(serving=self.custom)
        part = self.client.get(self.url("state"))
        self.assertNotContains(part, "every 2s")
        # The page may show keys, which it would lose.
        assert "HX-Refresh" not in part.headers

    def test_a_failed_deployment_says_why_and_what_answers(self) -> None:
        self.change(
            status=Status.FAILED, serving=None, error="Gone.", error_code="NotFound"
        )
        page = self.page()
        for said in ("could not be deployed", "Gone.", "Code: NotFound", "Try again"):
            assert said in page, said
        assert "answers no request" in page
        self.change(serving=self.base)
        assert "“Tiny” goes on answering, as before." in self.page()

    def test_an_expired_model_shows_what_answers_in_its_place(self) -> None:
        self.custom.transcription_expires = LONG_AGO
        self.custom.save()
        page = self.page()
        assert "“Clinic 1” has expired" in page
        assert "newest base model, Tiny, answers in its place" in page
        self.base.transcription_expires = LONG_AGO
        self.base.save()
        assert "requests are refused" in self.page()

    def test_viewers_see_it_without_keys_and_change_nothing(self) -> None:
        services.make_keys(self.endpoint)
        assert 'id="keys"' in self.page()
        self.client.force_login(self.bob)
        page = self.page()
        assert "Sample code" in page
        for said in ('id="keys"', "Change model</a>", "Suspend", "Delete", "Switch on"):
            assert said not in page, said
        names = [
            *("rename", "model", "logging", "suspend", "resume", "retry", "delete"),
        ]
        for role in ("viewer", "reviewer"):
            set_role(self.project, self.bob.pk, role)
            for url in [*(self.url(n) for n in names), self.url("key", 1)]:
                self.assert_viewer_gets_403(url)

    def test_strangers_get_404(self) -> None:
        reading = ("detail", "state", "usage", "rename", "model", "suspend", "delete")
        for url in [*(self.url(name) for name in reading), self.url("key", 1)]:
            self.assert_stranger_gets_404(url)
        for name in ("logging", "suspend", "resume", "retry", "delete", "model"):
            self.assert_stranger_gets_404(self.url(name), "post")


class ChangeTestCase(PageTestCase):
    def test_it_is_renamed(self) -> None:
        answers = {"name": "Back office", "description": "New"}
        self.client.post(self.url("rename"), answers)
        self.endpoint.refresh_from_db()
        assert (self.endpoint.name, self.endpoint.description) == ("Back office", "New")
        assert self.client.post(self.url("rename"), {"name": ""}).status_code == 422

    def test_its_model_is_changed(self) -> None:
        self.assertContains(self.client.get(self.url("model")), "Answers now")
        with fake_engine(FakeEngine()), self.on_commit():
            page = self.client.post(self.url("model"), {"model": self.base.pk})
            assert page.url == self.endpoint.get_absolute_url()
            page = self.client.get(page.url)
            self.assertContains(page, "“Clinic 1” goes on answering until then")
        self.endpoint.refresh_from_db()
        assert self.endpoint.serving == self.base

    def test_a_change_that_fails_is_tried_again_from_the_page(self) -> None:
        broken = FakeEngine(broken=EngineError("Out of memory."))
        with fake_engine(broken), self.on_commit():
            self.client.post(self.url("model"), {"model": self.base.pk})
        assert "Out of memory." in self.page()
        with fake_engine(FakeEngine()), self.on_commit():
            self.client.post(self.url("retry"))
        self.endpoint.refresh_from_db()
        assert self.endpoint.serving == self.base

    def test_a_change_that_cannot_be_is_refused_with_the_reason(self) -> None:
        failed = self.make_custom("Clinic 2", status=Status.FAILED)
        cases = [
            ({"model": failed.pk}, "nothing to deploy"),
            ({}, "Choose the model"),
            ({"model": "x"}, "is not on offer"),
        ]
        for answers, said in cases:
            page = self.client.post(self.url("model"), answers)
            self.assertContains(page, said, status_code=422)
        self.change(status=Status.RUNNING)
        page = self.client.post(self.url("model"), {"model": self.base.pk})
        self.assertContains(page, "Wait until that has ended", status_code=422)

    def test_a_key_is_renewed_after_one_question_and_shown_once(self) -> None:
        old = services.make_keys(self.endpoint)
        page = self.client.get(self.url("key", 2))
        self.assertContains(page, "Key 1 goes on being good")
        page = self.client.post(self.url("key", 2), follow=True)
        ((number, new),) = page.context["plain_keys"]
        assert number == 2
        self.assertContains(page, new)
        assert keys.find(old[2]) is None
        assert keys.find(old[1]) is not None
        assert new not in self.page()
        assert self.client.get(self.url("key", 3)).status_code == 404

    def test_an_endpoint_without_keys_can_get_them(self) -> None:
        self.assertContains(
            self.client.get(self.endpoint.get_absolute_url()), "not made yet", count=2
        )
        page = self.client.post(self.url("key", 1), follow=True)
        ((_, key),) = page.context["plain_keys"]
        assert keys.find(key)
        self.assertContains(page, "not made yet", count=1)

    def test_it_is_suspended_after_one_question_and_resumed(self) -> None:
        self.assertContains(self.client.get(self.url("suspend")), "refused")
        self.client.post(self.url("suspend"))
        self.endpoint.refresh_from_db()
        assert self.endpoint.is_suspended
        assert "This endpoint is suspended" in self.page()
        self.client.post(self.url("resume"))
        assert "This endpoint is suspended" not in self.page()

    def test_logging_is_switched_on_and_off(self) -> None:
        assert "<strong>Off.</strong>" in self.page()
        self.client.post(self.url("logging"), {"enabled": "1"})
        assert "<strong>On.</strong>" in self.page()
        self.client.post(self.url("logging"))
        assert "<strong>Off.</strong>" in self.page()

    def test_deleting_it_names_what_is_lost_and_asks_once(self) -> None:
        LogEntry.objects.create(endpoint=self.endpoint, seconds=1)
        page = self.client.get(self.url("delete"))
        self.assertContains(page, "1 logged request with audio")
        page = self.client.post(self.url("delete"))
        self.assertRedirects(page, self.list_url)
        assert not Endpoint.objects.exists()

    def test_a_model_in_use_names_the_endpoint(self) -> None:
        page = self.client.post(reverse("model-delete", args=[self.custom.pk]))
        self.assertContains(page, self.endpoint.get_absolute_url(), status_code=409)

    def test_deleting_the_project_names_its_endpoints(self) -> None:
        page = self.client.get(reverse("project-delete", args=[self.project.pk]))
        self.assertContains(page, "1 endpoint with keys")

    def test_the_job_menu_shows_deployments(self) -> None:
        self.change(status=Status.RUNNING, created=now() - timedelta(minutes=1))
        page = self.client.get(reverse("job-menu"))
        self.assertContains(page, self.endpoint.get_absolute_url())
