"""The utterances that an export is about, read from the database some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from evaluations.columns import Columns, columns_of
from evaluations.levels import Scored
from evaluations.models import Candidate, Hypothesis, Item
from evaluations.tables import shown_text
from scoring.errors import ErrorCounts

# So many are held at a time.
_BATCH = 250


@dataclass(frozen=True)
class Order:
    """What is asked for: the utterances at these positions, at a level, in order.

    `candidates` are all models of the test, complete or not; `filters` say in words by
    what the utterances were chosen; `chosen` is the index of the model that the address
    is about, or -1 for the last; `against` the one that others are compared with in an
    inspection; `site` is how addresses begin: https://host.
    """

    shown: Scored
    candidates: list[Candidate]
    positions: npt.NDArray[np.int64]
    filters: list[str]
    chosen: int
    against: Candidate | None
    site: str


@dataclass(frozen=True)
class Heard:
    """What a model heard in an utterance.

    Counts are None where it could not be recognised, or the model's table is lost;
    confidences, the mean and that of the least sure word, also where nobody knows.
    """

    model: Candidate
    hypothesis: Hypothesis
    text: str  # the form that is compared
    counts: ErrorCounts | None = None
    confidence: float | None = None
    lowest_confidence: float | None = None

    @property
    def error(self) -> str:
        return self.hypothesis.error


@dataclass(frozen=True)
class Exported:
    """One utterance with all that was heard; `item` with what people say of it."""

    item: Item
    heard: tuple[Heard, ...]

    @cached_property
    def name(self) -> str:
        return self.item.utterance.name

    @property
    def reference(self) -> str | None:
        """What the others are compared with: in an inspection, what the first model
        heard, and None if it heard nothing that can be compared."""
        if not self.item.evaluation.is_inspection:
            return self.item.utterance.transcript
        return None if self.heard[0].error else self.heard[0].text


def exported(order: Order) -> Iterator[Exported]:
    """The utterances of an order, in its order. Raises KeyError if one is deleted
    meanwhile: what was sent then must not look complete."""
    columns = columns_of(order.shown.evaluation)
    figures = [
        _Figures(order.shown, index, columns)
        for index in range(len(order.shown.models))
    ]
    for start in range(0, len(order.positions), _BATCH):
        positions = [int(p) for p in order.positions[start : start + _BATCH]]
        items = reviewed_items_at(order.shown, positions)
        heard = _heard(order.shown, items)
        for item in items:
            yield Exported(
                item,
                tuple(one.heard(item, heard[item.pk, one.model.pk]) for one in figures),
            )


def reviewed_items_at(shown: Scored, positions: list[int]) -> list[Item]:
    """The utterances at these positions, in this order, with their reviews."""
    rows = shown.evaluation.items.filter(position__in=positions)
    related = rows.select_related("utterance", "verdict__by", "correction")
    found = {item.position: item for item in related.prefetch_related("comments__by")}
    items = [found[position] for position in positions]
    for item in items:
        item.evaluation = shown.evaluation
    return items


def _heard(shown: Scored, items: list[Item]) -> dict[tuple[int, int], Hypothesis]:
    rows = Hypothesis.objects.filter(item__in=items, candidate__in=shown.models)
    return {(one.item_id, one.candidate_id): one for one in rows}


class _Figures:
    """Looks up what one model's table says of an utterance."""

    def __init__(self, shown: Scored, index: int, columns: Columns) -> None:
        self.model = shown.models[index]
        self._scale = shown.scale
        self._table = table = shown.own_tables[index]
        self._positions = columns.positions
        if table is not None:
            self._means = table.mean_confidences()
            self._lowest = table.lowest_confidences()

    def heard(self, item: Item, hypothesis: Hypothesis) -> Heard:
        text = shown_text(hypothesis.text, hypothesis.display, self._scale)
        if hypothesis.error or self._table is None:
            return Heard(self.model, hypothesis, text)
        row = int(np.searchsorted(self._positions, item.position))
        # In an inspection it is compared with nothing where the first model failed.
        is_compared = not self._table.failed[row]
        counts = ErrorCounts(*map(int, self._table.counts[row]))
        return Heard(
            self.model,
            hypothesis,
            text,
            counts if is_compared else None,
            _known(self._means[row]),
            _known(self._lowest[row]),
        )


def _known(share: float) -> float | None:
    return None if np.isnan(share) else round(float(share), 4)
