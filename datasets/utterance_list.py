"""The utterances of a dataset as its page asks for them: filtered, sorted, paged.

100,000 of them answer at once. So a page is found as keys, in the index of its
order, and only its rows are read; a filter is a set of keys that is found in an
index as well; a search reads all texts once, and what it finds is kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from datasets.models import Dataset, Finding, Label, Utterance
from projects.listing import Keyed, Keys, search_of, sort_key

# What `?label.speaker=anna` begins with.
LABEL = "label."
MAX_LABELS = 8  # label names that can be filtered by at once
_SORTS = {
    "position": "position",
    "name": "name",
    "duration": "seconds",
    "pace": "pace",
    "level": "level_dbfs",
    "snr": "snr_db",
}
ORDERS = [
    ("position", "Order of the dataset"),
    ("name", "File name"),
    ("-duration", "Longest"),
    ("duration", "Shortest"),
    ("-pace", "Most words per second"),
    ("pace", "Fewest words per second"),
    ("-level", "Loudest"),
    ("level", "Quietest"),
    ("-snr", "Least noise"),
    ("snr", "Most noise"),
]


@dataclass(frozen=True)
class Choice:
    """What the page asks for."""

    search: str = ""
    rule: str = ""  # of a finding
    labels: tuple[tuple[str, str], ...] = ()  # names with values; all of them hold
    is_unwritten: bool = False  # only those without a transcript
    order: str = "position"  # a field, with "-" before it when it falls

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.rule or self.labels or self.is_unwritten)


def choice_of(request: HttpRequest) -> Choice:
    """What the URL says; PostgreSQL takes no NUL."""
    asked = {name: str(v).replace("\0", "") for name, v in request.GET.items()}
    labels = [
        (name.removeprefix(LABEL), value)
        for name, value in asked.items()
        if name.startswith(LABEL) and value
    ]
    return Choice(
        search=search_of(request),
        rule=asked.get("rule", ""),
        # More are in no form, and no database takes any number of them.
        labels=tuple(labels[:MAX_LABELS]),
        is_unwritten=asked.get("transcript") == "none",
        order=sort_key(request, _SORTS, "position"),
    )


def rules_of(dataset: Dataset) -> list[tuple[str, int]]:
    """The rules by which something was found in its utterances, and how often."""
    found = dataset.findings.filter(utterance__isnull=False).order_by()
    counted = found.values_list("rule").annotate(number=Count("utterance"))
    return sorted(counted, key=lambda rule: -rule[1])


def utterances_of(dataset: Dataset, choice: Choice) -> Keyed[Utterance]:
    """The chosen ones, with their loudness and with what was found in them."""
    rows = Utterance.objects.select_related("loudness").prefetch_related("findings")
    if choice.search:
        return Keyed(_found(dataset.pk, dataset.attempt, choice), rows)
    sets = list(_key_sets(dataset.pk, choice))
    chosen = _all(dataset.pk)
    for keys in sets:
        chosen = chosen.filter(pk__in=keys)
    # A single set is counted where it is found.
    count = sets[0].distinct().count if len(sets) == 1 else None
    return Keyed(Keys(chosen.order_by(*_order(choice.order)), count), rows)


# A dataset never changes: who goes on to the next page is spared the search. The
# keys of 100,000 utterances take 0.8 MB.
@lru_cache(maxsize=16)
def _found(dataset_id: UUID, attempt: int, choice: Choice) -> array[int]:
    """The keys of what a search finds, in order."""
    name = choice.order.removeprefix("-")
    first, tie = _order(choice.order)
    # All texts must be read: where they lie, and not in the order of an index.
    rows = _all(dataset_id).annotate(place=Coalesce(name, name))
    rows = rows.filter(search__contains=choice.search.casefold())
    for keys in _key_sets(dataset_id, choice):
        rows = rows.filter(pk__in=keys)
    rows = rows.order_by(first.replace(name, "place"), tie)
    return array("q", rows.values_list("pk", flat=True))


def _order(name: str) -> list[str]:
    """Equals follow each other in the direction of the index."""
    return [name, "-pk" if name.startswith("-") else "pk"]


def _key_sets(dataset_id: UUID, choice: Choice) -> Iterator[QuerySet[Any, Any]]:
    """For each filter but the search the keys of the utterances that pass it."""
    if choice.rule:
        found = Finding.objects.filter(dataset=dataset_id, rule=choice.rule)
        yield found.filter(utterance__isnull=False).order_by().values("utterance")
    for name, value in choice.labels:
        labels = Label.objects.filter(dataset=dataset_id, name=name, value=value)
        yield labels.order_by().values("utterance")
    if choice.is_unwritten:
        yield _all(dataset_id).filter(pace=0).values("pk")  # it has an index


def _all(dataset_id: UUID) -> QuerySet[Utterance]:
    return Utterance.objects.filter(dataset=dataset_id).order_by()
