"""Which references are suspected to be wrong, and why: `scoring.triage` of a test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evaluations.analysis.kept import Kept
from evaluations.levels import Scored
from scoring.table import EQUAL, INSERTION, NONE, Table
from scoring.triage import Basis, triage

# So many places of an utterance are told; the others are counted.
MOST_REASONS = 4


@dataclass(frozen=True)
class Suspects:
    """`rows` are those of the test's tables, likeliest first."""

    basis: Basis
    rows: list[int]


@dataclass(frozen=True)
class Reason:
    """In one place, most models hear the same, and the reference has something else.

    `said` is empty where the reference has nothing there, `heard` where models have
    nothing. `sureness` is their mean confidence in the word, from 0 to 1.
    """

    said: str
    heard: str
    models: int
    of: int
    sureness: float | None

    @property
    def who(self) -> str:
        """
        >>> Reason("ten", "two", 3, 3, None).who, Reason("ten", "two", 2, 3, None).who
        ('All 3 models hear', '2 of 3 models hear')
        """
        if self.of == 1:
            return "The model hears"
        if self.models < self.of:
            return f"{self.models} of {self.of} models hear"
        return "Both models hear" if self.of == 2 else f"All {self.of} models hear"


@dataclass(frozen=True)
class Reasons:
    """Why one reference is suspected; `more` are in places that are not told."""

    told: tuple[Reason, ...]
    more: int


_kept: Kept[Suspects] = Kept(most=8)


def suspects_of(shown: Scored) -> Suspects:
    """All suspected references of a test that has tables."""
    names = tuple(model.table for model in shown.models)
    return _kept.get(names, lambda: _ranked(shown.tables))


def reasons_of(tables: Sequence[Table], row: int) -> Reasons:
    """Where more than half of the models hear the same, in the order of the text."""
    votes: Counter[tuple[int, int, int]] = Counter()
    confidences: dict[tuple[int, int, int], list[float]] = defaultdict(list)
    for table in tables:
        # What one model hears several times in one place is one vote.
        for change, confidence in dict(_changes(table, row)).items():
            votes[change] += 1
            confidences[change].append(confidence)
    agreed = sorted(change for change, n in votes.items() if n > len(tables) / 2)
    told = tuple(
        Reason(
            said=_word(tables[0], change[1]),
            heard=_word(tables[0], change[2]),
            models=votes[change],
            of=len(tables),
            sureness=_mean(confidences[change]),
        )
        for change in agreed[:MOST_REASONS]
    )
    return Reasons(told, len(agreed) - len(told))


def _ranked(tables: Sequence[Table]) -> Suspects:
    found = triage(tables)
    return Suspects(found.basis, found.ranked(len(found.scores)))


def _changes(table: Table, row: int) -> Iterator[tuple[tuple[int, int, int], float]]:
    """((slot, said, heard), confidence) of each error of an utterance."""
    # Of the array's own type: for another one all of it would be copied.
    ends = np.array([row, row + 1], dtype=table.utterance.dtype)
    first, end = np.searchsorted(table.utterance, ends)
    kind = table.kind[first:end]
    is_said = kind != INSERTION
    slots = 2 * (np.cumsum(is_said) - is_said) + is_said
    for place in np.flatnonzero(kind != EQUAL):
        event = first + place
        change = (slots[place], table.reference[event], table.hypothesis[event])
        said, heard, slot = int(change[1]), int(change[2]), int(change[0])
        yield (slot, said, heard), float(table.confidence[event])


def _word(table: Table, number: int) -> str:
    return "" if number == NONE else table.vocabulary[number]


def _mean(confidences: Sequence[float]) -> float | None:
    known = [one for one in confidences if not np.isnan(one)]
    return sum(known) / len(known) if known else None
