from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import override_settings
from django.utils.timezone import now

from api.tests.case import ApiTestCase, reference
from endpoints.models import Endpoint
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from speechstudio.test import fake_engine, make_model
from training.models import SpeechModel

Status = Job.Status
NEW = {"displayName": "Ward", "locale": "en-US"}


class EndpointsTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = make_model("Tiny")
        self.model = self.make_custom()

    def make_custom(self, name: str = "Clinic 1", **fields: Any) -> SpeechModel:
        values = {"project": self.project, "base": self.base} | fields
        return make_model(name, reference=f"custom:{uuid4()}", **values)

    def make(self, **fields: Any) -> Endpoint:
        """One that answers."""
        values = {"name": "Ward", "model": self.model, "serving": self.model}
        values |= {"status": Status.SUCCEEDED} | fields
        return Endpoint.objects.create(project=self.project, **values)

    def of(self, model: SpeechModel, **fields: Any) -> dict[str, Any]:
        return {**NEW, "model": reference("models", model), **fields}

    def test_it_is_made_and_its_model_got_ready(self) -> None:
        body = self.of(self.model, description="Front desk")
        body |= {"properties": {"loggingEnabled": True}}
        body["customProperties"] = {"commit": "f4a8df2"}
        with fake_engine(FakeEngine()), self.on_commit():
            made = self.call("POST", "endpoints", body)
        assert made.status_code == 201
        shown = made.json()
        assert made.headers["Location"] == shown["self"]
        assert (shown["status"], shown["locale"]) == ("NotStarted", "en-US")
        assert shown["properties"] == {"loggingEnabled": True}
        row = Endpoint.objects.get()
        root = "ws://testserver/stt/speech/universal/v2"
        assert shown["links"] == {"webSocket": f"{root}?cid={row.pk}"}
        shown = self.call("GET", shown["self"]).json()
        assert shown["status"] == "Succeeded"
        assert f"/models/{self.model.pk}" in shown["model"]["self"]
        assert row.serving == self.model
        assert row.custom_properties == {"commit": "f4a8df2"}

    def test_a_base_model_is_one_of_those(self) -> None:
        body = {**NEW, "model": reference("models/base", self.base)}
        shown = self.call("POST", "endpoints", body).json()
        assert f"/models/base/{self.base.pk}" in shown["model"]["self"]

    def test_what_cannot_be_deployed_is_refused_with_its_code(self) -> None:
        over = now() - timedelta(days=1)
        theirs = projects.create(self.charlie, "Other", "en-US")
        mine = projects.create(self.alice, "Other", "en-US")
        project = {"project": reference("projects", self.project)}
        for model, inner in [
            (self.make_custom(status=Status.FAILED), "DeployingFailedModel"),
            (self.make_custom(status=Status.RUNNING), "ModelNotDeployable"),
            (self.make_custom(transcription_expires=over), "ModelDeprecated"),
            (make_model("German", languages="de"), "ModelMismatch"),
            (self.make_custom(project=mine), "InvalidModel"),
            (self.make_custom(project=theirs), "InvalidModel"),
        ]:
            with self.subTest(inner=inner):
                body = self.of(model) | project
                answer = self.call("POST", "endpoints", body)
                self.refused(answer, 400, inner, "model")
        assert not Endpoint.objects.exists()

    def test_what_is_wrong_is_refused_by_its_field(self) -> None:
        good = self.of(self.model)
        model = {"self": "http://testserver/speechtotext/models/"}
        for body, target in [
            (NEW, "model"),
            (good | {"displayName": ""}, "displayName"),
            (good | {"displayName": "x" * 201}, "displayName"),
            (good | {"locale": None}, "locale"),
            (good | {"model": f"{model['self']}{self.model.pk}"}, "model"),
            (good | {"model": {"self": f"{model['self']}seven"}}, "model.self"),
            (good | {"properties": {"loggingEnabled": "yes"}}, "properties."),
            (good | {"properties": {"timeToLive": "PT1H"}}, "properties.timeToLive"),
            (good | {"properties": {"email": "a@b.c"}}, "properties.email"),
            (good | {"text": "x"}, "text"),
        ]:
            with self.subTest(body=body):
                answer = self.call("POST", "endpoints", body)
                self.refused(answer, 400)
                assert answer.json()["target"].startswith(target)
        assert not Endpoint.objects.exists()

    def test_version_32_has_seven_links(self) -> None:
        row = self.make()
        links = self.call("GET", f"v3.2/endpoints/{row.pk}").json()["links"]
        path = "/speech/recognition/dictation/cognitiveservices/v1"
        assert links["restDictation"] == f"http://testserver{path}?cid={row.pk}"
        assert links["webSocketDictation"] == f"ws://testserver{path}?cid={row.pk}"
        modes = ("Interactive", "Conversation", "Dictation")
        kinds = ("rest", "webSocket")
        names = {f"{kind}{mode}" for kind in kinds for mode in modes}
        assert links.keys() == names | {"logs"}
        self.refused(self.call("GET", links["logs"]), 400, "EndpointWithoutLogging")

    @override_settings(RECOGNITION_URL="https://hear.example")
    def test_links_lead_to_where_the_data_plane_is(self) -> None:
        shown = self.call("GET", f"endpoints/{self.make().pk}").json()
        assert shown["links"]["webSocket"].startswith("wss://hear.example/stt/")
        assert shown["self"].startswith("http://testserver/")

    def test_logging_is_switched_by_the_name_of_either_operation(self) -> None:
        path = f"endpoints/{self.make().pk}"
        for properties, expected in [
            ({"contentLoggingEnabled": True}, True),
            ({}, True),
            ({"loggingEnabled": True, "contentLoggingEnabled": False}, False),
            ({"loggingEnabled": True}, True),
        ]:
            with self.subTest(properties=properties):
                shown = self.call("PATCH", path, {"properties": properties}).json()
                assert shown["properties"]["loggingEnabled"] is expected

    def test_another_model_is_got_ready_while_the_former_one_goes_on(self) -> None:
        row, better = self.make(), self.make_custom("Clinic 2")
        patch = {"displayName": "Desk", "model": reference("models", better)}
        shown = self.call("PATCH", f"endpoints/{row.pk}", patch).json()
        assert (shown["displayName"], shown["status"]) == ("Desk", "NotStarted")
        assert str(better.pk) in shown["model"]["self"]
        row.refresh_from_db()
        assert row.serving == self.model
        # Until that has ended, none more; what came back unchanged is no change.
        patch = {"model": reference("models", self.model), "displayName": "Hall"}
        answer = self.call("PATCH", f"endpoints/{row.pk}", patch)
        self.refused(answer, 409, "EndpointNotUpdatable", "id")
        row.refresh_from_db()
        assert row.name == "Desk"
        patch = {"model": reference("models", better), "displayName": "Hall"}
        assert self.call("PATCH", f"endpoints/{row.pk}", patch).status_code == 200

    def test_the_model_that_failed_is_tried_again(self) -> None:
        row = self.make(status=Status.RUNNING)
        row.fail("It is broken.", "ModelNotFetched")
        shown = self.call("GET", f"endpoints/{row.pk}").json()
        error = {"code": "ModelNotFetched", "message": "It is broken."}
        assert shown["properties"]["error"] == error
        patch = {"model": reference("models", self.model)}
        with fake_engine(FakeEngine()), self.on_commit():
            self.call("PATCH", f"endpoints/{row.pk}", patch)
        shown = self.call("GET", f"endpoints/{row.pk}").json()
        assert shown["status"] == "Succeeded"

    def test_the_model_it_has_is_no_change(self) -> None:
        row = self.make()
        patch = {"model": reference("models", self.model)}
        shown = self.call("PATCH", f"endpoints/{row.pk}", patch).json()
        assert shown["status"] == "Succeeded"

    def test_it_is_listed_for_its_project_and_deleted(self) -> None:
        row = self.make()
        other = projects.create(self.alice, "Other", "de-DE")
        path = f"projects/{self.project.pk}/endpoints"
        for listed in ("endpoints", path):
            shown = self.call("GET", listed, filter="status eq 'Succeeded'").json()
            assert [one["displayName"] for one in shown["values"]] == ["Ward"]
        empty = self.call("GET", f"projects/{other.pk}/endpoints").json()
        assert empty == {"values": []}
        assert self.call("DELETE", f"endpoints/{row.pk}").status_code == 204
        self.refused(self.call("GET", f"endpoints/{row.pk}"), 404, target="id")

    def test_locales_are_those_that_a_base_model_speaks(self) -> None:
        SpeechModel.objects.filter(pk=self.base.pk).update(languages="de en")
        shown = self.call("GET", "endpoints/locales").json()
        assert {"de-DE", "de-AT", "en-US"} < set(shown)
        assert not {"fr-FR", "af-ZA"} & set(shown)

    def test_a_stranger_sees_nothing_and_a_viewer_changes_nothing(self) -> None:
        path = f"endpoints/{self.make().pk}"
        shown = self.call("GET", "endpoints", key=self.charlie_key).json()
        assert shown == {"values": []}
        self.refused(self.call("GET", path, key=self.charlie_key), 404)
        assert self.call("GET", path, key=self.bob_key).status_code == 200
        for method, body in (("PATCH", {"displayName": "x"}), ("DELETE", None)):
            answer = self.call(method, path, body, key=self.bob_key)
            self.refused(answer, 403, "InvalidPermissions")
        body = self.of(self.model) | {"project": reference("projects", self.project)}
        answer = self.call("POST", "endpoints", body, key=self.bob_key)
        self.refused(answer, 403, "InvalidPermissions")

    def test_who_waits_is_told_when_to_ask_again(self) -> None:
        path = f"endpoints/{self.make(status=Status.RUNNING).pk}"
        assert self.call("GET", path).headers["Retry-After"] == "2"
