"""What the templates of a review need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.template.backends.utils import csrf_input
from django.urls import reverse
from django.utils.http import urlencode

from evaluations.models import Evaluation, Item, Verdict
from evaluations.review.judged import judgements_of, progress_of
from projects.listing import query_without
from projects.models import Role
from projects.requests import Request


def review_context(
    request: Request, evaluation: Evaluation, items: Iterable[Item]
) -> dict[str, Any]:
    """For a list of utterances: what was said of these, and the progress of all."""
    rest = query_without(request, "page", "verdict")
    return judged_context(request, evaluation, items) | {
        "review": progress_of(evaluation),
        "unreviewed": f"?{rest}{'&' if rest else ''}verdict=none",
    }


def judged_context(
    request: Request, evaluation: Evaluation, items: Iterable[Item]
) -> dict[str, Any]:
    """For rows of utterances: what was said of these."""
    return part_context(request, evaluation) | {
        "judged": judgements_of(items),
        # Where a form leads back to without scripts.
        "back": request.get_full_path(),
        # One for all forms of the page: each new one costs as much as a row's text.
        "csrf_field": csrf_input(request),
    }


def page_of_row(request: Request, evaluation: Evaluation, position: int) -> str:
    """The page of this test that the form of a row was opened on (`back`), or else
    that of the utterance alone; without what is after #."""
    asked = request.POST.get("back") or request.GET.get("back", "")
    page = asked.partition("#")[0]
    alone = reverse("evaluation-utterance", args=[evaluation.pk, position])
    references = reverse("evaluation-references", args=[evaluation.pk])
    own = (evaluation.get_absolute_url(), references, alone)
    return page if page.partition("?")[0] in own else alone


def part_context(request: Request, evaluation: Evaluation) -> dict[str, Any]:
    """For any part of a review, also one that comes later."""
    level = request.GET.get("level")
    return {
        "project": evaluation.project,
        "evaluation": evaluation,
        "can_review": evaluation.project.role.may_act_as(Role.REVIEWER),
        "verdict_choices": Verdict.Choice.choices,
        # What addresses keep: the level at which the page shows everything.
        "level_query": urlencode({"level": level}) + "&" if level else "",
    }
