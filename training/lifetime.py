"""The dates of expiry that rows hold, as the settings want them.

Pages and jobs read them from the row and never work them out anew.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from engines.base import EngineError
from resources.models import Resource
from training.expiry import dates_for
from training.models import SpeechModel

DEPRECATED = "ModelDeprecated"


def give_dates(model: SpeechModel) -> None:
    """Set when a model that is about to be stored will expire."""
    if not settings.MODELS_EXPIRE:
        model.adaptation_expires = model.transcription_expires = None
        return
    dates = dates_for(model.created.date())
    model.transcription_expires = dates.transcription
    # Custom models cannot be trained from at all.
    model.adaptation_expires = None if model.is_custom else dates.adaptation


def sync_dates() -> None:
    """Date the rows of an earlier version; without expiry, take all dates away.

    Of the models of a Speech resource that one says when they expire.
    """
    rows = SpeechModel.objects.exclude(engine__in=Resource.objects.values("key"))
    if not settings.MODELS_EXPIRE:
        rows.update(adaptation_expires=None, transcription_expires=None)
        return
    undated = Q(transcription_expires=None) | Q(project=None, adaptation_expires=None)
    for model in rows.filter(undated):
        give_dates(model)
        model.save(update_fields=["adaptation_expires", "transcription_expires"])


def check_recognises(model: SpeechModel) -> None:
    """Raise `EngineError` when the model has expired."""
    if model.is_expired:
        assert model.transcription_expires is not None
        raise EngineError(
            f"The model {model.name} expired on {_day(model.transcription_expires)} "
            "and recognises nothing any more. Train a new one from the newest base "
            "model, and use that.",
            DEPRECATED,
        )


def check_trains(base: SpeechModel) -> None:
    """Raise `EngineError` when no model may be trained from this base any more."""
    if base.is_past_adaptation:
        assert base.adaptation_expires is not None
        raise EngineError(
            f"Models could be trained from {base.name} until "
            f"{_day(base.adaptation_expires)}. Choose a newer base model.",
            DEPRECATED,
        )


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
