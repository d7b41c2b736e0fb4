"""In which part of a test a model is worst, and by how much models differ there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datasets.templatetags.figures import label_words
from evaluations.analysis.kept import Kept
from evaluations.columns import MEASURES, Columns, columns_of
from evaluations.levels import Scored
from evaluations.models import Candidate, Evaluation
from scoring.errors import ErrorCounts
from scoring.significance import Interval
from scoring.slices import (
    MIN_UTTERANCES,
    Part,
    Slice,
    Slicing,
    by_number,
    by_text,
    rank,
)

# The overview lists so many.
_WORST = 20


@dataclass(frozen=True)
class Column:
    """By what a test is sliced.

    key: what addresses call it. unit: that of a number, which is sliced in bands.
    size: the number of its values, or bands, that are known.
    """

    key: str
    title: str
    unit: str
    size: int


@dataclass(frozen=True)
class Row:
    """A slice as one model is seen in it, the others beside.

    query: the address's query of its utterances; empty where none can name them.
    others: the rates of the other models in their order, with `other_intervals`.
    difference: of the rate less
    that of the model it is compared with, with its interval; None with one model.
    """

    column: Column
    name: str
    query: str
    utterances: int
    minutes: float
    is_small: bool
    counts: ErrorCounts
    interval: Interval | None
    others: tuple[float | None, ...]
    other_intervals: tuple[Interval | None, ...]
    difference: float | None
    difference_interval: Interval | None

    @property
    def gain(self) -> str:
        """By how many points of percent the model is better; below 0 it is worse."""
        return "" if self.difference is None else f"{-self.difference * 100 + 0.0:.1f}"

    @property
    def verdict(self) -> str:
        """Of the difference as in `significance`; "" where nothing can be said."""
        if self.difference_interval is None or self.is_small:
            return ""
        return self.difference_interval.verdict


@dataclass(frozen=True)
class Worst:
    """The worst slices of all columns, of so many that were looked at."""

    rows: list[Row]
    looked_at: int
    columns: int

    @property
    def by_chance(self) -> int:
        """How many lie above the rate of the test though they are as hard as it."""
        return round(self.looked_at * 0.025)


@dataclass(frozen=True)
class _Cut:
    """A column with the parts that it cuts the test into."""

    column: Column
    parts: list[Part]


_cuts = Kept[list[_Cut]](most=3)
_rows = Kept[list[Row]](most=100)
_worst = Kept[Worst](most=24)


def columns_shown(evaluation: Evaluation) -> list[Column]:
    """What the test can be sliced by; only that of which something is known."""
    return [cut.column for cut in _cuts_of(evaluation)]


def _cuts_of(evaluation: Evaluation) -> list[_Cut]:
    return _cuts.get(evaluation.pk, lambda: _cut(columns_of(evaluation)))


def _cut(columns: Columns) -> list[_Cut]:
    cuts = []
    for name, values in columns.labels.items():
        column = Column(name, label_words(name), "", len({*values} - {""}))
        cuts.append(_Cut(column, by_text(values)))
    for one in MEASURES:
        # A label of the same name is what addresses mean.
        if one.name in columns.labels:
            continue
        parts = by_number(one.values(columns), one.unit)
        bands = sum(part.kind == "band" for part in parts)
        cuts.append(_Cut(Column(one.name, one.title, one.unit, bands), parts))
    return [cut for cut in cuts if cut.column.size]


def compared_with(models: Sequence[Candidate], index: int) -> int | None:
    """Which model another is compared with: its base model, or the first other."""
    others = [number for number in range(len(models)) if number != index]
    base = models[index].model.base_id
    bases = [number for number in others if models[number].model_id == base]
    return next(iter(bases + others), None)


def rows_by(shown: Scored, column: Column, index: int) -> list[Row]:
    """The slices of a column, the worst for the model at this index first.

    Kept by the names of the tables. `shown.tables` must be there.
    """

    def make() -> list[Row]:
        cut = next(c for c in _cuts_of(shown.evaluation) if c.column == column)
        return _made(shown, [(column, part) for part in cut.parts], index)

    return _rows.get((*_names(shown), column.key, index), make)


def worst_of(shown: Scored, index: int) -> Worst:
    """The worst slices of all columns that have more than one."""
    return _worst.get((*_names(shown), index), lambda: _found(shown, index))


def _found(shown: Scored, index: int) -> Worst:
    cuts = [cut for cut in _cuts_of(shown.evaluation) if cut.column.size > 1]
    parts = [(cut.column, part) for cut in cuts for part in cut.parts]
    # Intervals take time: they are worked out for what is shown.
    slicing = _slicing(shown, parts)
    totals = slicing.totals(shown.tables[index].counts)
    sizes = slicing.sizes.tolist()
    spoken = [number for number, one in enumerate(totals) if one.words]
    spoken.sort(key=lambda number: rank(totals[number], sizes[number]))
    shown_parts = [parts[number] for number in spoken[:_WORST]]
    looked_at = sum(sizes[number] >= MIN_UTTERANCES for number in spoken)
    return Worst(_made(shown, shown_parts, index), looked_at, len(cuts))


def _names(shown: Scored) -> tuple[str, ...]:
    return tuple(model.table for model in shown.models)


def _slicing(shown: Scored, parts: Sequence[tuple[Column, Part]]) -> Slicing:
    columns = columns_of(shown.evaluation)
    return Slicing(
        [part for _, part in parts],
        shown.tables[0].failed,
        columns.seconds,
        columns.speaker_groups,
    )


def _made(shown: Scored, parts: Sequence[tuple[Column, Part]], index: int) -> list[Row]:
    counts = [table.counts for table in shown.tables]
    slicing = _slicing(shown, parts)
    against = compared_with(shown.models, index)
    differences: Sequence[Interval | None] = [None] * len(parts)
    if against is not None:
        differences = slicing.differences(counts[against], counts[index])
    # Of each slice all models, and the difference of the one that is asked about.
    found = zip(*(slicing.slices(one) for one in counts), strict=True)
    rows = [
        _row(shown, column, models, index, against, difference)
        for (column, _), models, difference in zip(
            parts, found, differences, strict=True
        )
        if models[index].utterances
    ]
    return sorted(rows, key=lambda row: rank(row.counts, row.utterances))


def _row(
    shown: Scored,
    column: Column,
    models: Sequence[Slice],
    index: int,
    against: int | None,
    interval: Interval | None,
) -> Row:
    one = models[index]
    others = [*models[:index], *models[index + 1 :]]
    difference = None
    if against is not None and one.counts.words:
        more = one.counts.errors - models[against].counts.errors
        difference = more / one.counts.words
    return Row(
        column=column,
        name=_name(one.part),
        query=_query(shown, one.part, column),
        utterances=one.utterances,
        minutes=one.minutes,
        is_small=one.is_small,
        counts=one.counts,
        interval=one.interval,
        others=tuple(other.counts.rate for other in others),
        other_intervals=tuple(other.interval for other in others),
        difference=difference,
        difference_interval=interval,
    )


def _name(part: Part) -> str:
    return {"rest": "all other values", "unknown": "unknown"}.get(part.kind, part.name)


def _query(shown: Scored, part: Part, column: Column) -> str:
    """What `evaluations.filters` finds the utterances of a slice by."""
    if part.kind == "band":
        low, high = (
            "" if end is None else f"{end:.10g}" for end in (part.low, part.high)
        )
        value = f"{low}..{high}"
    elif part.kind == "rest" or column.unit:
        return ""
    else:
        value = part.name
    return shown.query(slice=f"{column.key}:{value}")
