from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from evaluations.frame import evaluation_for
from evaluations.models import Evaluation, Item
from evaluations.review import services
from evaluations.review.forms import CommentForm, DeleteForm, VerdictForm
from evaluations.review.judged import (
    Judged,
    judgements_of,
    progress_of,
    reference_digest,
)
from evaluations.review.page import page_of_row, part_context
from evaluations.rows import Row
from projects.models import Role
from projects.requests import Request

# What a row says of what it shows: see `Judged.digest`.
_DIGEST = re.compile(r"([0-9]{1,9})\.[0-9a-f]{10}", re.ASCII)
_MOST_ROWS = 100  # a page has fewer


@require_safe
def changes(request: Request, evaluation_id: UUID) -> HttpResponse:
    """What others have said since a page was shown: 204 if nothing.

    `shown` has the digest of each row in sight, `corrected` those of their references
    (not of one that is being written), `progress` that of what is above them.
    """
    evaluation = evaluation_for(request, evaluation_id)
    shown, seen = _digests(request, "shown"), _digests(request, "corrected")
    asked = evaluation.items.filter(position__in={*shown.values(), *seen.values()})
    items = list(asked.select_related("utterance", "correction__by"))
    judged = judgements_of(one for one in items if one.position in shown.values())
    changed = [one for one in judged.values() if one.digest not in shown]
    parts = _parts(request, evaluation, changed, request.GET.get("progress"))
    corrected = [
        (
            Row(item, item.utterance.transcript, (), is_cut=False),
            page_of_row(request, evaluation, item.position),
        )
        for item in items
        if item.position in seen.values() and reference_digest(item) not in seen
    ]
    if corrected:
        parts |= part_context(request, evaluation) | {"corrected": corrected}
    if not parts:
        return HttpResponse(status=204)
    response = _swapped(request, parts)
    if corrected:
        response.headers["HX-Trigger"] = "corrected"  # figures follow
    return response


def _digests(request: Request, name: str) -> dict[str, int]:
    """The digests that a page has, each with the position of its row."""
    return {
        found[0]: int(found[1])
        for one in request.GET.getlist(name)[:_MOST_ROWS]
        if (found := _DIGEST.fullmatch(one))
    }


@require_POST
def verdict(request: Request, evaluation_id: UUID, position: int) -> HttpResponse:
    evaluation = evaluation_for(request, evaluation_id, Role.REVIEWER)
    form = _valid(VerdictForm(request.POST))
    choice, former = form.cleaned_data["choice"], form.cleaned_data["take_back"]
    with _or_404():
        if choice:
            item = services.judge(evaluation, position, request.user, choice)
        else:
            item = services.take_back(evaluation, position, former)
    return _answer(request, evaluation, item)


@require_POST
def comment(request: Request, evaluation_id: UUID, position: int) -> HttpResponse:
    evaluation = evaluation_for(request, evaluation_id, Role.REVIEWER)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _refused(request, evaluation, position, form)
    text = form.cleaned_data["text"]
    with _or_404():
        item = services.comment(evaluation, position, request.user, text)
    return _answer(request, evaluation, item)


@require_POST
def delete_comment(
    request: Request, evaluation_id: UUID, position: int
) -> HttpResponse:
    evaluation = evaluation_for(request, evaluation_id, Role.REVIEWER)
    key = _valid(DeleteForm(request.POST)).cleaned_data["comment"]
    may_any = evaluation.project.can_manage
    with _or_404():
        item = services.delete_comment(evaluation, position, request.user, key, may_any)
    return _answer(request, evaluation, item)


def _valid(form: Form) -> Form:
    """The form; a wrong value is not from a page of ours."""
    if not form.is_valid():
        raise BadRequest(form.errors.as_json())
    return form


@contextmanager
def _or_404() -> Iterator[None]:
    try:
        yield
    except Item.DoesNotExist as e:
        raise Http404("No such utterance.") from e


def _answer(request: Request, evaluation: Evaluation, item: Item) -> HttpResponse:
    """The row as it is now; without scripts, the page that the form was on."""
    if not request.htmx:
        return _back(request, evaluation, item.position)
    judged = judgements_of([item]).values()
    shown = request.POST.get("progress")
    return _swapped(request, _parts(request, evaluation, judged, shown))


def _refused(
    request: Request, evaluation: Evaluation, position: int, form: Form
) -> HttpResponse:
    errors = [str(error) for one in form.errors.values() for error in one]
    if not request.htmx:
        messages.error(request, " ".join(errors))
        return _back(request, evaluation, position)
    ctx = {"errors": errors, "key": str(position)}
    return render(request, "evaluations/review/_refused.html", ctx, status=422)


def _back(request: Request, evaluation: Evaluation, position: int) -> HttpResponse:
    return redirect(f"{page_of_row(request, evaluation, position)}#u-{position}")


def _parts(
    request: Request,
    evaluation: Evaluation,
    judged: Iterable[Judged],
    shown: str | None,
) -> dict[str, Any]:
    """What a page is to be told: these rows, and the progress, if it shows another."""
    parts: dict[str, Any] = {}
    if there := list(judged):
        parts["changed"] = there
    if shown is not None and (review := progress_of(evaluation)).digest != shown:
        parts["review"] = review
    return parts and parts | part_context(request, evaluation)


def _swapped(request: Request, parts: dict[str, Any]) -> HttpResponse:
    return render(request, "evaluations/review/_changes.html", parts)
