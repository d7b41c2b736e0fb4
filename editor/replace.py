"""Find and replace over a whole set: looked at first, undone in one step.

Texts are read one by one and compared here: a database ignores capitals in its
own way, and only of some letters. The deed is a job: `rewrite`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from editor import pieces
from editor.history import BATCH
from editor.models import EditorSet, Recording, Replacement, Rewrite, Segment
from editor.pieces import Refused
from jobs.models import Job

_ACTIVE = (Job.Status.NOT_STARTED, Job.Status.RUNNING)


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

    def would_change(self, text: str) -> bool:
        return bool(self.pattern.search(text)) and self.apply(text) != text


def search_of(replacement: Replacement) -> Search:
    r = replacement
    return Search(r.find, r.replace, r.is_case, r.is_word)


def candidates(editor_set: EditorSet, search: Search) -> QuerySet[Recording]:
    """The recordings that may have it, whatever the case, in order."""
    rows = editor_set.recordings.filter(search__contains=search.find.casefold())
    return rows.order_by("position")


def matches(editor_set: EditorSet, search: Search) -> Iterator[Segment]:
    """The segments in which something would change, in order."""
    rows = Segment.objects.filter(recording__in=candidates(editor_set, search))
    rows = rows.exclude(text="").select_related("recording").defer("recording__search")
    for row in rows.order_by("recording__position", "start").iterator(BATCH):
        if search.would_change(row.text):
            yield row


@transaction.atomic
def start(user: User, editor_set: EditorSet, search: Search) -> Replacement:
    """Have it replaced everywhere. Raises Refused when there is nothing to do."""
    _refuse_two(editor_set)
    if next(matches(editor_set, search), None) is None:
        raise Refused(f"“{search.find}” is not in any text of this set.")
    made = Replacement.objects.create(
        editor_set=editor_set,
        user=user,
        find=search.find,
        replace=search.replace,
        is_case=search.is_case,
        is_word=search.is_word,
    )
    _enqueue(Rewrite.objects.create(replacement=made, user=user))
    return made


@transaction.atomic
def start_undo(user: User, replacement: Replacement) -> None:
    """Have a replacement taken back wherever nobody has changed the text since."""
    _refuse_two(replacement.editor_set)
    _enqueue(Rewrite.objects.create(replacement=replacement, user=user, is_undo=True))


def _refuse_two(editor_set: EditorSet) -> None:
    """Two at once would replace in each other's texts; a form may be sent twice."""
    EditorSet.objects.select_for_update().get(pk=editor_set.pk)
    if Rewrite.objects.filter(
        replacement__editor_set=editor_set, status__in=_ACTIVE
    ).exists():
        raise Refused("A replacement is at work in this set. Wait until it has ended.")


def _enqueue(job: Rewrite) -> None:
    transaction.on_commit(job.enqueue)
