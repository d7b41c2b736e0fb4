"""The errors that recur, each a link to the utterances that it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluations.filters import KINDS
from evaluations.levels import Scored
from evaluations.models import Candidate
from evaluations.tables import table_of
from projects.requests import Request
from scoring.confusions import Confusion, confusions

_MOST = 10  # of each kind on the page


@dataclass(frozen=True)
class Recurring:
    """An error that a model makes again and again."""

    said: str
    heard: str
    count: int
    query: str  # shows its utterances


def recurring(shown: Scored, candidate: Candidate) -> dict[str, list[Recurring]]:
    """The most frequent errors of a model by their kind; empty without a table."""
    table = table_of(candidate)
    if table is None:
        return {}
    return {
        f"{kind}s": [
            _recurring(shown, candidate, kind, found)
            for found in confusions(table, number, _MOST)
        ]
        for kind, number in KINDS.items()
    }


def _recurring(
    shown: Scored, candidate: Candidate, kind: str, found: Confusion
) -> Recurring:
    said, heard = found.reference or "", found.hypothesis or ""
    position = candidate.position
    query = shown.query(model=position, error=kind, said=said, heard=heard)
    return Recurring(said, heard, found.count, query)


def model_of(request: Request, candidates: Sequence[Candidate]) -> Candidate:
    """Whose errors the page lists: by the address, or the last model."""
    wanted = request.GET.get("model")
    chosen = (c for c in candidates if str(c.position) == wanted)
    return next(chosen, candidates[-1])
