"""All that decided what a model became: data, settings, versions, seed."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any

from engines.base import Trained
from training.models import SpeechModel
from training.used import Bookkeeping

# In these the weights are made, changed or run. The first train on audio only; the
# last of them speaks sentences between the lessons.
_AUDIO_PACKAGES = ("torch", "transformers", "hibari-tts")
_PACKAGES = ("ctranslate2", "faster-whisper", "numpy")


def recipe_of(
    model: SpeechModel, book: Bookkeeping, trained: Trained
) -> dict[str, Any]:
    """What `SpeechModel.recipe` keeps; JSON."""
    assert model.base is not None
    has_audio = any(used.clips for used in book.sets)
    packages = (*(_AUDIO_PACKAGES if has_audio else ()), *_PACKAGES)
    return {
        "base": {
            "id": str(model.base.pk),
            "name": model.base.name,
            "reference": _public(model.base.reference),
            "released": model.base.released and model.base.released.isoformat(),
        },
        "data": [used.as_json() for used in book.sets],
        "seed": model.seed,
        "text_weight": model.text_weight,
        "settings": trained.settings,
        "versions": {"python": platform.python_version()} | _versions(packages),
    }


def _public(reference: str) -> str:
    """A reference without where it lies on the server.

    >>> _public("/srv/models/ours"), _public("owner/name"), _public("tiny.en")
    ('ours', 'owner/name', 'tiny.en')
    """
    path = PurePath(reference)
    is_folder = path.is_absolute() or reference.startswith(("~", "."))
    return path.name if is_folder else reference


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
