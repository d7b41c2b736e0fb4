"""The menu that offers the utterances of a page for taking away."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from evaluations.export.formats import FORMATS, Format
from evaluations.levels import Scored
from evaluations.models import Candidate
from evaluations.selection import Selection
from projects.listing import query_without
from projects.requests import Request


@dataclass(frozen=True)
class Menu:
    """`entries` are formats with their addresses, for the utterances that are shown.

    `first` is the model of an inspection from which differences are counted and
    aligned in files for programs, whatever the page compares with.
    """

    entries: list[tuple[Format, str]]
    utterances: int
    is_filtered: bool
    first: Candidate | None


def menu(request: Request, shown: Scored, selection: Selection) -> Menu:
    """What `evaluations/export/_menu.html` shows as `export`."""
    query = query_without(request, "page")
    entries = [
        (one, _address(shown, one) + (f"?{query}" if query else ""))
        for one in FORMATS.values()
        if one.fits(shown.evaluation)
    ]
    first = shown.models[0] if shown.evaluation.is_inspection else None
    return Menu(entries, len(selection.positions), selection.is_filtered, first)


def _address(shown: Scored, one: Format) -> str:
    return reverse("evaluation-export", args=[shown.evaluation.pk, one.key])
