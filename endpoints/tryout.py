"""The page where a model is tried by voice or with a file. It talks to the data plane
as any client does, with a token of its own."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from endpoints.choices import Choice, asked_for, choices
from endpoints.sample_code import Addresses
from projects.access import project_for
from projects.requests import Request


@require_safe
def show(request: Request, project_id: UUID) -> HttpResponse:
    """`?endpoint=` or `?model=` is what answers; else the first that does."""
    project = project_for(request.user, project_id)
    found = choices(project)
    chosen = asked_for(found, request.GET.dict())
    if chosen is None and {"endpoint", "model"} & request.GET.keys():
        raise Http404("There is no such endpoint or model to try.")
    ctx = {
        "project": project,
        "room": "try",
        "endpoints": [one for one in found if one.kind == "endpoint"],
        "models": [one for one in found if one.kind == "model"],
        "chosen": chosen or _first(found),
        "stream_host": Addresses(settings.RECOGNITION_URL).websocket_root,
    }
    return render(request, "endpoints/try.html", ctx)


@require_POST
@never_cache
def token(request: Request, project_id: UUID) -> HttpResponse:
    """A token for what is named as in the address of the page, or why there is none."""
    project = project_for(request.user, project_id)
    chosen = asked_for(choices(project), request.POST.dict())
    if chosen is None:
        message = "It was deleted meanwhile. Reload the page and choose another one."
        return JsonResponse({"message": message}, status=404)
    if chosen.why_not:
        message = f"“{chosen.name}” does not answer. {chosen.why_not}"
        return JsonResponse({"message": message}, status=409)
    return JsonResponse({"token": chosen.token(project), "logged": chosen.is_logged})


def _first(found: list[Choice]) -> Choice | None:
    return next((one for one in found if not one.why_not), None)
