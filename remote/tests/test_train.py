"""A model of a project on a resource is trained there, and ends up here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
from django.utils.timezone import now

from datasets.models import Dataset
from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from remote import tasks
from remote.models import Remote
from remote.tests.case import Fault, RemoteTestCase
from speechstudio.test import fake_engine
from training import services
from training.models import SpeechModel


def only(method: str, path: str, answer: Callable[[], httpx.Response]) -> Fault:
    """The API, whose answers to one kind of call are lost or others."""

    def fault(request: httpx.Request) -> httpx.Response | None:
        is_it = request.method == method and path in request.url.path
        return answer() if is_it else None

    return Fault(fault)


def cut() -> httpx.Response:
    raise httpx.ReadError("cut")


def slow() -> httpx.Response:
    raise httpx.ReadTimeout("slow")


def half() -> httpx.Response:
    return httpx.Response(200, content=b'{"self": "http')


def code(status: int, **headers: str) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(status, headers=headers, json={"message": "No."})


class TrainTestCase(RemoteTestCase):
    def train(self) -> SpeechModel:
        dataset = self.text()
        with self.on_commit():
            return services.create(self.project, self.base, [dataset], "Ward A")

    def there(self) -> list[SpeechModel]:
        return list(SpeechModel.objects.filter(project=self.home))

    def test_it_is_trained_there(self) -> None:
        model = self.train()
        self.rounds()
        model.refresh_from_db()
        assert model.status == Job.Status.SUCCEEDED, (model.error, model.stage)
        (there,) = self.there()
        assert model.reference.endswith(f"/models/{there.pk}")
        assert there.custom_properties == {"speechstudio": str(model.pk)}
        assert there.text_weight == model.text_weight
        assert model.report_file
        assert model.transcription_expires is not None
        assert not Remote.objects.exclude(next_poll=None).exists()

    def test_data_is_sent_once(self) -> None:
        dataset = self.text()
        for name in ("A", "B"):
            with self.on_commit():
                services.create(self.project, self.base, [dataset], name)
            self.rounds()
        assert len(self.there()) == 2
        (sent,) = Dataset.objects.filter(project=self.home)
        assert sent.accepted == dataset.accepted

    def test_no_worker_is_held_while_it_is_trained_there(self) -> None:
        model = self.train()
        model.refresh_from_db()
        assert (model.status, model.heartbeat) == (Job.Status.RUNNING, None)
        assert Remote.of("model", model.pk).next_poll > now()

    def test_what_passes_is_waited_for_and_told(self) -> None:
        for answer, said in (
            (cut, "cannot be reached"),
            (slow, "cannot be reached"),
            (half, "does not answer as a Speech resource"),
            (code(401), "refuses its key"),
            (code(403), "does not let its key do this"),
            (code(429), "too many requests"),
            (code(503), "trouble of its own"),
        ):
            with self.subTest(said), self.swapped(only("GET", "/models/", answer)):
                model = self.train()
                self.rounds(8)
                model.refresh_from_db()
                assert model.status == Job.Status.RUNNING, model.error
                assert said in model.stage
            self.rounds()
            model.refresh_from_db()
            assert model.status == Job.Status.SUCCEEDED, model.stage

    def test_an_answer_that_was_lost_makes_no_second_model(self) -> None:
        api = self.api

        def lose(request: httpx.Request) -> httpx.Response | None:
            if (request.method, request.url.path) == ("POST", "/speechtotext/models"):
                api.handle_request(request)
                raise httpx.ReadError("cut")
            return None

        with self.swapped(Fault(lose)):
            model = self.train()
            model.refresh_from_db()
            assert (model.status, model.heartbeat) == (Job.Status.RUNNING, None)
            self.rounds()
        model.refresh_from_db()
        assert model.status == Job.Status.SUCCEEDED
        assert len(self.there()) == 1

    def test_a_worker_that_died_is_followed(self) -> None:
        model = self.train()
        long_ago = now() - timedelta(hours=1)
        SpeechModel.objects.filter(pk=model.pk).update(heartbeat=long_ago)
        model.refresh_from_db()
        assert model.requeue()
        with self.on_commit():
            tasks.begin_model(str(model.pk))
        self.rounds()
        model.refresh_from_db()
        assert model.status == Job.Status.SUCCEEDED
        assert len(self.there()) == 1

    def test_one_that_was_deleted_there_has_failed(self) -> None:
        with self.swapped(only("GET", "/models/", code(503))):
            model = self.train()
            self.rounds()
        SpeechModel.objects.filter(project=self.home).delete()
        self.rounds()
        model.refresh_from_db()
        assert model.status == Job.Status.FAILED
        assert model.error == "It was deleted at West, by somebody there."

    def test_what_fails_there_says_why_and_can_be_tried_again(self) -> None:
        broken = FakeEngine(broken=EngineError("No room on the disk.", "DiskFull"))
        with fake_engine(broken):
            model = self.train()
            self.rounds()
        model.refresh_from_db()
        assert model.status == Job.Status.FAILED
        assert model.error == "West: No room on the disk."
        with self.on_commit():
            services.retry(model)
        self.rounds()
        model.refresh_from_db()
        assert model.status == Job.Status.SUCCEEDED
        with self.on_commit():
            tasks.tidy()
        assert len(self.there()) == 1  # what failed has gone

    def test_what_is_refused_is_not_tried_for_ever(self) -> None:
        with self.swapped(only("POST", "/models", code(400))):
            model = self.train()
            self.rounds()
        model.refresh_from_db()
        assert model.status == Job.Status.FAILED

    def test_deleting_it_deletes_it_there(self) -> None:
        model = self.train()
        self.rounds()
        model.refresh_from_db()
        services.delete(model)
        with self.on_commit():
            tasks.tidy()
        assert self.there() == []
        assert Remote.of("model", model.pk) is None

    def test_what_cannot_be_deleted_there_stays_known(self) -> None:
        model = self.train()
        self.rounds()
        model.refresh_from_db()
        services.delete(model)
        with self.swapped(only("DELETE", "/models/", code(409))):
            for _ in range(9):
                Remote.objects.filter(is_leaving=True).exclude(next_poll=None).update(
                    next_poll=now()
                )
                tasks.tidy()
        left = Remote.objects.get(is_leaving=True)
        assert (left.next_poll, left.note) == (None, "No.")
