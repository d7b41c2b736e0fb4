"""The errors of a model in display text, where case, signs and number format count.

They mean something only where the references are written as they are to be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluations.models import Candidate, Evaluation
from scoring.display import is_formatted
from scoring.errors import ErrorCounts, counts
from scoring.scale import Level, Scale
from scoring.token_errors import TokenErrors, token_errors

_BATCH = 1000


@dataclass(frozen=True)
class DisplayErrors:
    """Errors in tokens by their edits, and by what they come from."""

    counts: ErrorCounts
    parts: TokenErrors


def is_display(evaluation: Evaluation) -> bool:
    """Whether most of the references are written as they are to be read."""
    utterances = evaluation.dataset.utterances.exclude(transcript="")
    texts = utterances.values_list("transcript", flat=True)
    formatted = sum(is_formatted(text) for text in texts.iterator(_BATCH))
    return formatted * 2 > texts.count()


def display_errors(evaluation: Evaluation, candidate: Candidate) -> DisplayErrors:
    """Of all that the model has heard, in its display text."""
    locale = evaluation.project.locale
    scale = Scale(locale, Level.DISPLAY)
    total, parts = ErrorCounts(), TokenErrors()
    rows = candidate.hypotheses.filter(error="").select_related("item__utterance")
    for row in rows.iterator(_BATCH):
        said, heard = row.item.utterance.transcript, row.display or row.text
        total += counts(said, heard, scale)
        parts += token_errors(said, heard, locale)
    return DisplayErrors(total, parts)
