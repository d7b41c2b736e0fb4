"""A test on one page of paper: what it says in words, and the worst of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datasets.templatetags.figures import percent
from evaluations.advice import advice
from evaluations.analysis.slices import Row
from evaluations.columns import columns_of
from evaluations.comparison import Comparison
from evaluations.levels import Scored
from evaluations.models import Candidate
from evaluations.overview.compared import kinds, rates, worst_slices
from evaluations.overview.drawing import Drawing
from evaluations.overview.finished import best_of
from evaluations.tables import table_of
from scoring.confusions import Confusion, confusions
from scoring.table import DELETION, INSERTION, SUBSTITUTION

# What fits on the page.
_MODELS, _VERDICTS, _ERRORS = 5, 4, 10


@dataclass(frozen=True)
class Report:
    """`best` has the lowest error rate; errors, slices and advice are about it.

    leaders: all with that rate, as it is written. more: how many models are only on
    the page of the test. some_failed: whether any could not recognise all.
    speakers: None where not known.
    """

    models: list[Candidate]
    more: int
    leaders: list[Candidate]
    some_failed: bool
    best: Candidate | None
    verdicts: list[Comparison]
    errors: list[Confusion]
    worst: list[Row]
    advice: str
    speakers: int | None
    rates: Drawing | None
    kinds: Drawing | None


def report_of(shown: Scored) -> Report:
    """`shown` has models."""
    models = _first(shown.models)
    best = best_of(shown.models)
    evaluation = shown.evaluation
    for one in shown.models:
        one.evaluation = evaluation
    speakers = set(columns_of(evaluation).speakers) - {""}
    on = f"{shown.scale.rate_name}, {shown.scale.name}, on {evaluation.dataset.name}"
    return Report(
        models=models,
        more=len(shown.models) - len(models),
        leaders=_leaders(shown.models, best) if best else [],
        some_failed=any(one.failed for one in shown.models),
        best=best,
        verdicts=_verdicts(shown.comparisons, best),
        errors=_most_frequent(best) if best else [],
        worst=worst_slices(shown, shown.models.index(best)) if best else [],
        advice=advice(best.counts) if best else "",
        speakers=len(speakers) or None,
        rates=rates(models, shown.scale, on),
        kinds=kinds(models, shown.scale, on),
    )


def _first(models: Sequence[Candidate]) -> list[Candidate]:
    """As many as fit: the best, in the order of the test."""
    ranked = sorted(models, key=lambda one: _or_last(one.counts.rate))[:_MODELS]
    return sorted(ranked, key=lambda one: one.position)


def _leaders(models: Sequence[Candidate], best: Candidate) -> list[Candidate]:
    return [
        one for one in models if percent(one.counts.rate) == percent(best.counts.rate)
    ]


def _or_last(rate: float | None) -> float:
    return float("inf") if rate is None else rate


def _verdicts(
    comparisons: Sequence[Comparison], best: Candidate | None
) -> list[Comparison]:
    """Custom models against their base first, then what is about the best."""
    about = [
        one
        for one in comparisons
        if one.is_own or (best and best.pk in (one.old.pk, one.new.pk))
    ]
    return sorted(about, key=lambda one: not one.is_own)[:_VERDICTS]


def _most_frequent(candidate: Candidate) -> list[Confusion]:
    """Of all kinds; none without a table."""
    table = table_of(candidate)
    if table is None:
        return []
    found = [
        one
        for kind in (SUBSTITUTION, DELETION, INSERTION)
        for one in confusions(table, kind, _ERRORS)
    ]
    return sorted(found, key=lambda one: -one.count)[:_ERRORS]
