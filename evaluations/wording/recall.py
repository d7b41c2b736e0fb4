"""How often the terms that matter were said in a test, and found by each model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluations.analysis.kept import Kept
from evaluations.levels import Scored
from evaluations.models import Candidate
from evaluations.wording.sought import Sought
from scoring.terms import Share, Term, overall, terms

_kept = Kept[list[Term]](most=8)


@dataclass(frozen=True)
class Row:
    """A term, and how often it is said and heard by each of the models."""

    sought: Sought
    term: Term
    models: Sequence[Candidate]

    @property
    def said(self) -> int:
        return self.term.said

    @property
    def shares(self) -> list[tuple[Candidate, Share]]:
        return [(model, self.term.share(n)) for n, model in enumerate(self.models)]


@dataclass(frozen=True)
class Recall:
    """Terms that are said and those that are not, and all of them together."""

    said: Sequence[Row]
    unsaid: Sequence[Row]
    overall: Sequence[tuple[Candidate, Share]]


def recall_of(shown: Scored, sought: Sequence[Sought]) -> Recall:
    """`shown` has tables."""
    words = tuple(term.words for term in sought)
    names = tuple(model.table for model in shown.models)
    found = _kept.get((names, words), lambda: terms(shown.tables, words))
    pairs = zip(sought, found, strict=True)
    rows = [Row(one, term, shown.models) for one, term in pairs]
    unsaid = [row for row in rows if not row.said]
    return Recall(
        [row for row in rows if row.said],
        sorted(unsaid, key=lambda row: -max(row.term.heard)),
        [(model, overall(found, n)) for n, model in enumerate(shown.models)],
    )


def ordered(rows: Sequence[Row], sort: str, shown: Scored) -> list[Row]:
    """By `term`, `-said` or the recall of the model at a position, as `recall2`; of
    equal recall what is said more often comes first."""
    name, is_down = sort.removeprefix("-"), sort.startswith("-")
    if name == "term":
        return sorted(rows, key=lambda row: row.sought.text.casefold(), reverse=is_down)
    rows = sorted(rows, key=lambda row: row.said, reverse=is_down or name != "said")
    if name == "said":
        return rows
    index = sorts(shown).index(name)
    sign = -1 if is_down else 1
    return sorted(rows, key=lambda row: sign * row.term.right[index] / row.said)


def sorts(shown: Scored) -> list[str]:
    """The sorts by the recall of each model."""
    return [f"recall{model.position}" for model in shown.models]
