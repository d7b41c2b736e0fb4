"""Write an alignment as HTML: a page has thousands of words, so in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from evaluations.advice import advice
from evaluations.rows import Mark
from scoring.normalization import rate_name, unit

register = template.Library()
register.filter("advice", advice)
register.filter("rate_name", rate_name)
register.filter("unit", unit)


@register.filter
def marked(marks: Sequence[Mark]) -> SafeString:
    """The recognised text with every error marked in its place.

    What a mark says by its looks, it also says in words to a screen reader.
    """
    return _joined(marks, _html)


def _joined(marks: Sequence[Mark], html: Callable[[Mark], str]) -> SafeString:
    parts: list[str] = []
    end = None  # of the last word that was heard, if nothing was missing since
    for mark in marks:
        touches = mark.piece.hypothesis and end == mark.piece.hypothesis_start
        if parts and not touches:
            parts.append(" ")
        parts.append(html(mark))
        end = mark.piece.hypothesis_end if mark.piece.hypothesis else None
    return mark_safe("".join(parts))


@register.filter
def differing(marks: Sequence[Mark]) -> SafeString:
    """The recognised text with the words marked that another model heard otherwise."""
    return _joined(marks, _difference)


def _difference(mark: Mark) -> str:
    times = _times(mark)
    heard, other = escape(mark.piece.hypothesis), escape(mark.piece.reference)
    if mark.piece.kind == "equal":
        return f'<span class="w"{times}>{heard}</span>'
    if mark.piece.kind == "deletion":
        return (
            f'<del class="differs missing" data-error{times}>{_aside("[not heard: ")}'
            f"{other}{_aside(']')}</del>"
        )
    return (
        f'<span class="differs" data-error title="{other}"{times}>'
        f"{_aside('[differs: ')}{heard}{_aside(']')}</span>"
    )


def _times(mark: Mark) -> str:
    if mark.start is None or mark.end is None:
        return ""
    return f' data-start="{mark.start:.2f}" data-end="{mark.end:.2f}"'


def _html(mark: Mark) -> str:
    times = _times(mark)
    heard, said = escape(mark.piece.hypothesis), escape(mark.piece.reference)
    if mark.piece.kind == "equal":
        return f'<span class="w"{times}>{heard}</span>'
    if mark.piece.kind == "insertion":
        return (
            f'<ins class="ins" data-error{times}>{_aside("[inserted ")}'
            f"{heard}{_aside(']')}</ins>"
        )
    if mark.piece.kind == "deletion":
        return (
            f'<del class="del" data-error{times}>{_aside("[missing ")}'
            f"{said}{_aside(']')}</del>"
        )
    return (
        f'<span class="sub" data-error{times}>{_aside("[heard ")}'
        f'<span class="sub-hyp">{heard}</span>'
        f'<span class="arrow" aria-hidden="true">→</span>{_aside(" instead of ")}'
        f'<span class="sub-ref">{said}</span>{_aside("]")}</span>'
    )


def _aside(text: str) -> str:
    return f'<span class="visually-hidden">{text}</span>'
