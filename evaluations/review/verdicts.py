"""Which utterances of a test have a verdict or a comment: for filters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from django.db.models import QuerySet

from evaluations.columns import columns_of
from evaluations.models import Comment, Evaluation, Verdict
from scoring.table import Mask

ANY = "any"


def with_verdict(evaluation: Evaluation, choice: str) -> Mask:
    """The utterances with this verdict, or with `ANY`; a row as in the columns."""
    verdicts = Verdict.objects.filter(evaluation=evaluation)
    return _mask(
        evaluation, verdicts if choice == ANY else verdicts.filter(choice=choice)
    )


def with_comments(evaluation: Evaluation) -> Mask:
    """The utterances that somebody has commented on."""
    return _mask(evaluation, Comment.objects.filter(evaluation=evaluation))


def _mask(evaluation: Evaluation, said: QuerySet[Verdict] | QuerySet[Comment]) -> Mask:
    keys = said.order_by().values_list("item", flat=True)
    found: npt.NDArray[np.int64] = np.fromiter(keys.iterator(), dtype=np.int64)
    return np.isin(columns_of(evaluation).keys, found)
