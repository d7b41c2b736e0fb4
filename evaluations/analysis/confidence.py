"""Whether the confidence of words tells right from wrong, and what may be made up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluations.analysis.curve import Curve, curve
from evaluations.analysis.flags import WORDS, flagged
from evaluations.analysis.kept import Kept
from evaluations.levels import Scored
from evaluations.models import Candidate
from scoring.reliability import Bin, Highlight, Reliability, reliability
from scoring.table import NONE, Table

# Of fewer words a curve is chance.
_MIN_WORDS = 100
# Thresholds in percent that the table of marks has, beside the best one.
_THRESHOLDS = (10, 20, 30, 40, 50, 60, 70, 80, 90)

State = Literal["known", "no table", "nothing heard", "no confidences"]


@dataclass(frozen=True)
class Mark:
    """What marking the words under a threshold does.

    query: the address's query of the utterances with such a word.
    """

    percent: int
    highlight: Highlight
    query: str
    is_best: bool


@dataclass(frozen=True)
class Confidence:
    """What the confidences of one model are worth.

    Without any (`state`) there is neither curve nor marks.
    """

    model: Candidate
    state: State
    found: Reliability
    curve: Curve | None
    marks: list[Mark]

    @property
    def best(self) -> Mark | None:
        return next((mark for mark in self.marks if mark.is_best), None)

    @property
    def is_small(self) -> bool:
        return self.found.words < _MIN_WORDS

    @property
    def bins(self) -> list[tuple[str, Bin]]:
        """With the percents that each is of."""
        return [
            (f"{one.low * 100:.0f} to {one.high * 100:.0f}", one)
            for one in self.found.bins
        ]

    @property
    def points(self) -> str:
        """The calibration error in points of percent."""
        return f"{(self.found.calibration_error or 0.0) * 100:.1f}"

    @property
    def misleads(self) -> bool:
        """Whether most of what the best mark marks is right."""
        return self.best is not None and (self.best.highlight.precision or 0.0) < 0.5


@dataclass(frozen=True)
class FlagCount:
    """How many utterances of a model have a flag; the query shows them."""

    count: int
    query: str


@dataclass(frozen=True)
class FlagRow:
    """A flag in words, or any of them (""), with the counts of each model."""

    words: str
    counts: Sequence[FlagCount]


_kept = Kept[tuple[Reliability, bool]](most=24)


def confidences_of(shown: Scored) -> list[Confidence]:
    """Of each model in order."""
    return [
        _confidence(shown, model, table)
        for model, table in zip(shown.models, shown.own_tables, strict=True)
    ]


def flag_counts(shown: Scored) -> list[FlagRow]:
    """A row for each kind of flag, and first one for any of them."""
    return [
        FlagRow(
            words,
            [_flag_count(shown, index, kind) for index in range(len(shown.models))],
        )
        for kind, words in {"": "", **WORDS}.items()
    ]


def _flag_count(shown: Scored, index: int, kind: str) -> FlagCount:
    count = int(np.count_nonzero(flagged(shown, index, kind)))
    position = shown.models[index].position
    query = shown.query(only="flagged", flag=kind, model=position)
    return FlagCount(count, query)


def _confidence(shown: Scored, model: Candidate, table: Table | None) -> Confidence:
    if table is None:
        return Confidence(model, "no table", Reliability(0, [], None, []), None, [])
    found, is_heard = _kept.get(model.table, lambda: _judged(table))
    if not found.words:
        state: State = "no confidences" if is_heard else "nothing heard"
        return Confidence(model, state, found, None, [])
    best = found.best()
    chosen = set(_THRESHOLDS) | ({_percent(best)} if best else set())
    marks = [
        _mark(shown, model, one, is_best=one is best)
        for one in found.highlights
        if _percent(one) in chosen
    ]
    drawn = curve(found, f"reliability-{model.position}", best)
    return Confidence(model, "known", found, drawn, marks)


def _judged(table: Table) -> tuple[Reliability, bool]:
    """And whether anything was heard at all."""
    return reliability(table), bool((table.hypothesis != NONE).any())


def _mark(shown: Scored, model: Candidate, one: Highlight, is_best: bool) -> Mark:
    percent = _percent(one)
    query = shown.query(conf_max=percent, sort="confidence", model=model.position)
    return Mark(percent, one, query, is_best)


def _percent(one: Highlight) -> int:
    return math.floor(one.threshold * 100 + 0.5)
