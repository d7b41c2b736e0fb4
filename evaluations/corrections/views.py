"""References that are suspected to be wrong, and what people make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from datasets import services as datasets
from datasets.models import Dataset
from evaluations.columns import columns_of
from evaluations.corrections import services, versions
from evaluations.corrections.collected import Collected, collected_of
from evaluations.corrections.figures import pairs_of
from evaluations.corrections.forms import VersionForm
from evaluations.corrections.lineup import lineup_of
from evaluations.corrections.suspects import Reasons, reasons_of, suspects_of
from evaluations.frame import Frame, about, evaluation_for, frame
from evaluations.levels import Scored
from evaluations.models import Correction, Evaluation, Hypothesis, Item
from evaluations.review.page import page_of_row, review_context
from evaluations.rows import ROWS_ON_A_PAGE, Row, rows_of
from projects.listing import page_of, query_without
from projects.models import Role
from projects.requests import Request

TAB = "evaluation-references"


@dataclass(frozen=True)
class Suspect:
    """A row of the page; `version` is what its correction is part of."""

    row: Row
    reasons: Reasons | None
    version: Dataset | None


@require_safe
def index(request: Request, evaluation_id: UUID) -> HttpResponse:
    page = _frame(request, evaluation_id)
    ctx = page.context | _asked(request, page.evaluation)
    if page.shown.models:
        ctx |= _whole(page, VersionForm(initial=_proposed(page)))
    return render(request, "evaluations/corrections/list.html", ctx)


@require_safe
def state(request: Request, evaluation_id: UUID) -> HttpResponse:
    """The figures and the versions, which change with corrections and by themselves."""
    page = _frame(request, evaluation_id)
    ctx = page.context | _asked(request, page.evaluation)
    collected = collected_of(page.evaluation)
    ctx |= _state(page, VersionForm(initial=_proposed(page)), collected)
    return render(request, "evaluations/corrections/_state.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: Request, evaluation_id: UUID, position: int) -> HttpResponse:
    """The form for one reference: in its row, or as a page of its own."""
    evaluation = evaluation_for(request, evaluation_id, Role.REVIEWER)
    if evaluation.is_inspection:
        raise Http404("An inspection has no references.")
    items = evaluation.items.select_related("utterance__loudness", "utterance__dataset")
    item = get_object_or_404(items, position=position)
    item.evaluation = evaluation
    item.utterance.dataset.project = evaluation.project
    if request.method == "POST":
        return _save(request, item)
    found = services.correction_of(item)
    if "cancel" in request.GET:
        return _done(request, item)
    text = found.text if found else item.utterance.transcript
    taken = _heard(item).filter(candidate__position=_number(request, "take")).first()
    return _form(request, item, found, taken.text if taken else text)


@require_POST
def make_version(request: Request, evaluation_id: UUID) -> HttpResponse:
    page = _frame(request, evaluation_id, Role.EDITOR)
    form = VersionForm(request.POST)
    if form.is_valid():
        try:
            versions.make_version(page.evaluation, form.cleaned_data["name"])
        except versions.BeingMade as e:
            messages.info(request, str(e))
        except (versions.Refused, datasets.Refused) as e:
            messages.error(request, str(e))
        address, query = reverse(TAB, args=[page.evaluation.pk]), page.shown.query()
        return redirect(f"{address}?{query}" if query else address)
    ctx = page.context | _asked(request, page.evaluation)
    ctx |= _whole(page, form)
    return render(request, "evaluations/corrections/list.html", ctx, status=422)


def _frame(request: Request, evaluation_id: UUID, role: Role = Role.VIEWER) -> Frame:
    page = frame(request, evaluation_id, TAB, role)
    if page.evaluation.is_inspection:
        raise Http404("An inspection has no references.")
    return page


def _asked(request: Request, evaluation: Evaluation) -> dict[str, Any]:
    """What may be done here, and where forms lead back to without scripts."""
    return {
        "can_review": evaluation.project.role.may_act_as(Role.REVIEWER),
        "back": request.get_full_path(),
        "only": "corrected" if request.GET.get("only") == "corrected" else "",
    }


def _proposed(page: Frame) -> dict[str, str]:
    return {"name": versions.proposed_name(page.evaluation)}


def _whole(page: Frame, form: VersionForm) -> dict[str, Any]:
    collected = collected_of(page.evaluation)
    return _state(page, form, collected) | _suspected(page, collected)


def _state(page: Frame, form: VersionForm, collected: Collected) -> dict[str, Any]:
    return {
        "pairs": pairs_of(page.shown),
        "corrected": page.evaluation.corrections.count(),
        "collected": collected,
        "lineup": lineup_of(page.shown),
        "form": form,
    }


def _suspected(page: Frame, collected: Collected) -> dict[str, Any]:
    """The rows of the page: what is suspected, or what was corrected."""
    evaluation, shown = page.evaluation, page.shown
    if not shown.tables:
        return {"is_lost": True}
    suspects, columns = suspects_of(shown), columns_of(evaluation)
    if page.request.GET.get("only") == "corrected":
        corrections = evaluation.corrections.order_by("item__position")
        chosen = list(corrections.values_list("item__position", flat=True))
        there = page_of(page.request, chosen, ROWS_ON_A_PAGE)
        positions = list(there)
    else:
        there = page_of(page.request, suspects.rows, ROWS_ON_A_PAGE)
        positions = columns.positions[list(there)].tolist()
    rows = _rows(shown, positions, collected)
    items = [one.row.item for one in rows]
    return review_context(page.request, evaluation, items) | {
        # Nothing is filtered by verdicts here, but in the list of utterances.
        "unreviewed": f"{evaluation.get_absolute_url()}?{shown.query(verdict='none')}",
        "page": there,
        "suspects": rows,
        "basis": suspects.basis,
        "number": len(suspects.rows),
        "query": query_without(page.request, "page"),
    }


def _rows(shown: Scored, positions: list[int], collected: Collected) -> list[Suspect]:
    items = shown.evaluation.items.filter(position__in=positions)
    found = {
        item.position: item
        for item in items.select_related("utterance__loudness", "correction__by")
    }
    columns = columns_of(shown.evaluation)
    numbers = np.searchsorted(columns.positions, positions).tolist()
    rows = rows_of(shown, [found[position] for position in positions])
    return [
        Suspect(
            row,
            reasons_of(shown.tables, number),
            collected.version_of(row.item.position, _text(row.item)),
        )
        for row, number in zip(rows, numbers, strict=True)
    ]


def _text(item: Item) -> str:
    correction: Correction | None = getattr(item, "correction", None)
    return correction.text if correction else ""


def _save(request: Request, item: Item) -> HttpResponse:
    text, seen = request.POST.get("text", ""), request.POST.get("seen", "")
    try:
        if "take_back" in request.POST:
            services.take_back(item, seen)
        else:
            services.correct(item, text, request.user, seen)
    except services.Refused as e:
        current = services.correction_of(item)
        return _form(request, item, current, text, seen=seen, error=str(e))
    except services.Changed as e:
        return _form(request, item, e.correction, text, is_changed=True)
    return _done(request, item)


def _done(request: Request, item: Item) -> HttpResponse:
    """The line of the reference as it is now, or the page that it was on."""
    if not request.htmx:
        return HttpResponseRedirect(
            f"{page_of_row(request, item.evaluation, item.position)}#u-{item.position}"
        )
    ctx = about(item.evaluation) | {
        "row": Row(item, item.utterance.transcript, (), is_cut=False),
        "can_review": True,
        "back": page_of_row(request, item.evaluation, item.position),
        "has_focus": True,
    }
    response = render(request, "evaluations/corrections/_reference.html", ctx)
    if request.method == "POST":
        response.headers["HX-Trigger"] = "corrected"
    return response


def _form(
    request: Request,
    item: Item,
    found: Correction | None,
    text: str,
    *,
    seen: str | None = None,
    error: str = "",
    is_changed: bool = False,
) -> HttpResponse:
    ctx = about(item.evaluation) | {
        "item": item,
        "correction": found,
        "text": text,
        "most": services.MOST_CHARACTERS,
        # Who was told of another's change has seen it.
        "seen": services.seen_of(found) if seen is None else seen,
        "error": error,
        "is_changed": is_changed,
        "heard": _heard(item),
        "back": page_of_row(request, item.evaluation, item.position),
    }
    name = "_form" if request.htmx else "correct"
    status = 422 if error or is_changed else 200
    return render(request, f"evaluations/corrections/{name}.html", ctx, status=status)


def _heard(item: Item) -> Any:
    """What models have heard in it, in their order."""
    rows = Hypothesis.objects.filter(item=item, error="").exclude(text="")
    return rows.select_related("candidate__model").order_by("candidate__position")


def _number(request: Request, name: str) -> int:
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0
