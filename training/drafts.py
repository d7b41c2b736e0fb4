"""Texts by the base model, for recordings that nobody has transcribed.

A model learns little from what it says itself, but it hears the voices and the noise.
What the base model was not sure of would teach it its own mistakes, and is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from engines.base import Clip, Decoding, LocalEngine, Transcript
from training.models import SpeechModel
from training.recordings import Recording
from training.used import NOT_HEARD, Bookkeeping

_MIN_PROBABILITY = 0.5  # of the words, on average
_KEPT_AT_ONCE = 500


def drafted(
    model: SpeechModel,
    recordings: Sequence[Recording],
    engine: LocalEngine,
    report: Callable[[int, int], None],
    book: Bookkeeping,
) -> list[Recording]:
    """The recordings that could be given a text, in their order.

    The drafts are kept with the model until its training has ended: a worker that
    goes on with it need not write them again. Raises `EngineError`.
    """
    drafts = _kept(model)
    todo = [Clip(r.key, r.path) for r in recordings if r.key not in drafts]
    if todo:
        assert model.base is not None and model.project is not None
        options = Decoding(locale=model.project.locale)
        heard = engine.transcribe(model.base.reference, todo, options)
        for done, transcript in enumerate(heard, start=1):
            drafts[transcript.key] = _text(transcript)
            if done % _KEPT_AT_ONCE == 0:
                _keep(model, drafts)
            report(done, len(todo))
        _keep(model, drafts)
    result = []
    for recording in recordings:
        recording.text = drafts.get(recording.key, "")
        recording.is_draft = True
        if recording.text:
            result.append(recording)
        else:
            book.drop(recording.used, recording.name, NOT_HEARD)
    return result


def discard(model: SpeechModel) -> None:
    """Delete the drafts that were kept."""
    default_storage.delete(_name(model))


def _text(heard: Transcript) -> str:
    probabilities = [word.probability for word in heard.words]
    if heard.error or not probabilities or not any(map(str.isalnum, heard.text)):
        return ""
    is_sure = sum(probabilities) / len(probabilities) >= _MIN_PROBABILITY
    return " ".join(heard.text.split()) if is_sure else ""


def _kept(model: SpeechModel) -> dict[str, str]:
    if not default_storage.exists(_name(model)):
        return {}
    with default_storage.open(_name(model)) as file:
        drafts: dict[str, str] = json.load(file)
        return drafts


def _keep(model: SpeechModel, drafts: dict[str, str]) -> None:
    discard(model)
    default_storage.save(_name(model), ContentFile(json.dumps(drafts).encode()))


def _name(model: SpeechModel) -> str:
    return f"{model.folder}/drafts.json"
