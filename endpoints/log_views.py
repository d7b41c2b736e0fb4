"""The content logs of an endpoint: to hear, to take away, to delete, to learn from."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Count, Max, Min, Sum
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_safe

from editor import heard
from editor.disk import DiskFull
from editor.pieces import Refused
from endpoints import log_list, logs
from endpoints.frame import here_for, page
from endpoints.log_archive import archive
from endpoints.log_forms import CorrectForm, DeleteForm
from endpoints.models import Endpoint, LogEntry
from projects.downloads import download, file_name
from projects.files import serve
from projects.listing import columns, page_of, query_without, search_of
from projects.models import Role
from projects.requests import Request

_LIMITS = (50, 60, 70, 80, 90, 95)  # per cent of confidence to filter by


@require_safe
def index(request: Request, endpoint_id: UUID) -> HttpResponse:
    endpoint = here_for(request, endpoint_id)
    asked = log_list.asked_of(request, endpoint)
    ctx = {
        "page": page_of(request, asked.rows),
        "columns": columns(request, log_list.HEADS, log_list.DEFAULT_SORT),
        "query": query_without(request, "page"),
        "q": search_of(request),
        "asked": asked,
        "limits": _LIMITS,
        "orders": log_list.ORDERS,
        "sort": request.GET.get("sort", log_list.DEFAULT_SORT),
        "passed_on": [
            (name, request.GET[name])
            for name in (*log_list.FILTERS, "sort")
            if request.GET.get(name)
        ],
        "is_filtered": any(request.GET.get(name) for name in log_list.FILTERS),
        "days": logs.KEPT.days,
    }
    status = 400 if asked.problems else 200
    return page(request, endpoint, "logs", ctx, status)


@require_safe
def audio(request: Request, endpoint_id: UUID, entry_id: UUID) -> HttpResponseBase:
    entry = _entry_for(request, endpoint_id, entry_id)
    name = PurePosixPath(entry.audio).name if "download" in request.GET else ""
    return serve(request, entry.audio, "audio/wav", name)


@require_safe
def transcript(request: Request, endpoint_id: UUID, entry_id: UUID) -> HttpResponseBase:
    entry = _entry_for(request, endpoint_id, entry_id)
    name = entry.transcript
    return serve(request, name, "application/json", PurePosixPath(name).name)


@require_safe
def download_chosen(request: Request, endpoint_id: UUID) -> HttpResponseBase:
    """An archive of the chosen pairs of files."""
    endpoint = here_for(request, endpoint_id)
    entries = log_list.chosen_of(request, endpoint).entries
    if not entries.exists():
        messages.warning(request, "Nothing was chosen.")
        return redirect(_list_url(request, endpoint))
    name = f"{file_name(endpoint.name)} logs.zip"
    parts = [] if request.method == "HEAD" else archive(entries)
    return download(parts, "application/zip", name)


@require_http_methods(["GET", "HEAD", "POST"])
def delete_chosen(request: Request, endpoint_id: UUID) -> HttpResponse:
    """The address says which; nothing goes before somebody has confirmed it, nor what
    came after they were asked."""
    endpoint = here_for(request, endpoint_id, Role.EDITOR)
    moment = now()
    asked = log_list.chosen_of(request, endpoint)
    form = DeleteForm(request.POST)
    if request.method == "POST" and form.is_valid():
        number = logs.delete(asked.entries, form.cleaned_data["before"])
        ending = "request was" if number == 1 else "requests were"
        messages.success(request, f"{number:,} logged {ending} deleted.")
        return redirect("endpoint-log-list", endpoint.pk)
    ctx = _chosen(request, endpoint, asked) | {"moment": moment}
    ctx["is_long"] = ctx["totals"]["number"] > logs.AT_ONCE
    status = 400 if asked.problems else 200
    return page(request, endpoint, "logs_delete", ctx, status)


@require_http_methods(["GET", "HEAD", "POST"])
def correct_chosen(request: Request, endpoint_id: UUID) -> HttpResponse:
    """Make a set of the transcription editor of them, with their texts as drafts."""
    endpoint = here_for(request, endpoint_id, Role.EDITOR)
    asked = log_list.chosen_of(request, endpoint)
    form = CorrectForm(
        request.POST or None, initial={"name": f"Logs of {endpoint.name}"[:200]}
    )
    ctx = _chosen(request, endpoint, asked) | {"form": form, "key": uuid4()}
    try:
        heard.check(ctx["totals"]["number"], ctx["totals"]["seconds"])
        if request.method == "POST" and form.is_valid():
            entries = asked.rows[: heard.MOST_RECORDINGS]
            recordings = [_heard(entry) for entry in entries if entry.audio]
            answers = form.cleaned_data
            return redirect(heard.create(endpoint.project, recordings, **answers))
    except (Refused, DiskFull) as e:
        ctx["problem"] = str(e)
    status = 422 if form.errors or "problem" in ctx else 200
    return page(request, endpoint, "logs_correct", ctx, status)


def _entry_for(request: Request, endpoint_id: UUID, entry_id: UUID) -> LogEntry:
    endpoint = here_for(request, endpoint_id)
    return get_object_or_404(endpoint.log_entries, pk=entry_id)


def _chosen(
    request: Request, endpoint: Endpoint, asked: log_list.Asked
) -> dict[str, Any]:
    """What pages say that ask before they act."""
    return {
        "asked": asked,
        "list_url": _list_url(request, endpoint),
        "totals": asked.entries.aggregate(
            number=Count("pk"),
            seconds=Sum("seconds", default=0.0),
            first=Min("created"),
            last=Max("created"),
        ),
    }


def _list_url(request: Request, endpoint: Endpoint) -> str:
    """The list, narrowed as it was."""
    query = log_list.filters_of(request)
    address = reverse("endpoint-log-list", args=[endpoint.pk])
    return f"{address}?{query}" if query else address


def _heard(entry: LogEntry) -> heard.Heard:
    name = PurePosixPath(entry.audio).name
    return heard.Heard(name, entry.audio, entry.seconds, entry.text)
