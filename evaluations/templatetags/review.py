"""What people have said of a row, for its template."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from evaluations.models import Item
from evaluations.review.judged import Judged, name_of, reference_digest

register = template.Library()
register.filter("person", name_of)
register.filter("reference_digest", reference_digest)


@register.filter
def said_of(judged: Mapping[int, Judged], item: Item) -> Judged:
    return judged[item.pk]
