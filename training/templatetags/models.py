from __future__ import annotations

from django import template

from projects.models import Project
from training.models import SpeechModel

register = template.Library()


@register.simple_tag
def is_spoken(project: Project) -> bool:
    """Whether a model on offer speaks the project's language."""
    offered = SpeechModel.objects.filter(engine=project.engine, is_offered=True)
    return any(model.speaks(project.locale) for model in offered)
