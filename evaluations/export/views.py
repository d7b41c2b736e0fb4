from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from evaluations.export.formats import FORMATS, Format
from evaluations.export.utterances import Order
from evaluations.frame import Frame, against_of, frame
from evaluations.selection import selection_of
from projects.downloads import download, file_name
from projects.requests import Request


@require_safe
def export(request: Request, evaluation_id: UUID, form: str) -> HttpResponseBase:
    """The utterances that the address asks for, as on the page, in some format."""
    here = frame(request, evaluation_id, "evaluation-detail")
    chosen = FORMATS.get(form)
    if chosen is None or not chosen.fits(here.evaluation):
        raise Http404("There is no such format.")
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
    return file_name(here.evaluation.name) + chosen.ending
