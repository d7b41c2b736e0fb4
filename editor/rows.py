"""The recordings of a set as its page shows them, and as an export is chosen.

100,000 of them answer at once: a page is found as keys, in the index of its order,
and only its rows are read; a state is a set of keys that is found in an index too,
and a search reads all texts where they lie.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from editor.models import EditorSet, Recording
from projects.listing import Keyed, Keys, search_of, sort_key
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
    "done": Q(is_ready=True, is_done=True),
    "original": Q(is_ready=True, is_done=False, draft_count=0, edited_at=None),
    "empty": Q(is_ready=True, empty_count__gt=0),
    "waiting": Q(is_ready=False),
}


def matching(request: Request, editor_set: EditorSet) -> QuerySet[Recording]:
    """The recordings that the address asks for."""
    rows = Recording.objects.filter(_state(request), editor_set=editor_set.pk)
    search = search_of(request)
    if search:
        rows = rows.filter(search__contains=search.casefold())
    return rows.order_by()


def listed(request: Request, editor_set: EditorSet) -> Keyed[Recording]:
    """The same as the page shows them, in its order."""
    shown = Recording.objects.select_related("edited_by").defer("search", "transcript")
    found = matching(request, editor_set)
    rows = Recording.objects.filter(editor_set=editor_set.pk)
    if _state(request) or search_of(request):
        rows = rows.filter(pk__in=found.values("pk"))
    order = sort_key(request, SORTS, "position")
    # Equals follow each other in the direction of the index.
    tie = "-pk" if order.startswith("-") else "pk"
    return Keyed(Keys(rows.order_by(order, tie), found.count), shown)


def _state(request: Request) -> Q:
    return _FILTERS.get(request.GET.get("state", ""), Q())


def chosen(request: Request, editor_set: EditorSet) -> QuerySet[Recording]:
    """Those that were ticked, or all that match when that is asked for."""
    if request.GET.get("all"):
        return matching(request, editor_set)
    ticked = [
        int(n) for n in request.GET.getlist("row") if n.isdecimal() and len(n) < 9
    ]
    return editor_set.recordings.filter(position__in=ticked)
