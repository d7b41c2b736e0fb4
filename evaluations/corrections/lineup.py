"""A test beside those of the same models on other versions of its data."""

from __future__ import annotations

from dataclasses import dataclass

from datasets.models import Dataset
from evaluations.corrections.figures import Rate, rate_of
from evaluations.corrections.versions import Version, former_of, versions_of
from evaluations.levels import Scored, scored
from evaluations.models import Evaluation


@dataclass(frozen=True)
class Column:
    """One version of the data; `test` is None where nothing was tested on it."""

    dataset: Dataset
    test: Evaluation | None
    is_here: bool
    rates: dict[object, Rate]  # by the key of the model


@dataclass(frozen=True)
class Lineup:
    """Versions of the data, oldest first, and a row of rates for each model."""

    columns: list[Column]
    rows: list[tuple[str, list[Rate | None]]]

    @property
    def is_active(self) -> bool:
        """Whether more figures are to come."""
        return any(
            column.dataset.is_active
            or (column.test is not None and column.test.is_active)
            for column in self.columns
        )


def lineup_of(shown: Scored) -> Lineup | None:
    """None where there is but one version."""
    former, later = former_of(shown.evaluation), versions_of(shown.evaluation)
    if not former and not later:
        return None
    here = Column(shown.evaluation.dataset, shown.evaluation, True, _rates(shown))
    columns = [
        *([_column(former, shown)] if former else []),
        here,
        *(_column(version, shown) for version in later),
    ]
    rows = [
        (model.model.name, [one.rates.get(model.model_id) for one in columns])
        for model in shown.models
    ]
    return Lineup(columns, rows)


def _column(version: Version, shown: Scored) -> Column:
    test = version.test
    there = scored(test, shown.scale.level) if test else None
    return Column(version.dataset, test, False, _rates(there) if there else {})


def _rates(shown: Scored) -> dict[object, Rate]:
    return {model.model_id: rate_of(model) for model in shown.models}
