"""The menu that offers the utterances of a page for taking away."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from evaluations.export.formats import FORMATS, Format
from evaluations.levels import Scored
from evaluations.selection import Selection
from projects.listing import query_without
from projects.requests import Request


@dataclass(frozen=True)
class Menu:
    """`entries` are formats with their addresses, for the utterances that are shown."""

    entries: list[tuple[Format, str]]
    utterances: int
    is_filtered: bool


def menu(request: Request, shown: Scored, selection: Selection) -> Menu:
    """What `evaluations/export/_menu.html` shows as `export`."""
    query = query_without(request, "page")
    entries = [
        (one, _address(shown, one) + (f"?{query}" if query else ""))
        for one in FORMATS.values()
        if one.fits(shown.evaluation)
    ]
    return Menu(entries, len(selection.positions), selection.is_filtered)


def _address(shown: Scored, one: Format) -> str:
    return reverse("evaluation-export", args=[shown.evaluation.pk, one.key])
