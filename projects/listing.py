"""Lists of rows as pages show them: searched, sorted, paged, all in the URL."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Protocol, TypeVar, overload

from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

PAGE_SIZE = 25


class Rows(Protocol):
    """What can be cut into pages: a list, an array, anything with a length."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __getitem__(self, key: Any, /) -> Any: ...


M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Column:
    """One head of a table; `sort` is the address to sort by it, if it can be."""

    title: str
    sort: str = ""
    order: str = ""  # "ascending" or "descending" when the list is sorted by it
    is_number: bool = False


@dataclass(frozen=True)
class Filter:
    """A choice that narrows a list, called after its field in the URL as well."""

    name: str
    title: str
    choices: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Listing:
    """A list of rows that the URL can search, narrow, sort and page."""

    # What `?sort=` calls a field, and the heads of the table: see `columns`.
    sorts: Mapping[str, str]
    heads: Sequence[tuple[str, str]]
    searched: Sequence[str]  # fields
    filters: Sequence[Filter] = ()
    default: str = "-created"  # how it is sorted unless the URL says

    def context(self, request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
        """What the templates of a list need."""
        search = search_of(request)
        if search:
            matches = [Q(**{f"{name}__icontains": search}) for name in self.searched]
            rows = rows.filter(reduce(operator.or_, matches))
        shown = []
        for one in self.filters:
            value = request.GET.get(one.name, "")
            if value in dict(one.choices):
                rows = rows.filter(**{one.name: value})
            else:
                value = ""
            shown.append({"filter": one, "value": value})
        rows = rows.order_by(sort_key(request, self.sorts, self.default), "pk")
        return {
            "page": page_of(request, rows),
            "columns": columns(request, self.heads, self.default),
            "query": query_without(request, "page"),
            "q": search,
            "filters": shown,
            "is_filtered": bool(search) or any(one["value"] for one in shown),
        }


class Keys(Sequence[Any]):
    """The keys of an ordered list, read from an index a page at a time."""

    def __init__(
        self, rows: QuerySet[Any], count: Callable[[], int] | None = None
    ) -> None:
        self._keys = rows.values_list("pk", flat=True)
        self._count = count or rows.count  # where it is found faster

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, int):
            return self._keys[index]
        first, end, _ = index.indices(self._length)
        # Counted from the end that is nearer.
        if first <= self._length // 2:
            return list(self._keys[first:end])
        rest = self._keys.reverse()[self._length - end : self._length - first]
        return list(rest)[::-1]

    @cached_property
    def _length(self) -> int:
        return self._count()


class Keyed(Sequence[M]):
    """The rows of a long list, of which no more are read than are shown."""

    def __init__(self, keys: Sequence[Any], rows: QuerySet[M]) -> None:
        self._keys = keys
        self._rows = rows

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> M: ...
    @overload
    def __getitem__(self, index: slice) -> list[M]: ...
    def __getitem__(self, index: int | slice) -> M | list[M]:
        if isinstance(index, int):
            return self._rows.get(pk=self._keys[index])
        keys = list(self._keys[index])
        found = self._rows.in_bulk(keys)
        return [found[key] for key in keys if key in found]


def search_of(request: HttpRequest) -> str:
    """What the search box asks for; PostgreSQL takes no NUL."""
    return request.GET.get("q", "").replace("\0", "").strip()[:200]


def page_of(
    request: HttpRequest, rows: QuerySet[Any] | Rows, size: int = PAGE_SIZE
) -> Page[Any]:
    """The page that the URL asks for; a wrong number gives the nearest one."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def query_without(request: HttpRequest, *names: str) -> str:
    """The query string of this address without some of its parts."""
    query = request.GET.copy()
    for name in names:
        query.pop(name, None)
    return query.urlencode()


def sort_key(request: HttpRequest, allowed: Mapping[str, str], default: str) -> str:
    """The field to order by, from `?sort=name` or `?sort=-name`.

    `allowed` maps what the URL says to the field; anything else is ignored.
    """
    asked = request.GET.get("sort", default)
    name = asked.removeprefix("-")
    if name not in allowed:
        asked, name = default, default.removeprefix("-")
    return ("-" if asked.startswith("-") else "") + allowed[name]


def columns(
    request: HttpRequest, heads: Sequence[tuple[str, str]], default: str
) -> list[Column]:
    """Table heads from (title, what `?sort=` calls it or "") pairs.

    A title that ends with "#" heads a column of numbers.
    """
    asked = request.GET.get("sort", default)
    rest = query_without(request, "sort", "page")
    made = []
    for title, name in heads:
        order = {name: "ascending", f"-{name}": "descending"}.get(asked, "")
        turned = f"-{name}" if order == "ascending" else name
        address = f"?{rest}{'&' if rest else ''}sort={turned}" if name else ""
        number = title.endswith("#")
        made.append(Column(title.rstrip("#"), address, order if name else "", number))
    return made
