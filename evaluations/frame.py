"""What all pages of a test have in common: who may see it, its tabs and its level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.urls import reverse

from evaluations.levels import Scored, scored
from evaluations.models import Candidate, Evaluation
from evaluations.scale import levels_of
from projects.access import project_for
from projects.models import Role
from projects.requests import Request
from scoring.scale import Level

_TABS = {
    "evaluation-detail": "Utterances",
    "evaluation-words": "Words",
    "evaluation-terms": "Terms",
    "evaluation-slices": "Slices",
    "evaluation-confidence": "Confidence",
    "evaluation-references": "References",
}
_LEVELS = {
    Level.DISPLAY: "Display",
    Level.PLAIN: "Case and punctuation ignored",
    Level.LEXICAL: "Lexical",
    Level.WHISPER: "Whisper normaliser",
    Level.PROJECT: "Project equivalences",
}


@dataclass(frozen=True)
class Choice:
    """A link to the same in another way; `is_here` where the page is already."""

    label: str
    url: str
    is_here: bool


@dataclass(frozen=True)
class Frame:
    """A page of a test; `tab` is the name of its address."""

    request: Request
    evaluation: Evaluation
    candidates: list[Candidate]
    shown: Scored
    tab: str

    @cached_property
    def context(self) -> dict[str, Any]:
        """What `evaluations/frame.html` needs."""
        return about(self.evaluation) | {
            "candidates": self.candidates,
            "shown": self.shown,
            "complete": self.shown.models,
            "level": self.shown.scale.level.value,
            "levels": self._levels,
            "is_other_level": self._is_other_level,
            "tabs": self._tabs,
            "tab": self.tab,
        }

    @property
    def _is_other_level(self) -> bool:
        """Whether the address asks for a level that the test does not have."""
        return self.request.GET.get("level", self.shown.scale.level) != (
            self.shown.scale.level
        )

    @property
    def _levels(self) -> list[Choice]:
        here = self.shown.scale.level
        return [
            Choice(_LEVELS[level], self._at(level), level == here)
            for level in levels_of(self.evaluation, self.candidates)
        ]

    def _at(self, level: Level) -> str:
        """This address at another level."""
        query = self.request.GET.copy()
        query["level"] = level.value
        return f"?{query.urlencode()}"

    @property
    def _tabs(self) -> list[Choice]:
        if self.evaluation.is_inspection:
            return []
        query = self.shown.query()
        return [
            Choice(
                label,
                reverse(name, args=[self.evaluation.pk]) + (query and f"?{query}"),
                name == self.tab,
            )
            for name, label in _TABS.items()
        ]


def frame(
    request: Request, evaluation_id: UUID, tab: str, role: Role = Role.VIEWER
) -> Frame:
    """The page that the address asks for; a stranger gets none."""
    evaluation = evaluation_for(request, evaluation_id, role)
    candidates = list(evaluation.candidates.select_related("model__base"))
    shown = scored(evaluation, level_of(request, evaluation, candidates))
    return Frame(request, evaluation, candidates, shown, tab)


def level_of(
    request: Request, evaluation: Evaluation, candidates: list[Candidate]
) -> Level:
    """The level that the address asks for, where the test has it; or the usual one."""
    asked = request.GET.get("level", "")
    levels = levels_of(evaluation, candidates)
    return next((level for level in levels if level == asked), Level.LEXICAL)


def against_of(
    request: Request, evaluation: Evaluation, candidates: Sequence[Candidate]
) -> Candidate | None:
    """Which model the others are compared with: by the address, or the first. None
    in a test of accuracy, which has references."""
    if not evaluation.is_inspection:
        return None
    wanted = request.GET.get("against")
    chosen = (c for c in candidates if str(c.pk) == wanted)
    return next(chosen, candidates[0])


def about(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "project": evaluation.project,
        "room": "evaluations",
        "evaluation": evaluation,
    }


def evaluation_for(
    request: Request, evaluation_id: UUID, role: Role = Role.VIEWER
) -> Evaluation:
    evaluation = get_object_or_404(
        Evaluation.objects.select_related("dataset"), pk=evaluation_id
    )
    evaluation.project = project_for(request.user, evaluation.project_id, role)
    return evaluation
