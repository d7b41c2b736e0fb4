"""How figures are written in pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import template

from datasets import fetch
from datasets.formats.base import duration_text
from projects.listing import PAGE_SIZE

register = template.Library()

# Error rates that the reference product's guidance calls so.
_GOOD, _ACCEPTABLE, _POOR = 0.1, 0.2, 0.3

# Rules whose code says too little.
_RULES = {
    "doctor.same_audio": "Same audio twice",
    "doctor.same_text": "Same text twice",
}


@register.filter
def percent(rate: float | None) -> str:
    """A rate as a percentage with one decimal.

    >>> percent(0.0289), percent(3.5), percent(None)
    ('2.9 %', '350.0 %', '-')
    """
    return "-" if rate is None else f"{rate * 100:.1f} %"


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """A length of time, as exact as it is of use.

    >>> duration(4.25), duration(timedelta(minutes=131)), duration(None)
    ('4.2 s', '2 h 11 min', '')
    """
    if seconds is None:
        return ""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    return duration_text(seconds)


@register.filter
def whole_duration(time: timedelta | None) -> str:
    """A length of time that changes as one looks on: in whole seconds.

    >>> whole_duration(timedelta(seconds=7.8)), whole_duration(None)
    ('7 s', '')
    """
    if time is None:
        return ""
    seconds = int(time.total_seconds())
    return f"{seconds} s" if seconds < 60 else duration(seconds)


@register.filter
def rule_words(rule: str) -> str:
    """What a rule of the report is about, for people.

    >>> rule_words("audio.clipping"), rule_words("doctor.text_too_long")
    ('Clipping', 'Text too long')
    """
    words = rule.rpartition(".")[2].replace("_", " ")
    return _RULES.get(rule, words[:1].upper() + words[1:])


@register.filter
def label_words(name: str) -> str:
    """The name of a label, for people.

    >>> label_words("speaker"), label_words("age_group")
    ('Speaker', 'Age group')
    """
    return name.replace("_", " ").capitalize()


@register.filter
def pairs(mapping: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """Keys with values. In a template `.items` may be a key.

    >>> pairs({"items": 3})
    [('items', 3)]
    """
    return list((mapping or {}).items())


@register.filter
def speakers(figures: Mapping[str, Any]) -> int:
    """How many speakers the labels name.

    >>> speakers({"labels": {"speaker": {"values": [{}, {}], "more": 3}}})
    5
    """
    label = figures.get("labels", {}).get("speaker")
    return len(label["values"]) + int(label["more"]) if label else 0


@register.filter
def shown_address(address: str) -> str:
    """Host and path of an address; its query may hold a key."""
    return fetch.shown_address(address)


@register.filter
def page_of_position(position: int) -> int:
    """On which page of all utterances one stands.

    >>> page_of_position(1), page_of_position(25), page_of_position(26)
    (1, 1, 2)
    """
    return (position - 1) // PAGE_SIZE + 1


@register.filter
def band(rate: float | None) -> str:
    """The quality that the field gives an error rate.

    >>> [band(rate) for rate in (0.07, 0.2, 0.25, 0.3, None)]
    ['good', 'acceptable', 'fair', 'poor', '']
    """
    if rate is None:
        return ""
    if rate <= _GOOD:
        return "good"
    if rate <= _ACCEPTABLE:
        return "acceptable"
    return "fair" if rate < _POOR else "poor"


@register.simple_tag
def bands() -> str:
    """The bands in words.

    >>> bands()
    'Up to 10 % is good, up to 20 % acceptable, up to 30 % fair, more is poor.'
    """
    return (
        f"Up to {_GOOD:.0%} is good, up to {_ACCEPTABLE:.0%} acceptable, "
        f"up to {_POOR:.0%} fair, more is poor."
    ).replace("%", " %")
