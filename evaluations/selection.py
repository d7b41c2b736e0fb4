"""Which utterances of a test an address asks for, and in which order.

Worked out in memory from the tables of the models, so that every filter and sort takes
as long as any other; only the rows of a page are read from the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from evaluations.columns import columns_of
from evaluations.filters import FILTERS, KINDS, VERDICTS, Asked
from evaluations.levels import Scored
from evaluations.models import Item
from projects.listing import query_without
from projects.requests import Request
from scoring.table import Mask

ORDERS = {
    "-errors": "Most errors",
    "position": "Order of the dataset",
    "name": "File name",
    "-duration": "Longest",
    "duration": "Shortest",
    "-wer": "Highest error rate",
    "wer": "Lowest error rate",
    "confidence": "Least sure word first",
    "-confidence": "Surest first",
    "-gap": "Last model worse than the first",
    "gap": "Last model better than the first",
}

# Parts of an address without a field of their own in the form, and those in its fold.
_PASSED_ON = ("level", "flag", "error", "said", "heard", "term", "slice")
_FOLDED = (
    *("model", "kind", "word", "wer_min", "wer_max", "conf_min", "conf_max"),
    *("right", "wrong", "verdict", "comments"),
)


@dataclass(frozen=True)
class Filter:
    """What was asked for, in words, and the address's query without it."""

    words: str
    query: str


@dataclass(frozen=True, eq=False)
class Selection:
    """`positions` of the utterances in the order asked for."""

    asked: Asked
    filters: Sequence[Filter]
    mask: Mask
    kinds = tuple(KINDS)
    verdicts = tuple(VERDICTS.items())

    @property
    def is_possible(self) -> bool:
        """Whether there are the tables that all filters and sorts need."""
        return bool(self.asked.tables)

    @property
    def is_filtered(self) -> bool:
        return bool(self.filters)

    @property
    def words(self) -> list[str]:
        """What was asked for."""
        return [one.words for one in self.filters]

    @property
    def values(self) -> Mapping[str, str]:
        """What the fields of the form hold."""
        return {name: self.asked.get(name) for name in self.asked.query}

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What a form has to pass on that has no field for it."""
        return [(name, self.values[name]) for name in _PASSED_ON if name in self.values]

    @property
    def is_detailed(self) -> bool:
        """Whether something is asked for that is in the fold of more filters."""
        return any(self.values.get(name) for name in _FOLDED)

    @property
    def unfiltered(self) -> str:
        level = self.asked.get("level")
        return f"?level={level}" if level else "?"

    @property
    def sort(self) -> str:
        sort = self.asked.get("sort")
        return sort if sort in ORDERS else "-errors"

    @cached_property
    def positions(self) -> npt.NDArray[np.int64]:
        chosen = np.flatnonzero(self.mask)
        if self.sort != "position" and self.asked.tables:
            keys = _keys(self.asked, self.sort)[chosen]
            chosen = chosen[np.argsort(keys, kind="stable")]
        return self.asked.columns.positions[chosen]


def selection_of(request: Request, shown: Scored) -> Selection:
    """What the address asks for; all utterances where a test has no tables."""
    columns = columns_of(shown.evaluation)
    own = [table for table in shown.own_tables if table is not None]
    tables = own if len(own) == len(shown.models) else []
    asked = Asked(request.GET, shown, columns, tables)
    mask, filters = np.ones(len(columns), dtype=bool), []
    for names, find in FILTERS.items() if tables else ():
        found = find(asked)
        if found is not None:
            mask &= found[0]
            filters.append(Filter(found[1], query_without(request, "page", *names)))
    return Selection(asked, filters, mask)


def items_at(shown: Scored, positions: Sequence[int]) -> list[Item]:
    """The utterances at these positions, in this order, with what a row shows."""
    items = shown.evaluation.items.select_related(
        "utterance__loudness", "correction__by"
    )
    found = {
        item.position: item
        for item in items.filter(position__in=[int(p) for p in positions])
    }
    return [found[int(p)] for p in positions if int(p) in found]


def _keys(asked: Asked, sort: str) -> npt.NDArray[np.float64]:
    """What utterances are sorted by, the lowest first; what is unknown is last."""
    columns, name = asked.columns, sort.removeprefix("-")
    keys: dict[str, Callable[[], npt.ArrayLike]] = {
        "errors": lambda: np.sum([t.errors + t.failed for t in asked.tables], axis=0),
        "name": lambda: columns.by_name,
        "duration": lambda: columns.seconds,
        "wer": lambda: asked.tables[asked.model].rates(),
        "confidence": lambda: asked.tables[asked.model].lowest_confidences(),
        "gap": lambda: asked.tables[-1].errors - asked.tables[0].errors,
    }
    found = np.asarray(keys[name](), dtype=np.float64)
    return np.nan_to_num(-found if sort.startswith("-") else found, nan=np.inf)
