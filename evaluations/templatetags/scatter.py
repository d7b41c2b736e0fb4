"""Write a picture of words as SVG: it may have thousands of points, so in one go."""

from __future__ import annotations

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from evaluations.wording.scatter import Point, Scatter

register = template.Library()


@register.filter
def dots(picture: Scatter) -> SafeString:
    """Its points as links. The keyboard passes them: the table has the same ones."""
    return mark_safe("".join(map(_dot, picture.points)))


def _dot(point: Point) -> str:
    place = f'cx="{point.x}" cy="{point.y}" r="{point.radius}"'
    return (
        f'<a href="{escape(point.url)}" tabindex="-1">'
        f'<circle class="{point.style}" {place}>'
        f"<title>{escape(point.title)}</title></circle></a>"
    )
