from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from uuid import uuid4

from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from endpoints import course, keys, services, usage
from endpoints.models import Endpoint, LogEntry, Usage
from endpoints.tests.test_services import EndpointTestCase
from engines.base import EngineError
from engines.fake import FakeEngine
from evaluations.models import Evaluation
from jobs.models import Job
from projects.services import set_role
from speechstudio.test import fake_engine, make_evaluation
from speechstudio.tests.queries import queries
from training.models import PlannedTest, SpeechModel

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
        for said in ("Expired", "(Tiny answers)"):
            self.assertContains(page, said)
        self.assertContains(page, "</span>Suspended</span>", count=1)

    def test_what_is_suspended_is_not_called_a_success(self) -> None:
        chips = ("</span>Succeeded</span>", "</span>Suspended</span>")
        for is_suspended in (False, True):
            self.change(is_suspended=is_suspended)
            for url in (self.list_url, self.endpoint.get_absolute_url()):
                page = self.client.get(url)
                self.assertContains(page, chips[is_suspended], count=1)
                self.assertNotContains(page, chips[not is_suspended])
        self.change(status=Status.FAILED)
        self.assertContains(self.client.get(self.list_url), "</span>Failed</span>")

    def test_it_shows_what_each_did_in_the_last_30_days(self) -> None:
        self.assertContains(self.client.get(self.list_url), "not used")
        other = self.make()
        hour = datetime(2026, 5, 30, 14, tzinfo=UTC)
        for endpoint, back, requests in (
            (self.endpoint, 0, 1200),
            (self.endpoint, 26, 34),
            (self.endpoint, 31 * 24, 5000),
            (other, 1, 7),
        ):
            Usage.objects.create(
                endpoint=endpoint,
                hour=hour - timedelta(hours=back),
                process=uuid4(),
                requests=requests,
                failed=3,
            )
        with patch.object(course, "now", lambda: hour + timedelta(minutes=20)):
            page = self.client.get(self.list_url)
        used = {endpoint.pk: used for endpoint, used in page.context["rows"]}
        assert used[self.endpoint.pk] == course.Used(1234, 6, hour)
        assert used[other.pk] == course.Used(7, 3, hour - timedelta(hours=1))
        self.assertContains(page, ">1,234</td>")
        self.assertContains(page, "30 May 2026, 14 h")

    def test_it_is_searched_filtered_and_sorted_by_the_address(self) -> None:
        beta = services.create(self.project, self.base, "Beta", "of the ward")
        Endpoint.objects.filter(pk=beta.pk).update(status=Status.FAILED)

        def names(**query: str) -> list[str]:
            page = self.client.get(self.list_url, query)
            return [endpoint.name for endpoint in page.context["page"]]

        assert names() == ["Beta", "Front desk"]
        assert names(sort="-name") == ["Front desk", "Beta"]
        assert names(q="ward") == ["Beta"]
        assert names(q="clinic", state="Succeeded") == ["Front desk"]
        assert names(q="nothing of the kind") == []
        assert names(sort="nonsense", page="x", state="y") == names()
        self.change(is_suspended=True)
        assert names(state="Suspended") == ["Front desk"]
        assert names(state="Succeeded") == []
        assert names(sort="-status") == ["Front desk", "Beta"]

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
            "$env:SPEECH_KEY=",
        ):
            assert said in page, said

    def test_the_addresses_are_those_that_the_visitor_came_by(self) -> None:
        page = self.client.get(
            self.endpoint.get_absolute_url(), headers={"Host": "testserver:8443"}
        )
        self.assertContains(page, "ws://testserver:8443/speech/")

    def test_its_model_says_where_it_is_deployed(self) -> None:
        models = reverse("model-list", args=[self.project.pk])
        other = self.make_custom("Clinic 2")
        for model, said in ((self.custom, "Front desk"), (other, "Not deployed")):
            self.assertContains(self.client.get(model.get_absolute_url()), said)
        self.assertContains(self.client.get(models), "Deployed</span>", count=1)
        cases: list[tuple[SpeechModel, dict[str, object], str]] = [
            (other, {"model": other}, "could not be deployed"),
            (other, {"status": Status.RUNNING}, "as soon as it is ready"),
            (self.custom, {}, "until another model is ready"),
            (self.custom, {"is_suspended": True}, "suspended"),
        ]
        for model, fields, said in cases:
            self.change(**fields)
            page = self.client.get(model.get_absolute_url())
            self.assertContains(page, self.endpoint.get_absolute_url())
            self.assertContains(page, said)

    def test_it_says_how_good_what_it_serves_is(self) -> None:
        assert "not tested yet" in self.page()
        cases = [("Of March", 30, "Succeeded"), ("Of April", 12, "Succeeded")]
        for name, errors, status in [*cases, ("Of May", 0, "Running")]:
            test = make_evaluation(self.project, models=[self.custom], name=name)
            Evaluation.objects.filter(pk=test.pk).update(status=status)
            test.candidates.update(words=100, substitutions=errors, is_complete=True)
        page = self.page()
        assert "Of April" in page and "12.0 %" in page
        assert "Of March" not in page and "Of May" not in page
        assert self.custom.get_absolute_url() in page

    def test_it_says_how_good_it_is_in_its_own_domain(self) -> None:
        test = make_evaluation(self.project, models=[self.custom], name="Guard")
        Evaluation.objects.update(status="Succeeded")
        test.candidates.update(words=100, is_complete=True)
        PlannedTest.objects.create(
            pk=test.pk, model=self.custom, dataset=test.dataset, role="guard"
        )
        assert "not tested yet" in self.page()

    @override_settings(RECOGNITION_URL="https://speech.example.org")
    def test_the_addresses_are_those_of_the_data_plane_where_it_runs_elsewhere(
        self,
    ) -> None:
        page = self.client.get(self.endpoint.get_absolute_url(), {"code": "openai"})
        addresses = page.context["addresses"]
        assert addresses.websocket_root == "wss://speech.example.org"
        self.assertContains(page, "https://speech.example.org/sts/v1.0/issueToken")
        assert "https://speech.example.org/v1" in page.context["sample"].text

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
        for said in ("1,200", ">7</td>", "1 h 30 min", "99 ms", "every 30s"):
            self.assertContains(part, said)
        self.assertNotContains(part, "<html")
        assert self.url("usage") in self.page()

    def use(self, *hours: datetime) -> None:
        """In each hour one request more than it is late; one of them failed."""
        counts = [0] * 124
        for hour in hours:
            Usage.objects.create(
                endpoint=self.endpoint,
                hour=hour,
                process=uuid4(),
                requests=1 + hour.hour,
                failed=1,
                audio_seconds=2.5,
                latencies=counts,
            )

    def test_the_counters_are_read_once_for_all_periods_and_days(self) -> None:
        moment = datetime(2026, 5, 30, 14, 20, tzinfo=UTC)
        hours = [moment - timedelta(hours=back) for back in (0, 23, 25, 48, 29 * 24)]
        self.use(*(usage.hour_of(hour) for hour in hours))
        with (
            patch.object(course, "now", lambda: moment),
            CaptureQueriesContext(connection) as captured,
        ):
            page = self.client.get(self.url("usage"))
        asked = [one["sql"] for one in captured if "endpoints_usage" in one["sql"]]
        assert len(asked) == 1
        assert [one.requests for _, one in page.context["figures"]] == [15, 31, 75]
        bars = page.context["bars"]
        assert len(bars) == 31 and bars[-1].day == moment.date()
        assert [one.requests for one in bars[-3:]] == [15, 30, 15]
        assert (bars[-2].y, bars[-2].height, bars[-2].failed_height) == (
            *("0.0", "56.0", "4.0"),
        )
        self.assertContains(page, "Most came on 29 May: 30.")
        self.assertContains(page, "this one began at 14:00")

    def test_the_counters_are_taken_away_as_a_table(self) -> None:
        self.assertNotContains(self.client.get(self.url("usage")), "CSV")
        hour = usage.hour_of(now())
        self.use(hour - timedelta(hours=1), hour, hour)
        self.assertContains(self.client.get(self.url("usage")), "CSV")
        answer = self.client.get(self.url("usage-table"))
        assert "Front desk requests.csv" in answer.headers["Content-Disposition"]
        head, before, last = answer.getvalue().decode().splitlines()
        assert head == "hour_utc,requests,failed,audio_seconds,p50_ms,p95_ms"
        assert before.startswith(f"{hour - timedelta(hours=1):%Y-%m-%dT%H:00}Z,")
        assert last == f"{hour:%Y-%m-%dT%H:00}Z,{2 + 2 * hour.hour},2,5.0,,"

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
        reading = (
            "detail",
            "state",
            "usage",
            "usage-table",
            "rename",
            "model",
            "suspend",
            "delete",
        )
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

    def test_a_new_key_comes_with_the_commands_for_both_kinds_of_shells(self) -> None:
        page = self.client.post(self.url("key", 1), follow=True)
        ((_, key),) = page.context["plain_keys"]
        self.assertContains(page, f"export SPEECH_KEY={key}<")
        self.assertContains(page, f'data-copy="$env:SPEECH_KEY=&quot;{key}&quot;"')

    def test_keys_that_were_renewed_in_two_tabs_are_both_shown(self) -> None:
        for number in keys.NUMBERS:
            self.client.post(self.url("key", number))
        page = self.client.get(self.endpoint.get_absolute_url())
        shown = dict(page.context["plain_keys"])
        assert sorted(shown) == [1, 2] and all(map(keys.find, shown.values()))

    def test_who_asks_for_the_head_of_the_page_uses_no_key_up(self) -> None:
        self.client.post(self.url("key", 1))
        assert self.client.head(self.endpoint.get_absolute_url()).status_code == 200
        page = self.client.get(self.endpoint.get_absolute_url())
        assert len(page.context["plain_keys"]) == 1

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

    def test_the_overview_of_the_project_names_it(self) -> None:
        self.change(is_suspended=True)
        page = self.client.get(self.project.get_absolute_url())
        self.assertContains(page, self.endpoint.get_absolute_url())
        self.assertContains(page, "(suspended)")

    def test_deleting_the_project_names_its_endpoints(self) -> None:
        page = self.client.get(reverse("project-delete", args=[self.project.pk]))
        self.assertContains(page, "1 endpoint with keys")

    def test_the_job_menu_shows_deployments(self) -> None:
        self.change(status=Status.RUNNING, created=now() - timedelta(minutes=1))
        page = self.client.get(reverse("job-menu"))
        self.assertContains(page, self.endpoint.get_absolute_url())
