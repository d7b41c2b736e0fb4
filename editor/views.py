from __future__ import annotations

from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from django_htmx.http import HttpResponseClientRefresh

from editor import replace as replacing
from editor import rows, services
from editor.forms import ExportForm, RenameForm, ReplaceForm, importable
from editor.models import EditorSet, Recording
from editor.pieces import Refused
from projects.access import project_for
from projects.listing import (
    Filter,
    Listing,
    columns,
    page_of,
    query_without,
    search_of,
)
from projects.models import Role
from projects.rename import rename_page
from projects.requests import Request

_LISTING = Listing(
    sorts={"name": "name", "status": "status", "created": "created"},
    heads=[
        ("Name", "name"),
        ("Made from", ""),
        ("Status", "status"),
        ("Recordings#", ""),
        ("Done#", ""),
        ("Created", "created"),
    ],
    searched=["name", "description"],
    filters=[Filter("status", "Status", EditorSet.Status.choices)],
)
_SHOWN_MATCHES = 50
# Whoever looks before replacing must not wait for the last of a hundred thousand.
_COUNTED_MATCHES = 1000
_SHOWN_EXPORTS = _SHOWN_REPLACEMENTS = 5


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id)
    sets = project.editor_sets.prefetch_related("sources")
    ctx = _LISTING.context(request, sets) | {
        "project": project,
        "room": "datasets",
        "can_import": importable(project).exists(),
    }
    ctx["is_active"] = any(row.is_active for row in ctx["page"])
    ctx["rows"] = _counted(list(ctx["page"]))
    part = "_table" if request.htmx else "list"
    return render(request, f"editor/{part}.html", ctx)


@require_safe
def detail(request: Request, set_id: UUID) -> HttpResponse:
    """The page of a set; htmx asks for what its jobs do alone."""
    editor_set = _set_for(request, set_id)
    ctx = _context(editor_set) | {"exports": _exports(editor_set)}
    ctx["is_active"] = editor_set.is_active or any(
        export.is_active for export in ctx["exports"]
    )
    if request.htmx:
        if "importing" in request.GET and not editor_set.is_active:
            return HttpResponseClientRefresh()
        return render(request, "editor/_jobs.html", ctx)
    ctx |= {
        "page": page_of(request, rows.listed(request, editor_set)),
        "columns": columns(request, rows.HEADS, "position"),
        "query": query_without(request, "page"),
        "filters": query_without(request, "page", "sort"),
        "q": search_of(request),
        "state": request.GET.get("state", ""),
        "states": rows.STATES,
        "totals": editor_set.recordings.aggregate(
            recordings=Count("pk"),
            done=Count("pk", filter=Q(is_done=True)),
            seconds=Sum("seconds", default=0.0),
            drafts=Sum("draft_count", default=0),
            empty=Sum("empty_count", default=0),
        ),
    }
    return render(request, "editor/detail.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, set_id: UUID) -> HttpResponse:
    editor_set = _set_for(request, set_id, Role.EDITOR)
    form = RenameForm(request.POST or None, instance=editor_set)
    if request.method == "POST" and form.is_valid():
        services.rename(editor_set, **form.cleaned_data)
        return redirect(editor_set)
    ctx = {
        "project": editor_set.project,
        "room": "datasets",
        "list_title": "Editor",
        "list_url": reverse("editor-list", args=[editor_set.project_id]),
    }
    return rename_page(request, editor_set, form, ctx)


@require_POST
def retry(request: Request, set_id: UUID) -> HttpResponse:
    editor_set = _set_for(request, set_id, Role.EDITOR)
    services.retry(editor_set)
    return redirect(editor_set)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, set_id: UUID) -> HttpResponse:
    editor_set = _set_for(request, set_id, Role.EDITOR)
    if request.method == "POST":
        services.delete(editor_set)
        messages.success(request, f"“{editor_set.name}” was deleted.")
        return redirect("editor-list", editor_set.project_id)
    ctx = _context(editor_set)
    ctx["totals"] = editor_set.recordings.aggregate(
        recordings=Count("pk"),
        edited=Count("pk", filter=Q(edited_at__isnull=False)),
    )
    return render(request, "editor/delete.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: Request, set_id: UUID) -> HttpResponse:
    """Ask for the new dataset's name; the address says which recordings."""
    editor_set = _set_for(request, set_id, Role.EDITOR)
    recordings = rows.chosen(request, editor_set)
    form = ExportForm(request.POST or None, initial={"name": editor_set.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.export(editor_set, recordings, **form.cleaned_data)
        except Refused as e:
            form.add_error(None, str(e))
        else:
            return redirect(editor_set)
    ctx = _context(editor_set) | {
        "form": form,
        "key": uuid4(),
        "totals": recordings.order_by().aggregate(
            recordings=Count("pk"),
            seconds=Sum("seconds", default=0.0),
            segments=Sum("segment_count", default=0),
            drafts=Sum("draft_count", default=0),
            empty=Sum("empty_count", default=0),
        ),
    }
    status = 422 if form.errors else 200
    return render(request, "editor/export.html", ctx, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: Request, set_id: UUID) -> HttpResponse:
    """Find and replace: what would change first, then the deed."""
    editor_set = _set_for(request, set_id, Role.REVIEWER)
    form = ReplaceForm(request.POST or request.GET or None)
    former = editor_set.replacements.select_related("user")
    ctx = _context(editor_set) | {
        "form": form,
        "former": list(former.prefetch_related("rewrites")[:_SHOWN_REPLACEMENTS]),
    }
    ctx["is_active"] = any(
        item.rewrite and item.rewrite.is_active for item in ctx["former"]
    )
    if request.htmx:
        return render(request, "editor/_former.html", ctx)
    if form.is_valid():
        search = replacing.Search(**form.cleaned_data)
        try:
            if request.method == "POST":
                replacing.start(request.user, editor_set, search)
                return redirect("editor-replace", editor_set.pk)
            ctx |= _preview(editor_set, search)
        except Refused as e:
            form.add_error(None, str(e))
    status = 422 if form.errors else 200
    return render(request, "editor/replace.html", ctx, status=status)


@require_POST
def undo_replace(request: Request, set_id: UUID, replacement_id: int) -> HttpResponse:
    editor_set = _set_for(request, set_id, Role.REVIEWER)
    former = get_object_or_404(
        editor_set.replacements, pk=replacement_id, is_undone=False
    )
    try:
        replacing.start_undo(request.user, former)
    except Refused as e:
        messages.warning(request, str(e))
    return redirect("editor-replace", editor_set.pk)


def _set_for(request: Request, set_id: UUID, role: Role = Role.VIEWER) -> EditorSet:
    editor_set = get_object_or_404(EditorSet.objects.select_related("model"), pk=set_id)
    editor_set.project = project_for(request.user, editor_set.project_id, role)
    return editor_set


def _context(editor_set: EditorSet) -> dict[str, Any]:
    project = editor_set.project
    return {
        "project": project,
        "room": "datasets",
        "set": editor_set,
        "can_review": project.role.may_act_as(Role.REVIEWER),
    }


def _counted(sets: list[EditorSet]) -> list[dict[str, Any]]:
    """Each set with the number of its recordings, and of those that are done."""
    found = Recording.objects.filter(editor_set__in=sets).order_by()
    counts = found.values("editor_set").annotate(
        recordings=Count("pk"), done=Count("pk", filter=Q(is_done=True))
    )
    by_set = {row["editor_set"]: row for row in counts}
    return [{"set": row, "counts": by_set.get(row.pk)} for row in sets]


def _exports(editor_set: EditorSet) -> list[Any]:
    return list(editor_set.exports.select_related("dataset")[:_SHOWN_EXPORTS])


def _preview(editor_set: EditorSet, search: replacing.Search) -> dict[str, Any]:
    found = list(islice(replacing.matches(editor_set, search), _COUNTED_MATCHES + 1))
    return {
        "search": search,
        "shown": [(row, search.parts(row.text)) for row in found[:_SHOWN_MATCHES]],
        "number": min(len(found), _COUNTED_MATCHES),
        "is_more": len(found) > _COUNTED_MATCHES,
    }
