"""The coloured alignment as one HTML file: to read anywhere, and to send.

It has its style inside and needs no script. Colours and marks are those of the pages;
light or dark is what the system of the reader prefers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import now

from evaluations.export.utterances import Order, reviewed_items_at
from evaluations.rows import rows_of
from projects.downloads import encoded

_STYLES = ("css/variables.css", "css/evaluations.css", "css/export.css")
# Where the rows stand in the page that is around them.
_ROWS = "<!-- utterances -->"
_BATCH = 50
_ALL_WORDS = 10**6


def page(order: Order) -> Iterator[bytes]:
    return encoded(_parts(order))


def _parts(order: Order) -> Iterator[str]:
    about = _about(order)
    head, foot = render_to_string("evaluations/export/page.html", about).split(_ROWS)
    yield head
    for start in range(0, len(order.positions), _BATCH):
        positions = [int(p) for p in order.positions[start : start + _BATCH]]
        items = reviewed_items_at(order.shown, positions)
        rows = rows_of(order.shown, items, order.against, _ALL_WORDS)
        yield render_to_string("evaluations/export/_rows.html", about | {"rows": rows})
    yield foot


def _about(order: Order) -> dict[str, Any]:
    shown = order.shown
    return {
        "evaluation": shown.evaluation,
        "project": shown.evaluation.project,
        "shown": shown,
        "against": order.against,
        "filters": order.filters,
        "utterances": len(order.positions),
        "site": order.site,
        "now": now(),
        "style": _style(),
        "place_of_rows": mark_safe(_ROWS),
    }


def _style() -> SafeString:
    """What `page.html` has in its head, since it goes where no stylesheet is."""
    found = [finders.find(name) for name in _STYLES]
    css = "\n".join(Path(str(path)).read_text(encoding="utf-8") for path in found)
    return mark_safe(f"<style>\n{css}</style>")
