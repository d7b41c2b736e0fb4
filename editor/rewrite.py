"""Carry out a replacement over a set, or take it back: what its job does.

In portions, each written in one transaction with the progress: people who edit the
same recordings wait for a portion at most, and after the death of a worker another
one goes on where it stopped. What is dealt with is never looked at again: “a” may
become “aa”.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet

from editor import pieces
from editor.history import BATCH, COUNTED, by, count
from editor.models import Change, Recording, Replacement, Rewrite, Segment
from editor.pieces import Piece, Refused
from editor.replace import candidates, search_of

_PORTION_SEGMENTS = 2000
_SEGMENT_FIELDS = [
    *("text", "is_draft", "is_waiting", "version", "edited_by", "edited_at")
]
_RECORDING_FIELDS = ["revision", "edited_by", "edited_at", *COUNTED]
# Deals with some recordings, which are held: how many segments were changed, and
# how many left.
Deal: TypeAlias = Callable[[Rewrite, User, dict[int, Recording]], tuple[int, int]]


def rewrite(job: Rewrite) -> None:
    """Raises Refused when the person was deleted, or a text would get too long."""
    if job.user is None:
        raise Refused("Whoever asked for this was deleted.")
    deal: Deal = _undo if job.is_undo else _replace
    todo = _todo(job).values_list("pk", "position", "segment_count")
    rows = list(todo)  # what is written meanwhile changes what is found
    total, done = len(rows), 0
    job.report(0, total)
    for portion in _portions(rows):
        done += len(portion)
        with transaction.atomic():
            job.report(done, total)
            changed, left = deal(job, job.user, _held([key for key, _ in portion]))
            Rewrite.objects.filter(pk=job.pk).update(
                reached=portion[-1][1], left=F("left") + left
            )
            if not job.is_undo:
                Replacement.objects.filter(pk=job.replacement_id).update(
                    segments=F("segments") + changed
                )
    with transaction.atomic():
        if job.succeed() and job.is_undo:
            Replacement.objects.filter(pk=job.replacement_id).update(is_undone=True)


def _held(keys: Sequence[int]) -> dict[int, Recording]:
    """Recordings that nobody else edits until this transaction ends."""
    rows = Recording.objects.select_for_update().filter(pk__in=keys)
    return {row.pk: row for row in rows.order_by("pk")}


def _todo(job: Rewrite) -> QuerySet[Recording]:
    made = job.replacement
    if job.is_undo:
        changed = made.changes.order_by().values("recording")
        rows = made.editor_set.recordings.filter(pk__in=changed)
    else:
        rows = candidates(made.editor_set, search_of(made))
    return rows.filter(position__gt=job.reached).order_by("position")


def _portions(rows: Iterable[tuple[int, int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Keys and positions of so many recordings as are written at once.

    >>> list(_portions([(7, 1, 1500), (8, 2, 400), (9, 3, 900)]))
    [[(7, 1), (8, 2)], [(9, 3)]]
    """
    held: list[tuple[int, int]] = []
    segments = 0
    for key, position, number in rows:
        if held and segments + number > _PORTION_SEGMENTS:
            yield held
            held, segments = [], 0
        held.append((key, position))
        segments += number
    if held:
        yield held


def _replace(job: Rewrite, user: User, held: dict[int, Recording]) -> tuple[int, int]:
    search = search_of(job.replacement)
    rows = Segment.objects.filter(recording__in=list(held)).exclude(text="")
    found = [row for row in rows.order_by("pk") if search.would_change(row.text)]
    changes: dict[int, Change] = {}
    for row in found:
        before = row.piece
        _write(row, pieces.write(before, search.apply(row.text)))
        step = changes.setdefault(
            row.recording_id,
            Change(
                recording_id=row.recording_id,
                user=user,
                replacement=job.replacement,
                kind=Change.Kind.REPLACE,
                before=[],
                after=[],
            ),
        )
        step.before.append(before.as_json())
        step.after.append(row.piece.as_json())
    # A new step ends what could be redone.
    undone = Change.objects.filter(recording__in=list(changes), user=user)
    undone.filter(is_undone=True).delete()
    Change.objects.bulk_create(changes.values(), batch_size=BATCH)
    _store(user, held, found)
    return len(found), 0


def _undo(job: Rewrite, user: User, held: dict[int, Recording]) -> tuple[int, int]:
    steps = job.replacement.changes.filter(recording__in=list(held), is_undone=False)
    former: dict[int, Piece] = {}
    latter: dict[int, Piece] = {}
    for step in steps:
        former |= {piece["id"]: Piece(**piece) for piece in step.before}
        latter |= {piece["id"]: Piece(**piece) for piece in step.after}
    rows = Segment.objects.filter(recording__in=list(held))
    found = [
        row
        for row in rows.order_by("pk")
        if row.pk in latter and row.text == latter[row.pk].text
    ]
    for row in found:
        was = former[row.pk]
        _write(row, replace(row.piece, text=was.text, is_draft=was.is_draft))
    _store(user, held, found)
    steps.update(is_undone=True)
    return len(found), len(latter) - len(found)


def _write(row: Segment, piece: Piece) -> None:
    row.text, row.is_draft, row.is_waiting = piece.text, piece.is_draft, False


def _store(user: User, held: dict[int, Recording], found: Sequence[Segment]) -> None:
    """Write the segments, and their recordings as one revision older."""
    touched = {row.recording_id: held[row.recording_id] for row in found}
    who, when = by(user).values()
    for recording in touched.values():
        recording.revision += 1
        recording.edited_by, recording.edited_at = who, when
    for row in found:
        row.version = held[row.recording_id].revision
        row.edited_by, row.edited_at = who, when
    # Rows that are there and held: many times as fast as `bulk_update`.
    Segment.objects.bulk_create(
        found,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_SEGMENT_FIELDS,
    )
    count(touched.values())
    Recording.objects.bulk_create(
        touched.values(),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_RECORDING_FIELDS,
    )
