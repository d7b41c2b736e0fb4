"""Keys of the API have speech recognised by whatever their person may use."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.test import RequestFactory
from django.utils.timezone import now

from api import keys as api_keys
from api.caller import caller_of as api_caller_of
from api.models import ApiKey, Scope
from endpoints import tokens
from endpoints.models import LogEntry
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from projects.models import Project
from recognition.access import Caller, Denied, Undecided, caller_of, forget, renewed
from recognition.tests.data_plane import DataPlaneTestCase, hum, wav
from speechstudio.test import fake_engine, make_model
from training.models import SpeechModel

SHORT = "/speech/recognition/conversation/cognitiveservices/v1?language=en-US"
FAST = "/speechtotext/transcriptions:transcribe?api-version=2025-10-15"
OPENAI = "/v1/audio/transcriptions"
TOKEN = "/sts/v1.0/issueToken"
HELLO = FakeEngine({"": "Good morning."})


class ApiKeyTestCase(DataPlaneTestCase):
    """`self.api_key` is alice's, of `self.project`; `self.person_key` that of all her
    projects. The endpoint's model is a custom one; "newest" is a base model."""

    def setUp(self) -> None:
        super().setUp()
        SpeechModel.objects.update(project=self.project)
        self.base = make_model("newest")
        self.row, self.api_key = api_keys.make(self.alice, "tests", self.project)
        self.person_key = api_keys.make(self.alice, "tests")[1]

    def found(self, key: str = "", **given: Any) -> Caller:
        forget()
        if not given.get("token"):
            given["key"] = key or self.api_key
        caller: Caller = async_to_sync(caller_of)(**given)
        return caller

    def denied(self, key: str = "", **given: Any) -> Denied:
        with pytest.raises(Denied) as caught:
            self.found(key, **given)
        return caught.value

    def said(self, path: str, key: str = "", **more: Any) -> Any:
        forget()
        with fake_engine(HELLO):
            return self.ask(path, key=key or self.api_key, **more)

    def fast(self, key: str = "", **definition: Any) -> Any:
        files = {
            "audio": ("a.wav", wav(hum(1))),
            "definition": (None, json.dumps(definition)),
        }
        return self.said(FAST, key, files=files)


class AccessTests(ApiKeyTestCase):
    def test_without_an_endpoint_the_newest_base_model_answers(self) -> None:
        for key in (self.api_key, self.person_key):
            caller = self.found(key)
            assert (caller.reference, caller.model) == ("newest", self.base.pk)
            assert (caller.endpoint, caller.locale) == (None, "en-US")
            assert caller.project == self.project.pk

    def test_an_endpoint_of_the_projects_answers(self) -> None:
        cid = str(self.endpoint.pk)
        for given in (cid, cid.upper()):
            caller = self.found(cid=given)
            assert caller.endpoint == self.endpoint.pk
            assert caller.reference == self.endpoint.serving.reference

    def test_a_viewer_may_and_a_stranger_may_not(self) -> None:
        cid = str(self.endpoint.pk)
        bobs = api_keys.make(self.bob, "tests")[1]
        assert self.found(bobs, cid=cid).endpoint == self.endpoint.pk
        charlies = api_keys.make(self.charlie, "tests")[1]
        assert self.denied(charlies, cid=cid).status == 401
        assert self.denied(charlies).status == 403

    def test_a_key_of_another_project_sees_only_that(self) -> None:
        other = projects.create(self.alice, "Other", "en-US")
        Project.objects.filter(pk=other.pk).update(engine="fake")
        key = api_keys.make(self.alice, "tests", other)[1]
        assert self.found(key).project == other.pk
        assert self.denied(key, cid=str(self.endpoint.pk)).status == 401
        model = str(self.endpoint.serving.pk)
        assert self.denied(key, model=model).code == "InvalidModel"

    def test_projects_in_several_languages_leave_it_undecided(self) -> None:
        other = projects.create(self.alice, "Other", "de-DE")
        Project.objects.filter(pk=other.pk).update(engine="fake")
        assert isinstance(self.denied(self.person_key), Undecided)
        caller = self.found(self.person_key, cid=str(self.endpoint.pk))
        assert caller.endpoint == self.endpoint.pk
        caller = self.found(self.person_key, model=str(self.endpoint.serving.pk))
        assert caller.locale == "en-US"

    def test_what_is_no_endpoint_is_refused(self) -> None:
        for cid in ("x", str(uuid4()), "x" * 5000, f"{self.endpoint.pk}x"):
            with self.subTest(cid=cid[:40]):
                assert self.denied(cid=cid).status == 401

    def test_a_key_without_the_scope_is_forbidden(self) -> None:
        scopes = (Scope.READ, Scope.WRITE)
        key = api_keys.make(self.alice, "tests", self.project, scopes)[1]
        for given in ({}, {"cid": str(self.endpoint.pk)}):
            assert self.denied(key, **given).status == 403

    def test_a_key_that_is_over_is_refused_and_its_callers_noticed(self) -> None:
        caller = self.found(cid=str(self.endpoint.pk))
        based = self.found()
        for one in (caller, based):
            forget()
            assert async_to_sync(renewed)(one) == one
        ApiKey.objects.update(expires=now() - timedelta(seconds=1))
        assert self.denied().status == 401
        for one in (caller, based):
            forget()
            with pytest.raises(Denied, match="not good any more"):
                async_to_sync(renewed)(one)

    def test_who_has_left_the_project_is_noticed(self) -> None:
        key = api_keys.make(self.bob, "tests")[1]
        caller = self.found(key, cid=str(self.endpoint.pk))
        self.project.memberships.filter(user=self.bob).delete()
        forget()
        with pytest.raises(Denied):
            async_to_sync(renewed)(caller)

    def test_without_a_model_on_the_disk_it_says_so(self) -> None:
        SpeechModel.objects.filter(pk=self.base.pk).update(status=Job.Status.RUNNING)
        assert "No base model" in str(self.denied())

    def test_a_model_is_chosen_among_the_projects_and_the_base_models(self) -> None:
        custom = self.endpoint.serving
        assert self.found(model=str(custom.pk)).reference == custom.reference
        assert self.found(model=str(self.base.pk)).reference == "newest"
        over = now() - timedelta(days=1)
        for fields, code in [
            ({"transcription_expires": over}, "ModelDeprecated"),
            ({"languages": "de"}, "ModelMismatch"),
            ({"status": Job.Status.RUNNING}, "InvalidModel"),
        ]:
            model = make_model(f"m-{uuid4()}", **fields)
            refused = self.denied(model=str(model.pk))
            assert (refused.status, refused.code) == (400, code)

    def test_a_key_of_an_endpoint_chooses_nothing(self) -> None:
        refused = self.denied(self.key, model=str(self.base.pk))
        assert (refused.status, refused.code) == (400, "InvalidModel")

    def test_often_asked_is_not_looked_up_each_time(self) -> None:
        self.found()
        with self.assertNumQueries(0):
            async_to_sync(caller_of)(key=self.api_key)


class TokenTests(ApiKeyTestCase):
    def token(self, key: str = "") -> str:
        answer = self.ask(TOKEN, key=key or self.api_key)
        assert answer.status_code == 200
        return answer.text

    def test_it_is_good_for_the_data_plane_and_for_the_api(self) -> None:
        token = self.token()
        assert self.found(token=token).reference == "newest"
        cid = str(self.endpoint.pk)
        assert self.found(token=token, cid=cid).endpoint == self.endpoint.pk
        request = RequestFactory().get(
            "/", headers={"Authorization": f"Bearer {token}"}
        )
        assert api_caller_of(request).key == self.row

    def test_it_ends_with_its_key_and_after_ten_minutes(self) -> None:
        token = self.token()
        with patch.object(tokens, "now", lambda: now() - timedelta(minutes=11)):
            old = self.token()
        assert "expired" in str(self.denied(token=old))
        self.row.delete()
        assert "not good any more" in str(self.denied(token=token))

    def test_it_may_no_more_than_its_key(self) -> None:
        key = api_keys.make(self.alice, "tests", scopes=[Scope.READ])[1]
        assert self.denied(token=self.token(key)).status == 403
        charlies = api_keys.make(self.charlie, "tests")[1]
        cid = str(self.endpoint.pk)
        assert self.denied(token=self.token(charlies), cid=cid).status == 401

    def test_one_of_an_endpoint_is_none_for_the_api(self) -> None:
        token = self.token(self.key)
        assert self.found(token=token).endpoint == self.endpoint.pk
        assert tokens.read(token).endpoint == str(self.endpoint.pk)

    def test_a_token_without_a_grant_is_good_for_nothing(self) -> None:
        token = tokens.issue(tokens.Grant())
        for cid in ("", str(self.endpoint.pk)):
            assert self.denied(token=token, cid=cid).status == 401


class ProtocolTests(ApiKeyTestCase):
    def test_short_audio(self) -> None:
        for more in ("", f"&cid={self.endpoint.pk}"):
            answer = self.said(SHORT + more, content=wav(hum(1)))
            assert answer.json()["DisplayText"] == "Good morning."
        assert self.endpoint.usage.get().requests == 1

    def test_the_endpoints_content_is_logged_where_that_is_wanted(self) -> None:
        self.endpoint.logging_enabled = True
        self.endpoint.save()
        self.said(f"{SHORT}&cid={self.endpoint.pk}", content=wav(hum(1)))
        assert LogEntry.objects.get().endpoint == self.endpoint

    def test_a_session_of_a_base_model_cannot_be_logged_and_that_is_said(self) -> None:
        answer = self.said(f"{SHORT}&storeAudio=true", content=wav(hum(1)))
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "EndpointLoggingNotSupported"
        assert not LogEntry.objects.exists()

    def test_fast_transcription_by_a_model_that_is_named(self) -> None:
        assert self.fast().json()["combinedPhrases"][0]["text"] == "Good morning."
        custom = self.endpoint.serving
        for address in (
            f"http://studio/speechtotext/models/{custom.pk}?api-version=2025-10-15",
            f"https://elsewhere/speechtotext/v3.2/models/base/{self.base.pk}",
        ):
            for more in ({}, {"locales": ["en-us"]}):
                answer = self.fast(models={"en-US": address}, **more)
                assert answer.status_code == 200, answer.text
        stranger = projects.create(self.charlie, "Other", "en-US")
        theirs = make_model("theirs", project=stranger)
        for models in (
            {"en-US": f"http://studio/speechtotext/models/{theirs.pk}"},
            {"en-US": f"http://studio/speechtotext/models/{uuid4()}"},
            {"en-US": "https://a/b"},
            {"en-US": 7},
            ["en-US"],
            {"de-DE": f"http://studio/speechtotext/models/{custom.pk}"},
        ):
            with self.subTest(models=models):
                answer = self.fast(models=models, locales=["en-US"])
                assert answer.status_code == 400
                assert answer.json()["innerError"]["code"] == "InvalidModel"

    def test_a_named_model_decides_among_several_languages(self) -> None:
        other = projects.create(self.alice, "Other", "de-DE")
        Project.objects.filter(pk=other.pk).update(engine="fake")
        assert self.fast(self.person_key).status_code == 403
        custom = f"http://studio/speechtotext/models/{self.endpoint.serving.pk}"
        answer = self.fast(self.person_key, models={"en-US": custom})
        assert answer.status_code == 200

    def test_clients_of_openai_name_an_endpoint_or_the_newest_model(self) -> None:
        files = {"file": ("a.wav", wav(hum(1)))}
        headers = {"Authorization": f"Bearer {self.api_key}"}
        for name, status in [
            ("whisper-1", 200),
            (str(self.endpoint.pk), 200),
            (str(uuid4()), 404),
            ("gpt-4o", 404),
            ("", 404),
        ]:
            with self.subTest(name=name):
                forget()
                with fake_engine(HELLO):
                    answer = self.ask(
                        OPENAI,
                        key="",
                        headers=headers,
                        files=files,
                        data={"model": name},
                    )
                assert answer.status_code == status, answer.text
        assert self.endpoint.usage.get().requests == 1

    def test_clients_of_openai_see_the_endpoints_that_they_may_name(self) -> None:
        self.make_endpoint(name="Paused", is_suspended=True)
        theirs = projects.create(self.charlie, "Other", "en-US")
        self.make_endpoint(name="Theirs", project=theirs)
        token = self.ask(TOKEN, key=self.api_key).text
        for secret in (self.api_key, token):
            headers = {"Authorization": f"Bearer {secret}"}
            forget()
            answer = self.ask("/v1/models", "GET", key="", headers=headers)
            names = [one["id"] for one in answer.json()["data"]]
            assert names == [str(self.endpoint.pk), "whisper-1"]
            for name in names:
                one = self.ask(f"/v1/models/{name}", "GET", key="", headers=headers)
                assert one.json()["id"] == name

    def test_where_nothing_says_which_language_there_is_no_newest_model(self) -> None:
        projects.create(self.alice, "Deutsch", "de-DE")
        headers = {"Authorization": f"Bearer {self.person_key}"}
        forget()
        answer = self.ask("/v1/models", "GET", key="", headers=headers)
        assert [one["id"] for one in answer.json()["data"]] == [str(self.endpoint.pk)]
