"""What the comparison page shows of tests at one level: charts with their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from datasets.models import Dataset
from evaluations.analysis.slices import Row, worst_of
from evaluations.levels import Scored
from evaluations.models import Candidate
from evaluations.overview import drawing
from evaluations.overview.chosen import Chosen
from evaluations.overview.drawing import Bar, Drawing, Group
from evaluations.overview.finished import best_of, custom_of
from evaluations.overview.pairing import pair
from evaluations.overview.trend import each_over_time
from scoring.scale import Scale

MOST_PAIRS = 30
_SLICES = 5
KEYS = (
    ("bar-sub", "substituted"),
    ("bar-del", "missing"),
    ("bar-ins", "inserted"),
)


@dataclass(frozen=True)
class OnData:
    """What was chosen of tests on one dataset, where rates can be compared.

    worst: the slices in which the first of `models` makes most errors.
    """

    dataset: Dataset
    models: list[Candidate]
    trend: Drawing | None
    worst: list[Row]
    worst_chart: Drawing | None


def compared(chosen: Chosen, shown: Sequence[Scored]) -> dict[str, Any]:
    """`shown` are the tests that are chosen, none of which waits."""
    candidates = [one for test in shown for one in chosen.models_of(test)]
    if not candidates:
        return {"candidates": []}
    scale = shown[0].scale
    # There may be thousands: only those that are shown are worked out.
    couples = _couples(candidates)
    stored = [one for test in shown for one in test.comparisons]
    datasets = {one.evaluation.dataset_id: one.evaluation.dataset for one in candidates}
    on = f"{scale.rate_name}, {scale.name}, on {_names(list(datasets.values()))}"
    return {
        "candidates": candidates,
        "some_failed": any(one.failed for one in candidates),
        "many_tests": len({one.evaluation_id for one in candidates}) > 1,
        "scale": scale,
        "rates": rates(candidates, scale, on),
        "kinds": kinds(candidates, scale, on),
        "pairs": [pair(*couple, stored) for couple in couples[:MOST_PAIRS]],
        "more_pairs": len(couples) - MOST_PAIRS,
        "data": [_on_data(one, candidates, scale) for one in datasets.values()],
    }


def rates(candidates: Sequence[Candidate], scale: Scale, on: str) -> Drawing | None:
    """A bar for the error rate of each model, with its interval, test by test."""
    return drawing.bars(
        f"{scale.rate_name} of each model",
        "A bar for the error rate of each model in each test, with its 95 % interval. "
        "The table below has the figures.",
        _groups(candidates, _rate_bar),
        on,
    )


def kinds(candidates: Sequence[Candidate], scale: Scale, on: str) -> Drawing | None:
    """A bar for the errors of each model, parted into their kinds, test by test."""
    return drawing.bars(
        "Kinds of error",
        "A bar for each model in each test: words substituted, missing and inserted, "
        "as shares of the words of the reference. The table below has the figures.",
        _groups(candidates, _kinds_bar),
        on,
        KEYS,
    )


def _groups(candidates: Sequence[Candidate], bar: Any) -> list[Group]:
    tests: dict[Any, list[Candidate]] = {}
    for one in candidates:
        if one.counts.rate is not None:
            tests.setdefault(one.evaluation, []).append(one)
    return [
        Group(f"{test.created:%d %b %Y}, {test.name}", [bar(one) for one in there])
        for test, there in tests.items()
    ]


def _rate_bar(one: Candidate) -> Bar:
    rate = one.counts.rate or 0.0
    value = f"{rate * 100:.1f} %"
    if one.low is not None and one.high is not None:
        value += f" ({one.low * 100:.1f} to {one.high * 100:.1f})"
    return Bar(_named(one), value, [("rate", rate)], one.low, one.high)


def _kinds_bar(one: Candidate) -> Bar:
    errors = one.substitutions, one.deletions, one.insertions
    shares = [number / one.words for number in errors]
    value = " + ".join(f"{share * 100:.1f}" for share in shares) + " %"
    parts = [(style, share) for (style, _), share in zip(KEYS, shares, strict=True)]
    return Bar(_named(one), value, parts)


def _named(one: Candidate) -> str:
    """The model, and at how many recordings it failed: these are not in its figures."""
    note = f" ({one.failed:,} failed)" if one.failed else ""
    return drawing.fitted(one.model.name, drawing.NAME - len(note)) + note


_Couple = tuple[Candidate, Candidate]


def _couples(candidates: Sequence[Candidate]) -> list[_Couple]:
    """Each two of the models on each dataset, and a model in two tests on one.

    A custom model and its base come first, then models of one test.
    """
    newest: dict[Any, Candidate] = {}
    again: list[_Couple] = []
    for one in candidates:  # newest test first
        key = one.model_id, one.evaluation.dataset_id
        if key in newest:
            again.append((newest[key], one))
        newest.setdefault(key, one)
    return sorted([*combinations(newest.values(), 2), *again], key=_rank)


def _rank(couple: _Couple) -> tuple[bool, bool]:
    one, other = couple
    is_own = one.model_id == other.model.base_id or other.model_id == one.model.base_id
    return not is_own, one.evaluation_id != other.evaluation_id


def _on_data(dataset: Dataset, candidates: Sequence[Candidate], scale: Scale) -> OnData:
    here = [one for one in candidates if one.evaluation.dataset_id == dataset.pk]
    models = _best_first(here)
    worst = worst_slices(Scored(models[0].evaluation, scale, models, []))
    on = f"{scale.rate_name}, {scale.name}, on {dataset.name}"
    return OnData(
        dataset,
        models,
        drawing.trend(
            f"{scale.rate_name} over time on {dataset.name}",
            "A line for each model over the tests that it takes part in, with 95 % "
            "intervals. The table of error rates has the figures.",
            each_over_time(here),
            on,
        ),
        worst,
        drawing.bars(
            f"Where {models[0].model.name} makes most errors in {dataset.name}",
            "A bar for each model in each of the slices in which "
            f"{models[0].model.name} makes most errors, with its 95 % interval. The "
            "table below has the figures.",
            [
                Group(f"{one.column.title} {one.name}", _slice_bars(one, models))
                for one in worst
            ],
            on,
        ),
    )


def _best_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each model once, as its newest test has it; the best custom one, or the best."""
    newest = list({one.model_id: one for one in reversed(candidates)}.values())[::-1]
    best = best_of(custom_of(newest)) or best_of(newest)
    return sorted(newest, key=lambda one: one is not best)


def worst_slices(shown: Scored, index: int = 0) -> list[Row]:
    """For one of the models, which may be of several tests on the same data; none
    where a table is lost."""
    return worst_of(shown, index).rows[:_SLICES] if shown.tables else []


def _slice_bars(row: Row, models: Sequence[Candidate]) -> list[Bar]:
    bars = []
    rates = [row.counts.rate, *row.others]
    intervals = [row.interval, *row.other_intervals]
    for one, rate, interval in zip(models, rates, intervals, strict=True):
        if rate is None:
            continue
        low, high = (interval.low, interval.high) if interval else (None, None)
        value, parts = f"{rate * 100:.1f} %", [("rate", rate)]
        bars.append(Bar(one.model.name, value, parts, low, high, row.is_small))
    return bars


def _names(datasets: Sequence[Dataset]) -> str:
    return datasets[0].name if len(datasets) == 1 else f"{len(datasets)} datasets"
