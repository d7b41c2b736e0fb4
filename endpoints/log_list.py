"""The content logs of an endpoint as an address asks for them.

    ?below=60&since=2026-05-01&until=2026-05-31&q=invoice&sort=confidence&page=2

The same parts of an address choose what is downloaded, deleted or corrected: the ticked
ones (`row=<id>`, any number of times) or, with `all=1`, whatever matches. 100,000
entries answer at once: a page is found as keys, and only its rows are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy

from endpoints.log_forms import FilterForm
from endpoints.logs import first_moment, last_moment
from endpoints.models import Endpoint, LogEntry
from projects.listing import Keyed, Keys, query_without, search_of, sort_key
from projects.requests import Request

SORTS = {"confidence": "confidence", "time": "created", "length": "seconds"}
HEADS = [
    ("Time (UTC)", "time"),
    ("Recognised text", ""),
    ("Confidence#", "confidence"),
    ("Length#", "length"),
    ("Files", ""),
]
DEFAULT_SORT = "confidence"
# The same orders in words: on a telephone there are no heads.
ORDERS = [
    ("confidence", "Least sure first"),
    ("-confidence", "Surest first"),
    ("-time", "Newest first"),
    ("time", "Oldest first"),
    ("-length", "Longest first"),
    ("length", "Shortest first"),
]
FILTERS = ("q", "below", "since", "until")
_MOST_TICKED = 1_000


@dataclass(frozen=True)
class Asked:
    """What an address asks for; `entries` are none where it makes no sense."""

    entries: QuerySet[LogEntry]
    words: list[str]  # the filters, for people
    problems: list[str]
    order: OrderBy

    @property
    def rows(self) -> Keyed[LogEntry]:
        """The entries in their order."""
        # Equals follow each other in the direction of the index.
        tie = "-pk" if self.order.descending else "pk"
        ordered = self.entries.order_by(self.order, tie)
        return Keyed(Keys(ordered, self.entries.count), LogEntry.objects.all())


def asked_of(request: Request, endpoint: Endpoint) -> Asked:
    """What matches, whatever is ticked."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        problems = [str(error) for errors in form.errors.values() for error in errors]
        return Asked(LogEntry.objects.none(), [], problems, _order(request))
    entries, words = endpoint.log_entries.order_by(), []
    below, since, until = (form.cleaned_data[name] for name in FILTERS[1:])
    if search := search_of(request):
        # SQLite folds only the letters of English otherwise.
        entries = entries.filter(text__iregex=re.escape(search))
        words.append(f"with “{search}”")
    if below is not None:
        entries = entries.filter(confidence__lt=below / 100)
        words.append(f"below {below:g} % confidence")
    if since:
        entries = entries.filter(created__gte=first_moment(since))
        words.append(f"since {since}")
    if until:
        entries = entries.filter(created__lte=last_moment(until))
        words.append(f"until {until}")
    return Asked(entries, words, [], _order(request))


def chosen_of(request: Request, endpoint: Endpoint) -> Asked:
    """The ticked ones; with `all`, those that match."""
    asked = asked_of(request, endpoint)
    if request.GET.get("all"):
        return asked
    keys = [key for text in request.GET.getlist("row") if (key := _key(text))]
    ticked = endpoint.log_entries.order_by().filter(pk__in=keys[:_MOST_TICKED])
    return Asked(ticked, [], [], asked.order)


def filters_of(request: Request) -> str:
    """The query of the list that somebody came from."""
    return query_without(request, "row", "all", "page")


def _order(request: Request) -> OrderBy:
    name = sort_key(request, SORTS, DEFAULT_SORT)
    field = F(name.removeprefix("-"))
    # What has no confidence, as nothing was recognised, is last both ways.
    last = True if name.endswith("confidence") else None
    is_falling = name.startswith("-")
    return field.desc(nulls_last=last) if is_falling else field.asc(nulls_last=last)


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
