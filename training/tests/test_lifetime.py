from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings
from django.utils.timezone import now

from engines.base import BaseModel, EngineError
from engines.fake import FakeEngine
from speechstudio.test import BaseTestCase, fake_engine, make_model
from training import services
from training.fetch import ensure
from training.lifetime import check_recognises, check_trains, sync_dates
from training.models import SpeechModel

TINY = BaseModel("tiny.en", "Whisper tiny.en", frozenset({"en"}), is_on_disk=True)
PAST = now() - timedelta(days=1)


class LifetimeTestCase(BaseTestCase):
    def sync(self) -> SpeechModel:
        with fake_engine(FakeEngine(models=[TINY])):
            services.sync_base_models("fake")
        return SpeechModel.objects.get(reference="tiny.en")

    def test_a_base_model_gets_its_dates_once(self) -> None:
        made = datetime(2024, 2, 29, 12, tzinfo=UTC)
        make_model("tiny.en", created=made)
        model = self.sync()
        assert model.adaptation_expires == datetime(2025, 4, 15, tzinfo=UTC)
        assert model.transcription_expires == datetime(2026, 4, 15, tzinfo=UTC)
        SpeechModel.objects.update(transcription_expires=PAST)
        assert self.sync().transcription_expires == PAST

    def test_without_expiry_there_are_no_dates_and_they_come_back(self) -> None:
        before = self.sync().transcription_expires
        with override_settings(MODELS_EXPIRE=False):
            model = self.sync()
            assert model.transcription_expires is None
            assert model.adaptation_expires is None
        sync_dates()
        model.refresh_from_db()
        assert model.transcription_expires == before

    def test_an_expired_model_is_refused_in_words(self) -> None:
        check_recognises(make_model("new"))
        expired = make_model("old", transcription_expires=PAST)
        with pytest.raises(EngineError, match="expired on") as caught:
            check_recognises(expired)
        assert caught.value.code == "ModelDeprecated"

    def test_nothing_is_trained_from_a_base_past_its_date(self) -> None:
        check_trains(make_model("new"))
        expired = make_model("old", adaptation_expires=PAST)
        with pytest.raises(EngineError, match="Choose a newer base") as caught:
            check_trains(expired)
        assert caught.value.code == "ModelDeprecated"

    def test_expired_models_are_not_on_offer_for_tests(self) -> None:
        make_model("old", transcription_expires=PAST)
        base = make_model("new", transcription_expires=now() + timedelta(days=1))
        for name, moment in (("Maple", None), ("Oak", PAST)):
            make_model(
                name, project=self.project, base=base, transcription_expires=moment
            )
        assert [m.name for m in services.usable(self.project)] == ["new", "Maple"]

    def test_a_custom_model_that_is_not_ready_is_never_fetched(self) -> None:
        base = make_model()
        for status, word in (("Failed", "has failed"), ("Running", "has not ended")):
            model = make_model(
                f"custom:{status}", project=self.project, base=base, status=status
            )
            with (
                fake_engine(FakeEngine()) as engine,
                pytest.raises(EngineError, match=word) as caught,
            ):
                ensure(model)
            assert caught.value.code == "ModelNotReady"
            assert engine.fetched == []
            model.refresh_from_db()
            assert model.status == status
