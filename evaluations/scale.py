"""By what the errors of a test are counted."""

from __future__ import annotations

from evaluations.models import Evaluation
from scoring.scale import Scale


def scale_of(evaluation: Evaluation) -> Scale:
    """The one scale of all figures, marks and lists of a test."""
    return Scale(evaluation.project.locale)
