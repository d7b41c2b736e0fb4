"""The errors that recur, each a link to the utterances that it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from evaluations.filters import KINDS
from evaluations.models import Candidate
from evaluations.tables import table_of
from projects.requests import Request
from scoring.confusions import Confusion, confusions
from scoring.scale import Level

_MOST = 10  # of each kind on the page


@dataclass(frozen=True)
class Recurring:
    """An error that a model makes again and again."""

    said: str
    heard: str
    count: int
    query: str  # shows its utterances


def recurring(candidate: Candidate, level: Level) -> dict[str, list[Recurring]]:
    """The most frequent errors of a model by their kind; empty without a table."""
    table = table_of(candidate)
    if table is None:
        return {}
    return {
        f"{kind}s": [
            _recurring(candidate, level, kind, found)
            for found in confusions(table, number, _MOST)
        ]
        for kind, number in KINDS.items()
    }


def _recurring(
    candidate: Candidate, level: Level, kind: str, found: Confusion
) -> Recurring:
    said, heard = found.reference or "", found.hypothesis or ""
    answers = {"model": candidate.position, "error": kind, "said": said, "heard": heard}
    if level != Level.LEXICAL:
        answers["level"] = level.value
    query = urlencode({name: value for name, value in answers.items() if value})
    return Recurring(said, heard, found.count, query)


def model_of(request: Request, candidates: Sequence[Candidate]) -> Candidate:
    """Whose errors the page lists: by the address, or the last model."""
    wanted = request.GET.get("model")
    chosen = (c for c in candidates if str(c.position) == wanted)
    return next(chosen, candidates[-1])
