"""By what the errors of a test are counted."""

from __future__ import annotations

from collections.abc import Sequence

from evaluations.models import Candidate, Evaluation
from scoring.equivalences import Equivalence, parse
from scoring.scale import Level, Scale, available


def scale_of(evaluation: Evaluation, level: Level = Level.LEXICAL) -> Scale:
    """The one scale of all figures, marks and lists of a test at a level.

    ValueError if the language of the test does not have the level.
    """
    rules = equivalences_of(evaluation) if level == Level.PROJECT else ()
    return Scale(evaluation.project.locale, level, rules)


def equivalences_of(evaluation: Evaluation) -> tuple[Equivalence, ...]:
    """What the project has equal; lines that are none were refused when saved."""
    return parse(evaluation.project.equivalences, evaluation.project.locale)[0]


def levels_of(evaluation: Evaluation, models: Sequence[Candidate]) -> list[Level]:
    """The levels that mean something in a test.

    Display text is compared where the references are such; differences in an inspection
    are those of the words.
    """
    if evaluation.is_inspection:
        return [Level.LEXICAL]
    levels = available(evaluation.project.locale)
    has_display = any(model.tokens for model in models)
    has_rules = bool(evaluation.project.equivalences.strip())
    left_out = {Level.DISPLAY: not has_display, Level.PROJECT: not has_rules}
    return [level for level in levels if not left_out.get(level)]
