"""The steps that were made in a recording: written, counted, undone and redone.

Edits of one recording take turns at its row, and each makes it one revision
older. Undo goes back through the steps of the person who asks, not through those
of others, and is refused where somebody has changed the result since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from editor.models import Change, Recording, Segment
from editor.pieces import Piece, Refused

BATCH = 500  # rows written at once


class Conflict(Exception):
    """Somebody else has changed it; `segment` is what is there now, if it is."""

    def __init__(self, message: str, segment: Segment | None = None) -> None:
        super().__init__(message)
        self.segment = segment


@contextmanager
def locked(recording_id: int) -> Iterator[Recording]:
    """The recording, for one edit of it at a time."""
    with transaction.atomic():
        rows = Recording.objects.select_for_update(of=("self",))
        yield rows.select_related("editor_set").get(pk=recording_id)


def undo(user: User, recording_id: int) -> Recording:
    """Take back this person's latest step. Raises Conflict and Refused."""
    with locked(recording_id) as recording:
        step = steps_of(user, recording).filter(is_undone=False).last()
        if step is None:
            raise Refused("There is nothing of yours to undo here.")
        step.after = [p.as_json() for p in _revert(user, recording, step, back=True)]
        step.is_undone = True
        step.save(update_fields=["after", "is_undone"])
        return recording


def redo(user: User, recording_id: int) -> Recording:
    """Do again what was undone last. Raises Conflict and Refused."""
    with locked(recording_id) as recording:
        step = steps_of(user, recording).filter(is_undone=True).first()
        if step is None:
            raise Refused("There is nothing of yours to redo here.")
        step.before = [p.as_json() for p in _revert(user, recording, step, back=False)]
        step.is_undone = False
        step.save(update_fields=["before", "is_undone"])
        return recording


def steps_of(user: User, recording: Recording) -> QuerySet[Change]:
    return Change.objects.filter(recording=recording, user=user)


def put(
    user: User,
    recording: Recording,
    kind: str,
    old: Sequence[Piece],
    new: Sequence[Piece],
) -> None:
    """Put pieces in the place of others, as a step that can be undone."""
    steps_of(user, recording).filter(is_undone=True).delete()
    made = exchange(user, recording, old, new)
    Change.objects.create(
        recording=recording,
        user=user,
        kind=kind,
        before=[piece.as_json() for piece in old],
        after=[piece.as_json() for piece in made],
    )


def exchange(
    user: User, recording: Recording, old: Sequence[Piece], new: Sequence[Piece]
) -> list[Piece]:
    """Write `new` where `old` was; gives it with the keys of its rows."""
    recording.revision += 1
    if [(p.id, p.start, p.end) for p in old] != [(p.id, p.start, p.end) for p in new]:
        recording.structure = recording.revision
    there = {piece.id for piece in old if piece.id}
    gone = there - {piece.id for piece in new if piece.id}
    Segment.objects.filter(pk__in=gone).delete()
    rows = [_row(user, recording, piece) for piece in new]
    fields = ["start", "end", "text", "is_draft", "is_waiting", "version"]
    Segment.objects.bulk_update(
        [row for row in rows if row.pk in there],
        [*fields, "edited_by", "edited_at"],
        batch_size=BATCH,
    )
    fresh = [row for row in rows if row.pk not in there]
    Segment.objects.bulk_create(fresh, batch_size=BATCH)
    finish(recording, user)
    return [row.piece for row in rows]


def recount(recording_ids: Sequence[int]) -> None:
    """Bring the counts of these recordings up to what their segments say."""
    segments = Segment.objects.filter(recording=OuterRef("pk")).order_by()
    counted = segments.values("recording").annotate(
        all=Count("pk"),
        drafts=Count("pk", filter=Q(is_draft=True)),
        empty=Count("pk", filter=Q(text="")),
    )
    for first in range(0, len(recording_ids), BATCH):
        part = recording_ids[first : first + BATCH]
        Recording.objects.filter(pk__in=part).update(
            segment_count=Coalesce(Subquery(counted.values("all")), 0),
            draft_count=Coalesce(Subquery(counted.values("drafts")), 0),
            empty_count=Coalesce(Subquery(counted.values("empty")), 0),
        )


def finish(recording: Recording, user: User | None) -> None:
    """Store the recording after an edit; None: a model has made it."""
    fields = ["revision", "structure", "is_ready", "is_done"]
    if user is not None:
        recording.edited_by, recording.edited_at = user, now()
        fields += ["edited_by", "edited_at"]
    recording.save(update_fields=fields)
    recount([recording.pk])


def by(user: User) -> dict[str, Any]:
    return {"edited_by": user, "edited_at": now()}


def _row(user: User, recording: Recording, piece: Piece) -> Segment:
    return Segment(
        pk=piece.id,
        recording=recording,
        start=piece.start,
        end=piece.end,
        text=piece.text,
        is_draft=piece.is_draft,
        is_waiting=piece.is_waiting,
        version=recording.revision,
        **by(user),
    )


def _revert(user: User, recording: Recording, step: Change, back: bool) -> list[Piece]:
    """Put one side of a step in the place of the other.

    Gives the pieces that went, as they were at the end. Raises Refused when
    somebody has changed them since.
    """
    sides = [_pieces(step.before), _pieces(step.after)]
    old, new = reversed(sides) if back else sides
    rows = recording.segments.filter(pk__in=[piece.id for piece in old])
    there = {row.pk: row.piece for row in rows}
    for piece in old:
        now_there = there.get(piece.id or 0)
        if now_there is None or not now_there.is_still(piece):
            raise Refused(
                "It has been changed since, so this step cannot be "
                f"{'undone' if back else 'redone'}. Nothing was changed."
            )
    went = [there[piece.id or 0] for piece in old]
    if step.kind == Change.Kind.RECUT:
        # Whatever drafts it waits for are not wanted any more.
        recording.is_ready = True
    exchange(user, recording, went, new)
    return went


def _pieces(side: Iterable[dict[str, Any]]) -> list[Piece]:
    return [Piece(**piece) for piece in side]
