from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils.timezone import now

from api import keys
from api.models import CopyAuthorization
from api.tests.case import ApiTestCase, reference
from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from projects.models import Project, Role
from speechstudio.test import fake_engine, make_model
from training.models import SpeechModel

SOURCE = {"sourceResourceId": "clinic"}
_EXPIRED = "ModelCopyAuthorizationExpired"


class CopiesTestCase(ApiTestCase):
    """charlie lets alice copy her model into his project."""

    def setUp(self) -> None:
        super().setUp()
        self.model = make_model(
            "custom:1", project=self.project, base=make_model(), description="May"
        )
        self.path = f"models/{self.model.pk}:copy"
        self.target = self.project_of("Ward", "en-US")

    def project_of(self, name: str, locale: str) -> Project:
        made = projects.create(self.charlie, name, locale)
        Project.objects.filter(pk=made.pk).update(engine="fake")
        return made

    def authorized(self, key: str = "", **more: Any) -> dict[str, Any]:
        answer = self.call(
            "POST", "models:authorizecopy", SOURCE | more, key=key or self.charlie_key
        )
        assert answer.status_code == 200, answer.content
        given: dict[str, Any] = answer.json()
        return given

    def copied(self, engine: FakeEngine, body: dict[str, Any]) -> dict[str, Any]:
        engine.trained["custom:1"] = ("base", None, None)  # type: ignore[assignment]
        with fake_engine(engine), self.on_commit():
            answer = self.call("POST", self.path, body)
        assert answer.status_code == 202, answer.content
        shown = answer.json()
        assert answer.headers["Operation-Location"] == shown["self"]
        assert shown["status"] == "NotStarted"
        asked: dict[str, Any] = self.call("GET", shown["self"]).json()
        return asked

    def test_the_target_authorizes_and_the_source_hands_over(self) -> None:
        given = self.authorized()
        assert given["targetResourceEndpoint"] == "http://testserver"
        assert given["sourceResourceId"] == "clinic"
        shown = self.copied(FakeEngine(), given)
        assert shown["status"] == "Succeeded"
        # alice made it, but it is charlie's.
        self.refused(self.call("GET", shown["result"]["link"]), 404)
        made = self.call("GET", shown["result"]["link"], key=self.charlie_key).json()
        assert (made["displayName"], made["description"]) == ("custom:1", "May")
        row = SpeechModel.objects.get(project=self.target)
        assert row.origin == SpeechModel.Origin.COPIED

    def test_its_secret_is_kept_as_a_digest_alone(self) -> None:
        given = self.authorized()
        row = CopyAuthorization.objects.get()
        assert given["id"] not in str(row.__dict__)

    def test_it_is_good_once_and_for_a_day(self) -> None:
        given = self.authorized()
        self.copied(FakeEngine(), given)
        self.refused(self.call("POST", self.path, given), 400, _EXPIRED, "id")
        given = self.authorized()
        CopyAuthorization.objects.update(expires=now() - timedelta(seconds=1))
        self.refused(self.call("POST", self.path, given), 400, _EXPIRED, "id")
        self.authorized()
        assert CopyAuthorization.objects.count() == 1
        body = given | {"id": "guessed"}
        self.refused(self.call("POST", self.path, body), 400, _EXPIRED, "id")

    def test_where_there_are_two_projects_one_is_named_or_is_that_of_the_key(
        self,
    ) -> None:
        other = self.project_of("Theatre", "en-US")
        given = self.authorized()
        answer = self.call("POST", self.path, given)
        self.refused(answer, 400, "InvalidProject")
        # It was not used up.
        self.authorized(project=reference("projects", other))
        self.copied(FakeEngine(), self.authorized(project=reference("projects", other)))
        assert other.models.count() == 1
        _, key = keys.make(self.charlie, "ward", project=self.target)
        self.copied(FakeEngine(), self.authorized(key=key))
        assert self.target.models.count() == 1

    def test_only_into_a_project_of_the_language_that_its_person_may_change(
        self,
    ) -> None:
        german = self.project_of("German", "de-DE")
        given = self.authorized(project=reference("projects", german))
        answer = self.call("POST", self.path, given)
        self.refused(answer, 400, "InvalidProject", "id")
        given = self.authorized(project=reference("projects", self.target))
        projects.set_role(self.target, self.alice.pk, Role.OWNER)
        projects.set_role(self.target, self.charlie.pk, Role.VIEWER)
        answer = self.call("POST", self.path, given)
        self.refused(answer, 400, "InvalidProject", "id")
        for project, key, inner in (
            (self.project, self.charlie_key, "InvalidProject"),
            (self.project, self.bob_key, "InvalidPermissions"),
        ):
            body = SOURCE | {"project": reference("projects", project)}
            answer = self.call("POST", "models:authorizecopy", body, key=key)
            self.refused(answer, 403 if key == self.bob_key else 400, inner)

    def test_another_server_is_refused_with_what_to_do(self) -> None:
        body = self.authorized() | {"targetResourceEndpoint": "https://a.example"}
        answer = self.call("POST", self.path, body)
        inner, target = "InvalidParameterValue", "targetResourceEndpoint"
        self.refused(answer, 400, inner, target)
        assert "import" in answer.json()["message"]

    def test_all_of_the_authorization_has_to_be_there(self) -> None:
        given = self.authorized()
        for name in given:
            with self.subTest(name):
                body = {key: value for key, value in given.items() if key != name}
                answer = self.call("POST", self.path, body)
                self.refused(answer, 400, "InvalidParameterValue", name)
        answer = self.call("POST", self.path, given | {"targetSubscriptionKey": "x"})
        self.refused(answer, 400, target="targetSubscriptionKey")
        answer = self.call("POST", "models:authorizecopy", {"sourceResourceId": ""})
        self.refused(answer, 400, target="sourceResourceId")

    def test_one_that_fails_says_why(self) -> None:
        engine = FakeEngine(broken=EngineError("No files.", "ModelNotFound"))
        shown = self.copied(engine, self.authorized())
        assert shown["status"] == "Failed"
        assert shown["error"] == {"code": "ModelNotFound", "message": "No files."}
        assert "result" not in shown

    def test_a_model_that_is_not_ready_is_not_copied(self) -> None:
        SpeechModel.objects.update(status=Job.Status.RUNNING)
        answer = self.call("POST", self.path, self.authorized())
        self.refused(answer, 409, "InvalidModel", "id")

    def test_only_who_may_change_the_source_copies_it(self) -> None:
        given = self.authorized()
        answer = self.call("POST", self.path, given, key=self.charlie_key)
        self.refused(answer, 404)
        answer = self.call("POST", self.path, given, key=self.bob_key)
        self.refused(answer, 403, "InvalidPermissions")
        shown = self.copied(FakeEngine(), given)
        answer = self.call("GET", shown["self"], key=self.charlie_key)
        self.refused(answer, 404)
        answer = self.call("GET", f"operations/models/copy/{uuid4()}")
        self.refused(answer, 404)
