"""A test at each scoring level.

The lexical level is counted when a test ends and is in its rows. Each other level is
counted by a job of its own, after that or when somebody asks for it first; what it
comes to is kept in a `Scoring` and laid over the rows, so that every page shows any
level alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import asdict, dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db import transaction

from evaluations import tables
from evaluations.columns import columns_of
from evaluations.compare import compared
from evaluations.comparison import Comparison, comparisons
from evaluations.figures import figures_of
from evaluations.models import Candidate, Evaluation, Scoring
from evaluations.scale import equivalences_of, levels_of, scale_of
from jobs.models import Job
from jobs.runner import run
from scoring.rule_effects import errors_removed
from scoring.scale import Level, Scale
from scoring.table import Table


@dataclass(frozen=True)
class Scored:
    """A test at one level, ready to be shown.

    `models` are the complete ones with their figures and tables of this level: never
    save them. There are none while the figures are counted, which `waits_for` does.
    """

    evaluation: Evaluation
    scale: Scale
    models: list[Candidate]
    comparisons: list[Comparison]
    waits_for: Scoring | None = None

    @cached_property
    def own_tables(self) -> list[Table | None]:
        """Of each model all that it has heard; None where its file is lost."""
        return [tables.table_of(model) for model in self.models]

    @cached_property
    def tables(self) -> list[Table]:
        """Of all models, comparable (`side_by_side`); none where one is missing.

        Row i is the utterance at `columns_of(evaluation).positions[i]`.
        """
        return tables.comparable(self.models)

    def query(self, **answers: object) -> str:
        """The query of an address of this test that asks for this, at this level.

        What is empty is not asked for, nor is the level that is the usual one.
        """
        level = self.scale.level
        usual = "" if level == Level.LEXICAL else level.value
        asked = {"level": usual, **answers}
        return urlencode({name: value for name, value in asked.items() if value != ""})


def scored(evaluation: Evaluation, level: Level = Level.LEXICAL) -> Scored:
    """The test at a level, which is counted if it was not yet.

    ValueError if the language of the test does not have the level.
    """
    scale = scale_of(evaluation, level)
    complete = evaluation.candidates.filter(is_complete=True)
    models = list(complete.select_related("model__base"))
    if level == Level.LEXICAL or not models:
        found = comparisons(evaluation.comparisons, models)
        return Scored(evaluation, scale, models, found)
    scoring = _asked_for(evaluation, level)
    if not _is_current(scoring, scale, models):
        return Scored(evaluation, scale, [], [], _counting(scoring))
    there = [_laid_over(model, scoring) for model in models]
    return Scored(evaluation, scale, there, comparisons(scoring.comparisons, there))


def prepare(evaluation: Evaluation) -> None:
    """Count all levels of a test that has ended, before somebody asks for them."""
    models = list(evaluation.candidates.filter(is_complete=True))
    for level in levels_of(evaluation, models):
        if level == Level.LEXICAL:
            continue
        scoring, _ = Scoring.objects.get_or_create(evaluation=evaluation, level=level)
        if not _is_current(scoring, scale_of(evaluation, level), models):
            scoring.reopen()
            run(Scoring, scoring.pk, count, expected=())


def count(scoring: Scoring) -> None:
    """Count all errors of a test at a level: what the job does."""
    evaluation = scoring.evaluation
    models = list(evaluation.candidates.filter(is_complete=True))
    scale = scale_of(evaluation, Level(scoring.level))
    total = evaluation.items.count() * len(models)
    scoring.report(0, total)
    former, new = tables_of(scoring), []
    has_ended = False
    try:
        built = tables.build(models, scale, tick=lambda n: _tick(scoring, n))
        found = dict(zip(models, built, strict=True))
        figures = {}
        for model, table in found.items():
            name = tables.store(evaluation, model, table)
            new.append(name)
            figures[str(model.pk)] = {
                **asdict(figures_of(table, columns_of(evaluation))),
                "table": name,
                "of": model.table,
            }
        has_ended = scoring.succeed(
            scale=scale.digest,
            figures=figures,
            comparisons=compared(found, columns_of(evaluation)),
            effects=_effects(evaluation, models, scale),
        )
    finally:
        tables.delete(former if has_ended else new)


def tables_of(scoring: Scoring) -> list[str]:
    """The names of its files."""
    return [str(figures["table"]) for figures in scoring.figures.values()]


def _asked_for(evaluation: Evaluation, level: Level) -> Scoring:
    scoring, is_new = Scoring.objects.get_or_create(evaluation=evaluation, level=level)
    scoring.evaluation = evaluation
    if is_new:
        transaction.on_commit(scoring.enqueue)
    return scoring


def _counting(scoring: Scoring) -> Scoring:
    """Have figures counted anew that are not those of today's rules and transcripts."""
    if not scoring.evaluation.is_active and scoring.reopen():
        transaction.on_commit(scoring.enqueue)
    return scoring


def _is_current(scoring: Scoring, scale: Scale, models: Sequence[Candidate]) -> bool:
    """Whether its figures are by these rules, of what the models have heard."""
    return scoring.status == Job.Status.SUCCEEDED and (
        scoring.scale == scale.digest
        and {str(model.pk): model.table for model in models}.items()
        <= {key: one["of"] for key, one in scoring.figures.items()}.items()
    )


def _laid_over(model: Candidate, scoring: Scoring) -> Candidate:
    there = copy(model)
    for name, value in scoring.figures[str(model.pk)].items():
        setattr(there, name, value)
    return there


def _tick(scoring: Scoring, number: int) -> None:
    scoring.report(scoring.done + number, scoring.total)


def _effects(
    evaluation: Evaluation, models: Sequence[Candidate], scale: Scale
) -> list[dict[str, object]]:
    """For each equivalence how many errors it removes from each model."""
    if scale.level != Level.PROJECT:
        return []
    rules = equivalences_of(evaluation)
    removed = {
        str(model.pk): errors_removed(
            (
                (heard.reference, heard.text)
                for heard in tables.all_heard(model)
                if not heard.error
            ),
            scale.locale,
            rules,
        )
        for model in models
    }
    return [
        {
            "rule": " = ".join(" ".join(side) for side in rule.sides),
            "removed": {key: numbers[place] for key, numbers in removed.items()},
        }
        for place, rule in enumerate(rules)
    ]
