"""The utterances of a test as columns: what filters, sorts and slices ask of them.

Once a test is planned they never change, so they are read once and kept in memory; a
row here is a row of each table of the test (`evaluations.tables`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from evaluations.models import Evaluation, Item
from scoring.significance import numbered

_BATCH = 5000
_NUMBERS = ("seconds", "pace", "level_dbfs", "snr_db")
_FIELDS = (
    *("position", "pk", "utterance__name", "utterance__speaker", "utterance__labels"),
    *(f"utterance__{name}" for name in _NUMBERS),
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Columns:
    """Of each utterance, in the order of their positions; NaN is unknown.

    keys: of the items.
    seconds: how long it is. pace: words of the reference in a second.
    level_dbfs, snr_db: loudness and distance from the noise, in dB.
    speakers: "" where unknown. labels: each metadata column of the dataset, the speaker
    among them; "" where an utterance has none.
    """

    positions: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    names: tuple[str, ...]
    seconds: Floats
    pace: Floats
    level_dbfs: Floats
    snr_db: Floats
    speakers: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.positions)

    @cached_property
    def speaker_groups(self) -> npt.NDArray[np.integer]:
        """Numbers of the speakers, for the bootstrap; empty where not all are known."""
        return numbered(self.speakers if all(self.speakers) else ())

    @cached_property
    def by_name(self) -> npt.NDArray[np.intp]:
        """The rank of each utterance in the order of the names."""
        order = sorted(range(len(self)), key=self.names.__getitem__)
        ranks = np.empty(len(self), dtype=np.intp)
        ranks[order] = np.arange(len(self))
        return ranks

    @cached_property
    def folded_names(self) -> tuple[str, ...]:
        """The names as they are searched, whatever the case."""
        return tuple(name.casefold() for name in self.names)


@dataclass(frozen=True)
class Measure:
    """What is measured of every recording.

    name: in an address. values: the column that has them.
    """

    name: str
    title: str
    unit: str
    values: Callable[[Columns], Floats]


MEASURES = (
    Measure("seconds", "Duration", "s", lambda columns: columns.seconds),
    Measure("level", "Loudness", "dBFS", lambda columns: columns.level_dbfs),
    Measure("snr", "Distance from the noise", "dB", lambda columns: columns.snr_db),
    Measure("pace", "Speaking rate", "words/s", lambda columns: columns.pace),
)


def columns_of(evaluation: Evaluation) -> Columns:
    """None at all before the test is planned, which is done in one step."""
    return _columns(evaluation.pk, evaluation.items.exists())


@lru_cache(maxsize=8)
def _columns(key: UUID, is_planned: bool) -> Columns:
    rows = Item.objects.filter(evaluation=key).order_by("position")
    found = list(rows.values_list(*_FIELDS).iterator(_BATCH))
    positions, keys, names, speakers, labels, *measured = (
        zip(*found, strict=True) if found else [()] * len(_FIELDS)
    )
    seconds, pace, level, snr = (np.array(one, dtype=np.float64) for one in measured)
    return Columns(
        positions=np.array(positions, dtype=np.int64),
        keys=np.array(keys, dtype=np.int64),
        names=tuple(names),
        seconds=seconds,
        pace=pace,
        level_dbfs=level,
        snr_db=snr,
        speakers=tuple(speakers),
        labels=_by_label(labels),
    )


def _by_label(labels: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(name for one in labels for name in one)
    return {
        name: tuple([str(one.get(name, "")) for one in labels])
        for name in sorted(names)
    }
