"""Find and replace over a whole set: looked at first, undone in one step.

Texts are read one by one and compared here: a database ignores capitals in its
own way, and only of some letters. All is written in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from editor import pieces
from editor.history import BATCH, by, recount
from editor.models import Change, EditorSet, Recording, Replacement, Segment
from editor.pieces import Piece, Refused

_WRITTEN = ["text", "is_draft", "is_waiting", "version", "edited_by", "edited_at"]


@dataclass(frozen=True)
class Search:
    """What to look for, and what to write instead."""

    find: str
    replace: str = ""
    is_case: bool = False  # capitals matter
    is_word: bool = False  # not inside of longer words

    @property
    def pattern(self) -> re.Pattern[str]:
        edge = ("(?<!\\w)", "(?!\\w)") if self.is_word else ("", "")
        flags = re.NOFLAG if self.is_case else re.IGNORECASE
        return re.compile(re.escape(self.find).join(edge), flags)

    def parts(self, text: str) -> list[tuple[str, str]]:
        """A text cut into what stays, and what is found after it.

        >>> Search("a", is_word=True).parts("a tap, A")
        [('', 'a'), (' tap, ', 'A'), ('', '')]
        """
        made, last = [], 0
        for match in self.pattern.finditer(text):
            made.append((text[last : match.start()], match[0]))
            last = match.end()
        return [*made, (text[last:], "")]

    def apply(self, text: str) -> str:
        """
        >>> Search("colour", "color").apply("Colour, colours")
        'color, colors'
        """
        return pieces.clean(self.pattern.sub(lambda match: self.replace, text))


def matches(editor_set: EditorSet, search: Search) -> Iterator[Segment]:
    """The segments in which something would change, in order."""
    pattern = search.pattern
    rows = Segment.objects.filter(recording__editor_set=editor_set).exclude(text="")
    rows = rows.select_related("recording").order_by("recording__position", "start")
    for row in rows.iterator(BATCH):
        if pattern.search(row.text) and search.apply(row.text) != row.text:
            yield row


@transaction.atomic
def run(user: User, editor_set: EditorSet, search: Search) -> Replacement:
    """Replace everywhere. Raises Refused when there is nothing to replace."""
    _hold(editor_set)
    found = {row.pk: row for row in matches(editor_set, search)}
    if not found:
        raise Refused(f"“{search.find}” is not in any text of this set.")
    made = Replacement.objects.create(
        editor_set=editor_set,
        user=user,
        find=search.find,
        replace=search.replace,
        segments=len(found),
    )
    after = {
        key: pieces.write(row.piece, search.apply(row.text))
        for key, row in found.items()
    }
    before: dict[int, list[Piece]] = {}
    for row in found.values():
        before.setdefault(row.recording_id, []).append(row.piece)
    Change.objects.filter(
        recording__in=list(before), user=user, is_undone=True
    ).delete()
    Change.objects.bulk_create(
        (
            Change(
                recording_id=key,
                user=user,
                replacement=made,
                kind=Change.Kind.REPLACE,
                before=[piece.as_json() for piece in old],
                after=[after[piece.id or 0].as_json() for piece in old],
            )
            for key, old in before.items()
        ),
        batch_size=BATCH,
    )
    _store(user, found, after)
    return made


@transaction.atomic
def undo(user: User, replacement: Replacement) -> tuple[int, int]:
    """Take a replacement back wherever nobody has changed the text since.

    Gives how many segments were taken back, and how many were left.
    """
    _hold(replacement.editor_set)
    changes = list(replacement.changes.filter(is_undone=False))
    former = {piece["id"]: Piece(**piece) for c in changes for piece in c.before}
    latter = {piece["id"]: Piece(**piece) for c in changes for piece in c.after}
    rows = Segment.objects.filter(recording__editor_set=replacement.editor_set)
    found = {
        row.pk: row
        for row in rows.iterator(BATCH)
        if row.pk in latter and row.text == latter[row.pk].text
    }
    after = {
        key: replace(row.piece, text=former[key].text, is_draft=former[key].is_draft)
        for key, row in found.items()
    }
    _store(user, found, after)
    replacement.changes.update(is_undone=True)
    Replacement.objects.filter(pk=replacement.pk).update(is_undone=True)
    return len(found), len(latter) - len(found)


def _hold(editor_set: EditorSet) -> None:
    """Let nobody edit a recording of the set until this transaction ends."""
    rows = editor_set.recordings.select_for_update().order_by("pk")
    list(rows.values_list("pk", flat=True))


def _store(
    user: User, found: Mapping[int, Segment], after: Mapping[int, Piece]
) -> None:
    keys = list({row.recording_id for row in found.values()})
    revisions: dict[int, int] = {}
    for first in range(0, len(keys), BATCH):
        recordings = Recording.objects.filter(pk__in=keys[first : first + BATCH])
        recordings.update(revision=F("revision") + 1, edited_by=user, edited_at=now())
        revisions |= dict(recordings.values_list("pk", "revision"))
    for key, row in found.items():
        row.text = after[key].text
        row.is_draft = after[key].is_draft
        row.is_waiting = False
        row.version = revisions[row.recording_id]
        row.edited_by, row.edited_at = by(user).values()
    # Rows that are there and held: many times as fast as `bulk_update`.
    Segment.objects.bulk_create(
        found.values(),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_WRITTEN,
    )
    recount(keys)
