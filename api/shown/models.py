from __future__ import annotations

from datetime import datetime
from typing import Any

from api.addresses import Addresses
from api.shown.parts import course, described, model_reference, moment, state
from datasets.models import Dataset
from training.models import SpeechModel

# A kind of data that the contract does not know: texts to be spoken.
_SPOKEN = Dataset.Kind.TRANSCRIPT


def model(row: SpeechModel, addresses: Addresses) -> dict[str, Any]:
    """A custom model, with its base model and its data."""
    assert row.project is not None
    path = f"models/{row.pk}"
    shown: dict[str, Any] = {
        "self": addresses.of(path),
        **described(row),
        "locale": row.project.locale,
        "project": addresses.reference("projects", row.project.pk),
        "datasets": [
            addresses.reference("datasets", one.pk) for one in row.datasets.all()
        ],
        **state(row),
        "properties": {
            "deprecationDates": _dates(transcription=row.transcription_expires),
            "customModelWeightPercent": row.text_weight,
            "features": _features(addresses.version, is_custom=True),
            **course(row),
        },
        "links": {
            "manifest": addresses.of(f"{path}/manifest"),
            "copy": addresses.of(f"{path}:copy"),
            "files": addresses.of(f"{path}/files"),
        },
    }
    if row.base:
        shown["baseModel"] = model_reference(row.base, addresses)
    return shown


def base_model(row: SpeechModel, locale: str, addresses: Addresses) -> dict[str, Any]:
    """A base model as one of this locale: in the contract each has a single one.

    It can be used whether it is on the disk or not: whoever needs it first brings it.
    """
    path = f"models/base/{row.pk}"
    kinds = [kind for kind in row.adapts_with.split() if kind != _SPOKEN]
    features = _features(addresses.version, is_custom=False) | {
        "supportsAdaptationsWith": kinds
    }
    return {
        "self": addresses.of(path, locale=locale),
        "displayName": row.name,
        "locale": locale,
        "createdDateTime": moment(row.created),
        "lastActionDateTime": moment(row.last_action),
        "status": SpeechModel.Status.SUCCEEDED.value,
        "properties": {
            "deprecationDates": _dates(
                adaptation=row.adaptation_expires,
                transcription=row.transcription_expires,
            ),
            "features": features,
            "chargeForAdaptation": False,
        },
        "links": {"manifest": addresses.of(f"{path}/manifest")},
    }


def _dates(**expires: datetime | None) -> dict[str, str]:
    """Those that there are."""
    return {f"{name}DateTime": moment(time) for name, time in expires.items() if time}


def _features(version: str, is_custom: bool) -> dict[str, Any]:
    """Fast transcription takes no custom model; version v3.2 does not know it."""
    if version == "v3.2":
        transcribes = {"supportsTranscriptions": True}
    else:
        transcribes = {
            "supportsTranscriptionsSubmit": True,
            "supportsTranscriptionsTranscribe": not is_custom,
        }
    return {
        **transcribes,
        "supportsEndpoints": True,
        # The containers of the reference load other files.
        "supportsTranscriptionsOnSpeechContainers": False,
        "supportedOutputFormats": ["Display", "Lexical"],
    }
