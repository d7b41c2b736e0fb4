"""What a person can do about a wrong reference: correct it, and take that back.

Two people may correct the same one at the same time. Each says which correction they
have seen (`seen_of`); who comes later and has not seen the other's is told.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now

from datasets.formats.base import FormatError
from datasets.versions import kept_text
from evaluations.models import Correction, Item

MOST_CHARACTERS = 100_000


class Refused(Exception):
    """This can be no reference; the message is fit for the user."""


class Changed(Exception):
    """Somebody else has changed the correction meanwhile."""

    def __init__(self, correction: Correction | None) -> None:
        super().__init__("The reference was changed meanwhile.")
        self.correction = correction


def correction_of(item: Item) -> Correction | None:
    return Correction.objects.filter(item=item).select_related("by").first()


def seen_of(correction: Correction | None) -> str:
    """What changes with every change of a correction; empty where there is none."""
    return correction.at.isoformat() if correction else ""


@transaction.atomic
def correct(item: Item, text: str, by: User, seen: str) -> Correction | None:
    """Say what the reference should be; what it is already takes a correction back.

    `item.utterance.dataset` must be loaded. Raises `Refused` and `Changed`.
    """
    kept = _checked(item, text)
    found = _locked(item)
    is_there = kept == (found.text if found else item.utterance.transcript)
    if is_there:
        return found
    if seen_of(found) != seen:
        raise Changed(found)
    if kept == item.utterance.transcript:
        Correction.objects.filter(item=item).delete()
        return None
    values = {"evaluation": item.evaluation, "text": kept, "by": by, "at": now()}
    correction, _ = Correction.objects.update_or_create(item=item, defaults=values)
    return correction


@transaction.atomic
def take_back(item: Item, seen: str) -> None:
    """Leave the reference as it is. Raises `Changed`."""
    found = _locked(item)
    if found is None:
        return
    if seen_of(found) != seen:
        raise Changed(found)
    found.delete()


def _checked(item: Item, text: str) -> str:
    """The text as a dataset keeps it."""
    if not text.strip():
        raise Refused(
            "A reference cannot be empty: an utterance without words measures "
            "nothing. Write what is said, or cancel."
        )
    if len(text) > MOST_CHARACTERS:
        raise Refused(
            f"The text has {len(text):,} characters; a corrected reference may have "
            f"{MOST_CHARACTERS:,}."
        )
    try:
        kept = kept_text(text, item.utterance.dataset)
    except FormatError as e:
        raise Refused(str(e)) from e
    return kept


def _locked(item: Item) -> Correction | None:
    """The correction as it is, until the transaction ends."""
    Item.objects.select_for_update().get(pk=item.pk)
    return correction_of(item)
