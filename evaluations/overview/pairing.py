"""Two models compared that may stand in two tests, on the clips that both have heard.

Tests on one dataset have the same clips in the same order. Elsewhere the same clips
are those with the same samples (`Utterance.audio_hash`); where a reference was changed
since, the clip is left out: errors against two references say nothing of the models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID
from zlib import crc32

import numpy as np
import numpy.typing as npt

from evaluations.analysis.kept import Kept
from evaluations.columns import columns_of
from evaluations.compare import Difference, difference_of
from evaluations.comparison import Comparison
from evaluations.models import Candidate, Evaluation, Item
from evaluations.tables import table_of
from scoring.table import INSERTION, Table

_Rows = npt.NDArray[np.intp]
_BATCH = 5000


@dataclass(frozen=True)
class Pair:
    """Two models on the `clips` in common.

    Of these, `changed` have two references, and of the others one model or both failed
    at so many. There is no comparison without clips and words, and where a table is
    lost.
    """

    old: Candidate
    new: Candidate
    clips: int = 0
    changed: int = 0
    failed: int = 0
    is_lost: bool = False
    comparison: Comparison | None = None

    @property
    def is_one_test(self) -> bool:
        return self.old.evaluation_id == self.new.evaluation_id

    @property
    def is_one_model(self) -> bool:
        return self.old.model_id == self.new.model_id


@dataclass(frozen=True)
class _Found:
    clips: int = 0
    changed: int = 0
    failed: int = 0
    difference: Difference | None = None


class _Lost(Exception):
    """A table cannot be read now. It may be later: this is never kept."""


_kept = Kept[_Found](most=500)


def pair(one: Candidate, other: Candidate, stored: Sequence[Comparison] = ()) -> Pair:
    """Compare two models, each with its test loaded, by the tables that they name.

    `stored` is what their test has found already, where that is one. A custom model is
    compared with its base, else the later one with the earlier.
    """
    for known in stored:
        if {known.old.pk, known.new.pk} == {one.pk, other.pk}:
            clips = known.old.sentences + known.old.failed
            failed = clips - known.utterances
            return Pair(known.old, known.new, clips, failed=failed, comparison=known)
    old, new = _ordered(one, other)
    try:
        found = _kept.get((old.table, new.table), lambda: _found(old, new))
    except _Lost:
        return Pair(old, new, is_lost=True)
    said = found.difference
    comparison = Comparison(old, new, **vars(said)) if said else None
    return Pair(
        old, new, found.clips, found.changed, found.failed, comparison=comparison
    )


def _ordered(one: Candidate, other: Candidate) -> tuple[Candidate, Candidate]:
    if one.model.base_id == other.model_id:
        return other, one
    if other.model.base_id == one.model_id:
        return one, other
    first, second = sorted(
        (one, other), key=lambda c: (c.evaluation.created, c.position, c.pk)
    )
    return first, second


def _found(old: Candidate, new: Candidate) -> _Found:
    first, second = table_of(old), table_of(new)
    if first is None or second is None:
        raise _Lost
    rows, others = _in_common(old.evaluation, new.evaluation)
    clips = len(rows)
    if not clips:
        return _Found()
    if old.evaluation.dataset_id != new.evaluation.dataset_id:
        same = _fingerprints(first)[rows] == _fingerprints(second)[others]
        # What failed has no words to be compared, and is left out below.
        same |= first.failed[rows] | second.failed[others]
        rows, others = rows[same], others[same]
    changed = clips - len(rows)
    heard = ~(first.failed[rows] | second.failed[others])
    failed = len(rows) - int(np.count_nonzero(heard))
    rows, others = rows[heard], others[heard]
    columns = columns_of(old.evaluation)
    groups = columns.speaker_groups
    difference = difference_of(
        first.counts[rows],
        second.counts[others],
        groups[rows] if len(groups) else groups,
        float(columns.seconds[rows].sum() / 60),
    )
    return _Found(clips, changed, failed, difference)


def _in_common(one: Evaluation, other: Evaluation) -> tuple[_Rows, _Rows]:
    """The rows of the same clips in the tables of both; a clip counts once."""
    if one.dataset_id == other.dataset_id:
        rows = np.arange(len(columns_of(one)))
        return rows, rows
    known = [_hashes(one.pk), _hashes(other.pk)]
    places = [np.flatnonzero(~unknown) for _, unknown in known]
    values = [hashes[~unknown] for hashes, unknown in known]
    _, first, second = np.intersect1d(values[0], values[1], return_indices=True)
    return places[0][first], places[1][second]


@lru_cache(maxsize=16)
def _hashes(key: UUID) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Of each utterance of a test the hash of its samples, and whether it has none."""
    rows = Item.objects.filter(evaluation=key).order_by("position")
    found = list(rows.values_list("utterance__audio_hash", flat=True).iterator(_BATCH))
    return (
        np.array([value or 0 for value in found], dtype=np.int64),
        np.array([value is None for value in found], dtype=bool),
    )


def _fingerprints(table: Table) -> npt.NDArray[np.uint64]:
    """Of each utterance a number that is another one if its reference is.

    A sum of the words, each times its odd place, modulo 2**64: to differ in one word or
    in the order changes it.
    """
    said = table.kind != INSERTION
    utterance = table.utterance[said]
    words = np.array([crc32(w.encode()) + 1 for w in table.vocabulary], dtype=np.uint64)
    starts = np.searchsorted(utterance, np.arange(len(table)))
    places = np.arange(len(utterance)) - starts[utterance]
    sums = np.zeros(len(table), dtype=np.uint64)
    weighted = words[table.reference[said]] * (2 * places + 1).astype(np.uint64)
    np.add.at(sums, utterance, weighted)
    return sums
