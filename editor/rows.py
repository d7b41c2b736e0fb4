"""The recordings of a set as its page shows them, and as an export is chosen."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from editor.models import EditorSet, Recording, Segment
from projects.listing import search_of, sort_key
from projects.requests import Request

SORTS = {
    "position": "position",
    "name": "name",
    "seconds": "seconds",
    "segments": "segment_count",
    "edited": "edited_at",
}
HEADS = [
    ("File", "name"),
    ("Status", ""),
    ("Duration#", "seconds"),
    ("Segments#", "segments"),
    ("Without text#", ""),
    ("Last edited", "edited"),
]
STATES = [
    ("draft", "Draft"),
    ("edited", "Edited"),
    ("done", "Done"),
    ("original", "As imported"),
    ("empty", "Something without text"),
    ("waiting", "In work by the machine"),
]
_FILTERS = {
    "draft": Q(is_ready=True, is_done=False, draft_count__gt=0),
    "edited": Q(is_ready=True, is_done=False, draft_count=0, edited_at__isnull=False),
    "done": Q(is_done=True),
    "original": Q(is_ready=True, is_done=False, draft_count=0, edited_at=None),
    "empty": Q(is_ready=True, empty_count__gt=0),
    "waiting": Q(is_ready=False),
}


def matching(request: Request, editor_set: EditorSet) -> QuerySet[Recording]:
    """The recordings that the address asks for, in its order."""
    rows = editor_set.recordings.select_related("edited_by")
    state = _FILTERS.get(request.GET.get("state", ""))
    if state is not None:
        rows = rows.filter(state)
    search = search_of(request)
    if search:
        said = Segment.objects.filter(recording=OuterRef("pk"), text__icontains=search)
        rows = rows.filter(Q(name__icontains=search) | Exists(said))
    return rows.order_by(sort_key(request, SORTS, "position"), "position")


def chosen(request: Request, editor_set: EditorSet) -> QuerySet[Recording]:
    """Those that were ticked, or all that match when that is asked for."""
    if request.GET.get("all"):
        return matching(request, editor_set)
    ticked = [
        int(n) for n in request.GET.getlist("row") if n.isdecimal() and len(n) < 9
    ]
    return editor_set.recordings.filter(position__in=ticked)
