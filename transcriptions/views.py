from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from django_htmx.http import HttpResponseClientRefresh

from editor.disk import DiskFull
from projects.access import project_for
from projects.files import serve
from projects.listing import Filter, Listing
from projects.models import Role
from projects.rename import rename_page
from projects.requests import Request
from training.services import usable
from transcriptions import services
from transcriptions.access import file_for, transcription_for
from transcriptions.forms import AgainForm, RenameForm, TranscriptionForm
from transcriptions.models import Transcription, TranscriptionFile
from transcriptions.outcome import OUTCOMES, with_outcomes
from transcriptions.stored import lines, read

_ROOM = "transcriptions"
_LISTING = Listing(
    sorts={"name": "name", "outcome": "outcome", "created": "created"},
    heads=[
        ("Name", "name"),
        ("Model", ""),
        ("Status", "outcome"),
        ("Files#", ""),
        ("Created", "created"),
        ("Kept until", ""),
    ],
    searched=["name", "description"],
    filters=[Filter("outcome", "Status", OUTCOMES)],
)
_FILES = Listing(
    sorts={
        "position": "position",
        "name": "name",
        "status": "status",
        "seconds": "seconds",
    },
    heads=[
        ("File", "name"),
        ("Status", "status"),
        ("Length#", "seconds"),
        ("Channels#", ""),
        ("Text", ""),
    ],
    searched=["name", "text"],
    filters=[Filter("status", "Status", TranscriptionFile.Status.choices)],
    default="position",
)


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id)
    rows = with_outcomes(project.transcriptions.all()).annotate(
        file_count=Count("files"),
        failed_count=Count(
            "files", filter=Q(files__status=Transcription.Status.FAILED)
        ),
    )
    ctx = _LISTING.context(request, rows) | {"project": project, "room": _ROOM}
    ctx["is_active"] = any(row.is_active for row in ctx["page"])
    part = "_table" if request.htmx else "list"
    return render(request, f"transcriptions/{part}.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    is_post = request.method == "POST"
    form = TranscriptionForm(
        request.POST if is_post else None,
        request.FILES if is_post else None,
        project=project,
        initial={
            "model": request.GET.get("model"),
            "dataset": request.GET.get("dataset"),
        },
    )
    if is_post and form.is_valid():
        try:
            return redirect(services.create(project, **form.answers()))
        except DiskFull as e:
            form.add_error(None, str(e))
    ctx = {
        "project": project,
        "room": _ROOM,
        "form": form,
        "key": uuid4(),
        "datasets": form.datasets,
        "has_model": bool(usable(project)),
    }
    status = 422 if form.errors else 200
    return render(request, "transcriptions/new.html", ctx, status=status)


@require_safe
def detail(request: Request, transcription_id: UUID) -> HttpResponse:
    """The page of a transcription; htmx asks for its files alone, while it runs."""
    transcription = transcription_for(request, transcription_id)
    if request.htmx and not transcription.is_active:
        return HttpResponseClientRefresh()
    files = transcription.files.all()
    ctx = _context(transcription) | _FILES.context(request, files)
    ctx["totals"] = files.order_by().aggregate(
        files=Count("pk"),
        succeeded=Count("pk", filter=Q(status=Transcription.Status.SUCCEEDED)),
        failed=Count("pk", filter=Q(status=Transcription.Status.FAILED)),
        seconds=Sum("seconds", default=0.0),
    )
    if not transcription.is_active and transcription.project.can_edit:
        ctx["again"] = AgainForm(transcription=transcription)
    part = "_files" if request.htmx else "detail"
    return render(request, f"transcriptions/{part}.html", ctx)


@require_safe
def file(request: Request, transcription_id: UUID, position: int) -> HttpResponse:
    """One file: its sound, and what is said in it."""
    one = file_for(request, transcription_id, position)
    if request.htmx and not one.is_active:
        return HttpResponseClientRefresh()
    ctx = _context(one.transcription) | {"file": one}
    if request.htmx:
        return render(request, "transcriptions/_file_progress.html", ctx)
    others = one.transcription.files
    ctx |= {
        "lines": lines(read(one)) if one.result else [],
        "forms": {"txt": "TXT", "srt": "SRT", "vtt": "VTT", "json": "JSON"}.items(),
        "previous": others.filter(position=position - 1).first(),
        "next": others.filter(position=position + 1).first(),
    }
    return render(request, "transcriptions/file.html", ctx)


@require_safe
def audio(request: Request, transcription_id: UUID, position: int) -> HttpResponseBase:
    one = file_for(request, transcription_id, position)
    return serve(request, one.audio.name, "audio/wav")


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, transcription_id: UUID) -> HttpResponse:
    transcription = transcription_for(request, transcription_id, Role.EDITOR)
    form = RenameForm(request.POST or None, instance=transcription)
    if request.method == "POST" and form.is_valid():
        services.rename(transcription, **form.cleaned_data)
        return redirect(transcription)
    ctx = {
        "project": transcription.project,
        "room": _ROOM,
        "list_title": "Transcribe",
        "list_url": reverse("transcription-list", args=[transcription.project_id]),
    }
    return rename_page(request, transcription, form, ctx)


@require_POST
def again(request: Request, transcription_id: UUID) -> HttpResponse:
    """Try again what has failed."""
    transcription = transcription_for(request, transcription_id, Role.EDITOR)
    form = AgainForm(request.POST, transcription=transcription)
    if form.is_valid():
        services.go_on(transcription, **form.cleaned_data)
    for found in form.errors.as_data().values():
        for error in found:
            messages.error(request, " ".join(error.messages))
    return redirect(transcription)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, transcription_id: UUID) -> HttpResponse:
    transcription = transcription_for(request, transcription_id, Role.EDITOR)
    if request.method == "POST":
        services.delete(transcription)
        messages.success(request, f"“{transcription.name}” was deleted.")
        return redirect("transcription-list", transcription.project_id)
    return render(request, "transcriptions/delete.html", _context(transcription))


def _context(transcription: Transcription) -> dict[str, Any]:
    return {
        "project": transcription.project,
        "room": _ROOM,
        "transcription": transcription,
    }
