from __future__ import annotations

from django import template

from projects.access import User
from training.lineage import Lineage
from training.lineage import lineage_of as found
from training.models import SpeechModel

register = template.Library()


@register.simple_tag
def lineage_of(model: SpeechModel, user: User) -> Lineage:
    return found(model, user)
