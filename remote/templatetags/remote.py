from __future__ import annotations

from typing import Any

from django import template

from remote.models import Remote

register = template.Library()


@register.simple_tag
def remote_of(kind: str, row: Any) -> Remote | None:
    """What there is of a row at its project's resource."""
    return Remote.of(kind, row.pk)
