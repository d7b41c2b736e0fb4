from __future__ import annotations

import pytest

from engines.base import BaseModel, EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from speechstudio.test import BaseTestCase, fake_engine, make_model
from training import services
from training.fetch import ensure
from training.models import SpeechModel
from training.tasks import fetch_model

Status = Job.Status


def offer(*models: BaseModel) -> None:
    with fake_engine(FakeEngine(models=models)):
        services.sync_base_models("fake")


TINY = BaseModel("tiny.en", "Whisper tiny.en", frozenset({"en"}), is_on_disk=True)
BASE = BaseModel("base", "Whisper base", frozenset(), is_on_disk=False)


class SyncTestCase(BaseTestCase):
    def test_it_works(self) -> None:
        offer(TINY, BASE)
        tiny, base = SpeechModel.objects.order_by("-reference")
        assert (tiny.name, tiny.status) == ("Whisper tiny.en", Status.SUCCEEDED)
        assert (base.name, base.status) == ("Whisper base", Status.NOT_STARTED)
        assert tiny.speaks("en-GB")
        assert not tiny.speaks("de-DE")
        assert base.speaks("de-DE")

    def test_doing_it_again_changes_nothing(self) -> None:
        offer(TINY)
        before = SpeechModel.objects.get()
        offer(TINY)
        assert SpeechModel.objects.get().pk == before.pk

    def test_a_model_that_is_not_named_any_more_is_kept_for_old_tests(self) -> None:
        offer(TINY, BASE)
        offer(TINY)
        assert not SpeechModel.objects.get(reference="base").is_offered

    def test_it_notices_a_model_that_came_or_went(self) -> None:
        offer(BASE)
        here = BaseModel("base", "Whisper base", frozenset(), is_on_disk=True)
        offer(here)
        assert SpeechModel.objects.get().status == Status.SUCCEEDED
        offer(BASE)
        assert SpeechModel.objects.get().status == Status.NOT_STARTED


class FetchTestCase(BaseTestCase):
    def test_it_works(self) -> None:
        model = make_model(status=Status.NOT_STARTED)
        with fake_engine(FakeEngine()) as engine:
            fetch_model(str(model.pk))
        model.refresh_from_db()
        assert model.status == Status.SUCCEEDED
        assert (model.done, model.total) == (100, 100)
        assert engine.fetched == ["base"]

    def test_a_failure_says_why_and_can_be_repeated(self) -> None:
        model = make_model(status=Status.NOT_STARTED)
        with (
            fake_engine(FakeEngine(broken=EngineError("No network.", "NoNetwork"))),
            pytest.raises(EngineError, match="No network"),
        ):
            ensure(model)
        assert (model.status, model.error) == (Status.FAILED, "No network.")
        with fake_engine(FakeEngine()):
            ensure(model)
        assert model.status == Status.SUCCEEDED

    def test_a_model_that_another_worker_fetches_is_waited_for(self) -> None:
        model = make_model(status=Status.NOT_STARTED)
        model.start()
        with fake_engine(FakeEngine()) as engine:
            ensure(model)
        assert engine.fetched == ["base"]
