"""Charts of a dataset's statistics: tables with a bar in each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django import template

from datasets.formats.base import duration_text
from datasets.templatetags.figures import label_words
from datasets.utterance_list import LABEL

register = template.Library()


@register.inclusion_tag("datasets/_chart.html")
def histogram(
    title: str, bins: Sequence[Mapping[str, Any]], unit: str
) -> dict[str, Any]:
    """One row for each bin of `datasets.statistics`."""
    most = max((one["count"] for one in bins or ()), default=0) or 1
    rows = [
        {
            "label": _span(one["from"], one["to"], unit),
            "count": one["count"],
            "share": round(100 * one["count"] / most, 1),
        }
        for one in bins or ()
    ]
    return {"title": title, "rows": rows, "unit": unit}


@register.inclusion_tag("datasets/_chart.html", takes_context=True)
def label_chart(
    context: Mapping[str, Any], name: str, label: Mapping[str, Any]
) -> dict[str, Any]:
    """One row for each value of a label, which leads to its utterances."""
    values = label["values"]
    most = max((one["utterances"] for one in values), default=0) or 1
    path = context["request"].path
    rows = [
        {
            "label": one["value"],
            "count": one["utterances"],
            "note": duration_text(one["seconds"]),
            "share": round(100 * one["utterances"] / most, 1),
            "url": f"{path}?{urlencode({LABEL + name: one['value']})}",
        }
        for one in values
    ]
    title = label_words(name)
    return {"title": title, "rows": rows, "unit": title, "more": label["more"]}


@register.inclusion_tag("datasets/_word_list.html", takes_context=True)
def word_list(
    context: Mapping[str, Any],
    title: str,
    words: Sequence[Sequence[Any]],
    unknown: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Words with their counts; a word leads to where it is found."""
    has_audio = context["dataset"].has_audio
    found_at = "?q=" if has_audio else "?tab=content&group=sentence&q="
    base = f"{context['request'].path}{found_at}"
    return {"title": title, "words": words, "unknown": unknown, "base": base}


def _span(first: float | None, end: float | None, unit: str) -> str:
    """
    >>> _span(3, 5, "s"), _span(None, -60, "dBFS"), _span(8, None, "words/s")
    ('3 to 5 s', 'below -60 dBFS', '8 words/s and more')
    """
    if first is None:
        return f"below {end:g} {unit}"
    if end is None:
        return f"{first:g} {unit} and more"
    return f"{first:g} to {end:g} {unit}"
