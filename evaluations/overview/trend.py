"""Error rates over time, as lines to draw and as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evaluations.models import Candidate, Evaluation
from evaluations.overview.drawing import Point, Series
from evaluations.overview.finished import base_of, best_of, custom_of, models_in


def best_over_time(tests: Sequence[Evaluation]) -> list[Series]:
    """The best custom model of each test, and the best base model; newest test first.

    A line for each model says nothing to who asks whether it gets better: a custom
    model is tested once and then replaced. The names are those of the models, of the
    newest test first.
    """
    found = [
        ("Best custom model", _best(tests, custom_of)),
        ("Best base model", _best(tests, base_of)),
    ]
    return [
        Series(f"{title}: {_names(best)}", [_point(one) for one in reversed(best)])
        for title, best in found
        if best
    ]


def each_over_time(candidates: Sequence[Candidate]) -> list[Series]:
    """A line for each model, which are those of tests on the same data."""
    names: dict[object, str] = {}
    points: dict[object, list[Point]] = {}
    for one in sorted(candidates, key=lambda c: c.evaluation.created):
        if one.counts.rate is not None:
            names[one.model_id] = one.model.name
            points.setdefault(one.model_id, []).append(_point(one))
    return [Series(names[key], found) for key, found in points.items()]


def _best(
    tests: Sequence[Evaluation],
    chosen: Callable[[Sequence[Candidate]], Sequence[Candidate]],
) -> list[Candidate]:
    best = (best_of(chosen(models_in(test))) for test in tests)
    return [candidate for candidate in best if candidate]


def _names(candidates: Sequence[Candidate]) -> str:
    return ", ".join(dict.fromkeys(one.model.name for one in candidates))


def _point(candidate: Candidate) -> Point:
    """`candidate` has a rate, and its test loaded."""
    test, rate = candidate.evaluation, candidate.counts.rate
    assert rate is not None
    title = f"{candidate.model.name}: {rate:.1%}, {test.created:%d %b %Y}, {test.name}"
    if candidate.failed:
        title += f", {candidate.failed:,} failed"
    return Point(test.created, rate, candidate.low, candidate.high, title)
