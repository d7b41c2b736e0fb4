"""The page where the texts of a recording are written, and what it sends.

Its script sends each deed and gets what is new since the revision that it shows,
its own deed included; between deeds it asks for news now and then. So everybody
who has the page open sees what the others do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.views.decorators.http import require_POST, require_safe

from datasets import waveform
from editor import changes, history, window
from editor.forms import DeedForm
from editor.history import Conflict
from editor.models import Change, Recording, Segment, Shard
from editor.pieces import Refused
from projects.access import project_for
from projects.files import serve
from projects.models import Role
from projects.requests import Request
from training.services import usable_here

Answers: TypeAlias = dict[str, Any]
_OUTLINE_BARS = 1000  # of a whole recording


@require_safe
def show(request: Request, set_id: UUID, position: int) -> HttpResponse:
    recording = get_object_or_404(
        Recording.objects.select_related("editor_set", "sound", "edited_by"),
        editor_set=set_id,
        position=position,
    )
    project = _grant(request, recording, Role.VIEWER)
    places = window.places_of(recording)
    others = recording.editor_set.recordings.defer("search", "transcript")
    previous = others.filter(position__lt=position).order_by("-position").first()
    ctx = {
        "project": project,
        "room": "datasets",
        "set": recording.editor_set,
        "recording": recording,
        "labels": sorted(recording.labels.items()),
        "can_review": project.role.may_act_as(Role.REVIEWER),
        "outline": waveform.path(bytes(recording.sound.peaks), _OUTLINE_BARS),
        "models": usable_here(project),
        "previous": previous,
        "next": others.filter(position__gt=position).first(),
        "total": others.aggregate(number=Count("pk"))["number"],
        "news": _news(request, recording, recording.revision) | {"places": places},
        **window.shown(recording, places, request.GET),
    }
    return render(request, "editor/recording.html", ctx)


@require_safe
def audio(request: Request, recording_id: int) -> HttpResponseBase:
    recording = _recording_for(request, recording_id, Role.VIEWER)
    return serve(request, recording.audio.name, "audio/wav")


@require_safe
def news(request: Request, recording_id: int) -> HttpResponse:
    """What is newer than `revision`; the rows anew if any came, went or moved."""
    recording = _recording_for(request, recording_id, Role.VIEWER)
    role = recording.editor_set.project.role
    return JsonResponse(_answer(request, recording, role))


@require_POST
def do(request: Request, recording_id: int, deed: str) -> HttpResponse:
    """One deed: 409 when somebody else was faster, 422 when it cannot be done."""
    recording = _recording_for(request, recording_id, Role.REVIEWER)
    role = recording.editor_set.project.role
    form = DeedForm(request.POST)
    act = _DEEDS.get(deed)
    if act is None:
        raise Http404("No such deed.")
    if not form.is_valid():
        problems = [f"{name}: {e[0]}" for name, e in form.errors.items()]
        return JsonResponse({"error": " ".join(problems)}, status=400)
    try:
        recording = act(request.user, recording, form.cleaned_data)
    except Conflict as e:
        recording.refresh_from_db()
        answer = _answer(request, recording, role) | {"error": str(e)}
        answer["theirs"] = _segment(e.segment) if e.segment else None
        return JsonResponse(answer, status=409)
    except Refused as e:
        return JsonResponse({"error": str(e)}, status=422)
    return JsonResponse(_answer(request, recording, role))


def _write(user: User, recording: Recording, a: Answers) -> Recording:
    return changes.write(user, recording.pk, *_seen(a), a["text"])


def _accept(user: User, recording: Recording, a: Answers) -> Recording:
    return changes.accept(user, recording.pk, *_seen(a))


def _split(user: User, recording: Recording, a: Answers) -> Recording:
    texts = (a["head"], a["tail"])
    return changes.split(user, recording.pk, *_seen(a), texts, a["at"])


def _merge(user: User, recording: Recording, a: Answers) -> Recording:
    return changes.merge(user, recording.pk, *_seen(a), a["next_version"] or 0)


def _move(user: User, recording: Recording, a: Answers) -> Recording:
    if a["at"] is None:
        raise Refused("Say where the border is to be, in seconds.")
    return changes.move(user, recording.pk, *_seen(a), a["next_version"] or 0, a["at"])


def _recut(user: User, recording: Recording, a: Answers) -> Recording:
    if a["min_silence"] is None:
        raise Refused("Say how long a silence must be to be cut at, in seconds.")
    model = None
    if a["model"]:
        project = recording.editor_set.project
        model = next((m for m in usable_here(project) if m.pk == a["model"]), None)
        if model is None:
            raise Refused("This model is no longer offered. Reload the page.")
    return changes.recut(
        user, recording.pk, a["revision"] or 0, a["min_silence"], model
    )


def _undo(user: User, recording: Recording, a: Answers) -> Recording:
    return history.undo(user, recording.pk)


def _redo(user: User, recording: Recording, a: Answers) -> Recording:
    return history.redo(user, recording.pk)


def _done(user: User, recording: Recording, a: Answers) -> Recording:
    return changes.set_done(user, recording.pk, a["is_done"])


_DEEDS: dict[str, Callable[[User, Recording, Answers], Recording]] = {
    "write": _write,
    "accept": _accept,
    "split": _split,
    "merge": _merge,
    "move": _move,
    "recut": _recut,
    "undo": _undo,
    "redo": _redo,
    "done": _done,
}


def _seen(a: Answers) -> tuple[int, int]:
    """The segment, and the version of it that the person has seen."""
    return a["segment"] or 0, a["version"] or 0


def _recording_for(request: Request, recording_id: int, role: Role) -> Recording:
    recording = get_object_or_404(
        Recording.objects.select_related("editor_set"), pk=recording_id
    )
    _grant(request, recording, role)
    return recording


def _grant(request: Request, recording: Recording, role: Role) -> Any:
    editor_set = recording.editor_set
    editor_set.project = project_for(request.user, editor_set.project_id, role)
    return editor_set.project


def _answer(request: Request, recording: Recording, role: Role) -> dict[str, Any]:
    asked = request.POST if request.method == "POST" else request.GET
    known = [asked.get(name, "") for name in ("since", "structure")]
    since, structure = (int(n) if n.isdecimal() and len(n) < 10 else 0 for n in known)
    answer = _news(request, recording, since)
    if recording.structure > structure:
        places = window.places_of(recording)
        ctx = window.shown(recording, places, asked) | {
            "recording": recording,
            "can_review": role.may_act_as(Role.REVIEWER),
        }
        answer["places"] = places
        answer["rows"] = render_to_string("editor/_segments.html", ctx)
    return answer


def _news(request: Request, recording: Recording, since: int) -> dict[str, Any]:
    segments = []
    if recording.revision > since:
        newer = recording.segments.filter(version__gt=since)
        span = window.span_of(request.POST or request.GET)
        if span:
            newer = newer.filter(start__gte=span[0], start__lt=span[1])
        segments = [_segment(row) for row in newer.select_related("edited_by")]
    steps = history.steps_of(request.user, recording)
    # Their pieces, which a new cut has hundreds of, are not read to name them.
    kinds = steps.values_list("kind", flat=True)
    done = kinds.filter(is_undone=False).last()
    undone = kinds.filter(is_undone=True).first()
    return {
        "revision": recording.revision,
        "structure": recording.structure,
        "is_ready": recording.is_ready,
        "is_done": recording.is_done,
        "undo": Change.Kind(done).label if done else "",
        "redo": Change.Kind(undone).label if undone else "",
        "segments": segments,
        "trouble": _trouble(recording),
        # Another one after signing in again, which an open page must survive.
        "token": get_token(request),
    }


def _trouble(recording: Recording) -> str:
    """Why the drafts that were asked for last did not come."""
    shards = Shard.objects.filter(
        editor_set=recording.editor_set_id,
        first__lte=recording.position,
        last__gte=recording.position,
    )
    latest = shards.order_by("-created").first()
    return latest.error if latest and latest.status == Shard.Status.FAILED else ""


def _segment(row: Segment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "version": row.version,
        "text": row.text,
        "is_draft": row.is_draft,
        "is_waiting": row.is_waiting,
        "by": row.edited_by.get_username() if row.edited_by else "",
        "at": date_format(row.edited_at, "j M, H:i") if row.edited_at else "",
    }
