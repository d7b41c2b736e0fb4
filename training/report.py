"""The report of a training, to be downloaded: what was used, what was not, and why."""

from __future__ import annotations

import json
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from engines.base import Corpus
from training.models import SpeechModel
from training.used import Bookkeeping


def write(model: SpeechModel, content: dict[str, Any]) -> str:
    """Store it beside the model; gives its name on the storage."""
    name = f"{model.folder}/report.json"
    # Of a try that failed.
    default_storage.delete(name)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return default_storage.save(name, ContentFile(text.encode()))


def content_of(
    model: SpeechModel,
    corpus: Corpus,
    book: Bookkeeping,
    made: dict[str, Any],
) -> dict[str, Any]:
    """The report; `made` has what else there is: notes, recipe, curve and figures."""
    assert model.project is not None
    return {
        "model": {
            "id": str(model.pk),
            "name": model.name,
            "description": model.description,
            "created": model.created.isoformat(),
        },
        "project": model.project.name,
        "locale": corpus.locale,
        "trained_on": {
            "clips": sum(used.clips for used in book.sets),
            "seconds": round(sum(used.seconds for used in book.sets), 1),
            "sentences": sum(used.sentences for used in book.sets),
            "pronunciations": len(corpus.pronunciations),
            "display_rules": sum(used.rules for used in book.sets),
        },
        "held_out_by": book.held_out_by,
        "warnings": book.warnings,
        "left_out": book.left_out,
        **made,
    }
