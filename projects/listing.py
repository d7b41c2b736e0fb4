"""Lists of rows as pages show them: searched, sorted, paged, all in the URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PAGE_SIZE = 25


@dataclass(frozen=True)
class Column:
    """One head of a table; `sort` is the address to sort by it, if it can be."""

    title: str
    sort: str = ""
    order: str = ""  # "ascending" or "descending" when the list is sorted by it
    is_number: bool = False


def search_of(request: HttpRequest) -> str:
    """What the search box asks for; PostgreSQL takes no NUL."""
    return request.GET.get("q", "").replace("\0", "").strip()[:200]


def page_of(
    request: HttpRequest, rows: QuerySet[Any] | Sequence[Any], size: int = PAGE_SIZE
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
