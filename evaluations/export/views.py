from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from evaluations.export.formats import FORMATS, Format
from evaluations.export.utterances import Order
from evaluations.frame import Frame, against_of, frame
from evaluations.models import Scoring
from evaluations.selection import selection_of
from projects.downloads import download, file_name
from projects.requests import Request

_RETRY_SECONDS = 5


@require_safe
def export(request: Request, evaluation_id: UUID, form: str) -> HttpResponseBase:
    """The utterances that the address asks for, as on the page, in some format.

    While errors are counted at its level, there are none to be had.
    """
    here = frame(request, evaluation_id, "evaluation-detail")
    chosen = FORMATS.get(form)
    if chosen is None or not chosen.fits(here.evaluation):
        raise Http404("There is no such format.")
    if chosen.is_of_utterances and here.shown.waits_for:
        return _later(request, here, here.shown.waits_for)
    if chosen.is_of_utterances and not here.shown.models:
        raise Http404("There are no results yet.")
    if request.method == "HEAD":
        return HttpResponse(content_type=chosen.content_type)
    parts = chosen.write(_order(request, here))
    return download(parts, chosen.content_type, _name(here, chosen))


def _order(request: Request, here: Frame) -> Order:
    selection, models = selection_of(request, here.shown), here.shown.models
    return Order(
        shown=here.shown,
        candidates=here.candidates,
        positions=selection.positions,
        filters=selection.words,
        chosen=selection.asked.model,
        against=against_of(request, here.evaluation, models) if models else None,
        site=request.build_absolute_uri("/").rstrip("/"),
    )


def _name(here: Frame, chosen: Format) -> str:
    """`Calls, lexical.csv`: the same test has other figures at another level."""
    name, level = file_name(here.evaluation.name), here.shown.scale.level.value
    return f"{name}, {level}{chosen.ending}"


def _later(request: Request, here: Frame, scoring: Scoring) -> HttpResponse:
    """A person is led to the page that shows the counting; a program is told."""
    level = here.shown.scale.name
    if scoring.is_active:
        text = f"Errors are being counted at the level “{level}”. Export again then."
    else:
        text = f"Errors could not be counted at the level “{level}”. {scoring.error}"
    if "text/html" in request.headers.get("Accept", ""):
        messages.info(request, text)
        query = request.GET.urlencode()
        return redirect(f"{here.evaluation.get_absolute_url()}?{query}")
    response = HttpResponse(text, "text/plain; charset=utf-8", status=503)
    if scoring.is_active:
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response
