from __future__ import annotations

from django import template

from projects.models import Project
from training import offers
from training.models import SpeechModel
from training.services import usable

register = template.Library()


@register.simple_tag
def is_spoken(project: Project) -> bool:
    """Whether a model on offer speaks the project's language."""
    return bool(usable(project))


@register.filter
def abilities(base: SpeechModel) -> str:
    """What a base model can be adapted with, in words."""
    return offers.abilities(base)


@register.filter
def points(difference: float | None) -> str:
    """A difference of two rates in points of percent, with its sign.

    >>> points(-0.0751), points(0.004), points(None)
    ('-7.5', '+0.4', '')
    """
    return "" if difference is None else f"{difference * 100:+.1f}"
