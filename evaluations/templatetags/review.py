"""What people have said of a row, for its template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from evaluations.models import Item, Verdict
from evaluations.review.judged import Judged, name_of, reference_digest

register = template.Library()
register.filter("person", name_of)
register.filter("reference_digest", reference_digest)


@register.filter
def said_of(judged: Mapping[int, Judged], item: Item) -> Judged:
    return judged[item.pk]


@register.filter
def verdict_buttons(said: Judged) -> SafeString:
    """A button for each verdict; that of the one given takes it back. In one go, as
    each row of a page has them."""
    return mark_safe("".join(_buttons(said.key, said.verdict)))


def _buttons(key: str, given: Verdict | None) -> Iterator[str]:
    for number, (choice, label) in enumerate(Verdict.Choice.choices, start=1):
        is_given = given is not None and given.choice == choice
        name = "take_back" if is_given else "choice"
        title = f"Key {number}" + ("; again takes it back" if is_given else "")
        yield (
            f'<button class="button small" id="verdict-{key}-{choice}" name="{name}" '
            f'value="{choice}" aria-pressed="{str(is_given).lower()}" title="{title}" '
            f'data-verdict="{number}">{escape(label)}</button>'
        )
