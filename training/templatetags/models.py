from __future__ import annotations

from django import template

from projects.models import Project
from training.services import usable

register = template.Library()


@register.simple_tag
def is_spoken(project: Project) -> bool:
    """Whether a model on offer speaks the project's language."""
    return bool(usable(project))
