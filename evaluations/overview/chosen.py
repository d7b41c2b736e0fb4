"""Which tests and models the comparison page is about: its address says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from evaluations.comparison import comparisons
from evaluations.levels import Scored, scored
from evaluations.models import Candidate, Evaluation
from evaluations.overview.finished import finished, models_in, with_models
from evaluations.scale import levels_of, scale_of
from projects.models import Project
from projects.requests import Request
from scoring.scale import Level, available
from training.models import SpeechModel

MOST_COMPARED = 12
_OFFERED = 30  # tests to choose from on the page


@dataclass(frozen=True)
class Chosen:
    """`tests` are newest first, at most so many; `models` are all where none is named.

    ignored: how many tests of the address are not shown.
    """

    tests: list[Evaluation]
    models: set[UUID]
    ignored: int
    level: Level
    levels: list[Level]

    def scored(self) -> list[Scored]:
        return [self._scored(test) for test in self.tests]

    def _scored(self, test: Evaluation) -> Scored:
        if self.level != Level.LEXICAL:
            return scored(test, self.level)
        # The figures of this level are in the rows, which are all loaded already.
        models = models_in(test)
        found = comparisons(test.comparisons, models)
        return Scored(test, scale_of(test), models, found)

    def models_of(self, shown: Scored) -> list[Candidate]:
        """The models of a test that are compared."""
        for one in shown.models:
            one.evaluation = shown.evaluation
        return [
            one
            for one in shown.models
            if not self.models or one.model_id in self.models
        ]


def chosen_of(request: Request, project: Project) -> Chosen:
    """Models without tests choose the newest tests that they take part in."""
    asked, models = set(_keys(request, "tests")), set(_keys(request, "models"))
    tests = finished(project)
    if asked or request.GET.getlist("tests"):
        tests = tests.filter(pk__in=asked)
    elif models:
        tests = tests.filter(candidates__model__in=models).distinct()
    else:
        tests = tests.none()
    found = with_models(project, tests[:MOST_COMPARED])
    known = [key for key in request.GET.getlist("tests") if key]
    ignored = max(0, len(set(known)) - len(found)) if known else 0
    levels = _levels(project, found)
    wanted = request.GET.get("level", "")
    level = next((one for one in levels if one == wanted), Level.LEXICAL)
    return Chosen(found, models, ignored, level, levels)


def offered_tests(project: Project, chosen: Chosen) -> list[Evaluation]:
    """What can be chosen on the page: the newest, and those that are."""
    newest = list(finished(project).select_related("dataset")[:_OFFERED])
    there = {test.pk for test in newest}
    return [*newest, *(test for test in chosen.tests if test.pk not in there)]


def offered_models(tests: list[Evaluation]) -> list[SpeechModel]:
    """The models that take part in these tests, custom ones first."""
    taking_part = Candidate.objects.filter(evaluation__in=tests, is_complete=True)
    found = SpeechModel.objects.filter(pk__in=taking_part.values("model"))
    named = found.only("name", "project", "created").order_by("-created", "name")
    return sorted(named, key=lambda model: not model.is_custom)


def _levels(project: Project, tests: list[Evaluation]) -> list[Level]:
    """Those that mean something in each of the tests."""
    levels = set(available(project.locale))
    for test in tests:
        levels &= set(levels_of(test, models_in(test)))
    return [level for level in Level if level in levels]


def _keys(request: Request, name: str) -> Iterator[UUID]:
    for value in request.GET.getlist(name):
        try:
            yield UUID(value)
        except ValueError:
            continue  # no key at all: counted with those that are gone
