from __future__ import annotations

from datetime import date, timedelta

from django.utils.timezone import now

from endpoints import services
from endpoints.models import Endpoint
from endpoints.serving import answering, why_silent
from endpoints.tasks import deploy_endpoint
from endpoints.tests.test_services import EndpointTestCase
from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from speechstudio.test import fake_engine, make_model
from training.models import SpeechModel

Status = Job.Status


class DeployTestCase(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.endpoint = services.create(self.project, self.custom, "Front desk")

    def deploy(self, engine: FakeEngine) -> Endpoint:
        with fake_engine(engine):
            deploy_endpoint(str(self.endpoint.pk))
        self.endpoint.refresh_from_db()
        return self.endpoint

    def test_the_model_is_loaded_and_tried_before_it_answers(self) -> None:
        engine = FakeEngine()
        endpoint = self.deploy(engine)
        assert (endpoint.status, endpoint.serving) == (Status.SUCCEEDED, self.custom)
        assert engine.loaded == [self.custom.reference]
        assert engine.calls == [["quiet"]]

    def test_a_model_that_cannot_recognise_is_not_deployed(self) -> None:
        endpoint = self.deploy(FakeEngine(failing={"quiet"}))
        assert (endpoint.status, endpoint.serving) == (Status.FAILED, None)
        assert endpoint.error_code == "BadAudio"

    def test_a_model_that_cannot_be_loaded_leaves_the_former_one(self) -> None:
        Endpoint.objects.filter(pk=self.endpoint.pk).update(serving=self.base)
        error = EngineError("Out of memory.", "OutOfMemory")
        endpoint = self.deploy(FakeEngine(broken=error))
        assert (endpoint.status, endpoint.serving) == (Status.FAILED, self.base)
        assert endpoint.error == "Out of memory."

    def test_a_model_that_expired_in_the_queue_is_refused(self) -> None:
        self.custom.transcription_expires = now() - timedelta(days=1)
        self.custom.save()
        assert self.deploy(FakeEngine()).error_code == "ModelDeprecated"

    def test_doing_it_twice_does_it_once(self) -> None:
        engine = FakeEngine()
        self.deploy(engine)
        self.deploy(engine)
        assert len(engine.loaded) == 1

    def test_deleting_it_stops_its_job(self) -> None:
        endpoint = self.endpoint

        class Deleting(FakeEngine):
            def load(self, reference: str) -> None:
                services.delete(endpoint)

        engine = Deleting()
        with fake_engine(engine):
            deploy_endpoint(str(endpoint.pk))
        assert engine.calls == []
        assert not Endpoint.objects.exists()

    def test_former_deaths_of_workers_are_forgiven(self) -> None:
        Endpoint.objects.filter(pk=self.endpoint.pk).update(losses=2)
        assert self.deploy(FakeEngine()).losses == 0


class FallBackTestCase(EndpointTestCase):
    def test_the_newest_base_model_answers_for_one_that_has_expired(self) -> None:
        endpoint = self.make()
        assert answering(endpoint) == self.custom
        here = {"status": Status.SUCCEEDED}
        older = make_model("Older", released=date(2020, 1, 15), **here)
        newer = make_model("Newer", released=date(2024, 1, 15), **here)
        # Not on the disk, of another language, not offered any more.
        newest = date(2026, 1, 15)
        make_model("Elsewhere", released=newest, status=Status.NOT_STARTED)
        make_model("German", released=newest, languages="de", **here)
        make_model("Former", released=newest, is_offered=False, **here)
        self.expire(self.custom)
        # It is not known when the one called Tiny came out.
        for model in (newer, older, self.base):
            endpoint.refresh_from_db()
            assert answering(endpoint) == model
            self.expire(model)
        endpoint.refresh_from_db()
        assert answering(endpoint) is None
        assert "no base model can answer" in why_silent(endpoint, None)

    def expire(self, model: SpeechModel) -> None:
        model.transcription_expires = now() - timedelta(days=1)
        model.save()
