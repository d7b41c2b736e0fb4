"""What goes wrong again and again: words taken for others, added or missed.

All is counted from `table.Table`; of some utterances it is counted from
`Table.only`. Where several models are given, their tables are those of
`table.side_by_side`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.table import EQUAL, INSERTION, NONE, Mask, Table


@dataclass(frozen=True, slots=True)
class Confusion:
    """An error that recurs; None for the side where its kind has no word."""

    reference: str | None
    hypothesis: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Words:
    """How each word that is said was heard: arrays with an item for each word.

    said: how often it stands in the references.
    right: how often each model had it right, a row for each model.
    """

    texts: list[str]
    said: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]


def confusions(table: Table, kind: int, most: int = 100) -> list[Confusion]:
    """The most frequent errors of a kind."""
    question = ("confusions", kind, most)
    return list(table.kept(question, lambda: _confusions(table, kind, most)))


def _confusions(table: Table, kind: int, most: int) -> list[Confusion]:
    chosen = table.kind == kind
    width = len(table.vocabulary) + 1  # NONE is the first
    reference = table.reference[chosen].astype(np.int64) + 1
    pairs, counts = np.unique(
        reference * width + table.hypothesis[chosen] + 1, return_counts=True
    )
    ranks = np.argsort(-counts, kind="stable")[:most]
    return [
        Confusion(
            reference=_word(table, int(pairs[rank]) // width - 1),
            hypothesis=_word(table, int(pairs[rank]) % width - 1),
            count=int(counts[rank]),
        )
        for rank in ranks
    ]


def confused(
    table: Table, kind: int, reference: str | None, hypothesis: str | None
) -> Mask:
    """The utterances in which this error occurs."""
    found = table.kind == kind
    for word, column in ((reference, table.reference), (hypothesis, table.hypothesis)):
        if word is None:
            continue
        number = table.number(word)
        if number is None:
            return np.zeros(len(table), dtype=bool)
        found &= column == number
    return table.utterances_of(found)


def word_accuracy(tables: Sequence[Table]) -> Words:
    """Every word that is said, the most frequent first."""
    first = tables[0]
    size = len(first.vocabulary)
    times = np.bincount(first.reference[first.kind != INSERTION], minlength=size)
    order = np.argsort(-times, kind="stable")[: np.count_nonzero(times)]
    right = [
        np.bincount(table.reference[table.kind == EQUAL], minlength=size)[order]
        for table in tables
    ]
    texts = [first.vocabulary[number] for number in order]
    return Words(texts=texts, said=times[order], right=np.array(right))


def _word(table: Table, number: int) -> str | None:
    return None if number == NONE else table.vocabulary[number]
