"""The errors that recur, each a link to the utterances that it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from django.db.models import QuerySet

from evaluations.models import Candidate, Evaluation, Item
from evaluations.tables import positions_of, table_of
from projects.requests import Request
from scoring.confusions import Confusion, confused, confusions
from scoring.table import DELETION, INSERTION, SUBSTITUTION

_KINDS = {
    "substitution": SUBSTITUTION,
    "deletion": DELETION,
    "insertion": INSERTION,
}
_MOST = 10  # of each kind on the page
# Of more utterances with one error nobody looks at all; a query has a longest form.
_MOST_UTTERANCES = 5000


@dataclass(frozen=True)
class Recurring:
    """An error that a model makes again and again."""

    said: str
    heard: str
    count: int
    query: str  # shows its utterances


@dataclass(frozen=True)
class Chosen:
    """The error whose utterances the address asks for."""

    candidate: Candidate
    kind: str
    said: str | None
    heard: str | None


def recurring(candidate: Candidate) -> dict[str, list[Recurring]]:
    """The most frequent errors of a model by their kind; empty without a table."""
    table = table_of(candidate)
    if table is None:
        return {}
    return {
        f"{kind}s": [
            _recurring(candidate, kind, found)
            for found in confusions(table, number, _MOST)
        ]
        for kind, number in _KINDS.items()
    }


def _recurring(candidate: Candidate, kind: str, found: Confusion) -> Recurring:
    said, heard = found.reference or "", found.hypothesis or ""
    answers = {"model": candidate.position, "error": kind, "said": said, "heard": heard}
    query = urlencode({name: value for name, value in answers.items() if value})
    return Recurring(said, heard, found.count, query)


def model_of(request: Request, candidates: Sequence[Candidate]) -> Candidate:
    """Whose errors the page lists: by the address, or the last model."""
    wanted = request.GET.get("model")
    chosen = (c for c in candidates if str(c.position) == wanted)
    return next(chosen, candidates[-1])


def chosen_of(request: Request, candidates: Sequence[Candidate]) -> Chosen | None:
    kind = request.GET.get("error", "")
    if kind not in _KINDS:
        return None
    said, heard = (request.GET.get(name) or None for name in ("said", "heard"))
    return Chosen(model_of(request, candidates), kind, said, heard)


def only(
    items: QuerySet[Item], evaluation: Evaluation, chosen: Chosen
) -> QuerySet[Item]:
    """Those in which the model makes this error."""
    table = table_of(chosen.candidate)
    if table is None:
        return items.none()
    mask = confused(table, _KINDS[chosen.kind], chosen.said, chosen.heard)
    positions = positions_of(evaluation)[np.flatnonzero(mask)][:_MOST_UTTERANCES]
    return items.filter(position__in=positions.tolist())
