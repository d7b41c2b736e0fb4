"""How figures are written in pages."""

from __future__ import annotations

from datetime import timedelta

from django import template

register = template.Library()


@register.filter
def percent(rate: float | None) -> str:
    """A rate as a percentage with one decimal.

    >>> percent(0.0289), percent(3.5), percent(None)
    ('2.9 %', '350.0 %', 'none')
    """
    return "none" if rate is None else f"{rate * 100:.1f} %"


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """A length of time, as exact as it is of use.

    >>> duration(4.25), duration(59.96), duration(75), duration(7860), duration(None)
    ('4.2 s', '1 min 0 s', '1 min 15 s', '2 h 11 min', '')
    """
    if seconds is None:
        return ""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


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
def band(rate: float | None) -> str:
    """The quality that the field gives a word error rate.

    Up to 10 % is good, up to 20 % acceptable, 30 % and more poor.

    >>> [band(rate) for rate in (0.07, 0.2, 0.25, 0.3, None)]
    ['good', 'acceptable', 'fair', 'poor', '']
    """
    if rate is None:
        return ""
    if rate <= 0.1:
        return "good"
    if rate <= 0.2:
        return "acceptable"
    return "fair" if rate < 0.3 else "poor"
