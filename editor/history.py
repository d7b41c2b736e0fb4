"""The steps that were made in a recording: written, counted, undone and redone.

Edits of one recording take turns at its row, and each makes it one revision
older. Undo goes back through the steps of the person who asks, not through those
of others, and is refused where somebody has changed the result since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from editor.models import Change, Recording, Segment
from editor.pieces import Piece, Refused

BATCH = 500  # rows written at once
# What `count` sets.
COUNTED = ["segment_count", "draft_count", "empty_count", "search"]


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


def count(recordings: Iterable[Recording]) -> None:
    """Set what the recordings say of their segments; who calls it stores them."""
    there = {row.pk: row for row in recordings}
    said = {key: [row.name] for key, row in there.items()}
    for row in there.values():
        row.segment_count = row.draft_count = row.empty_count = 0
    segments = Segment.objects.filter(recording__in=list(there)).order_by()
    values = segments.values_list("recording", "text", "is_draft")
    for key, text, is_draft in values.iterator():
        there[key].segment_count += 1
        there[key].draft_count += is_draft
        there[key].empty_count += not text
        said[key].append(text)
    for key, row in there.items():
        row.search = searched(said[key])


def searched(parts: Iterable[str]) -> str:
    """Texts as they are searched; no search finds what two of them make together.

    Databases fold other letters than those of English slowly, or not at all.

    >>> searched(["A.wav", "Straße"])
    'a.wav\\nstrasse'
    """
    return "\n".join(parts).casefold()


def finish(recording: Recording, user: User | None) -> None:
    """Store the recording after an edit; None: a model has made it."""
    count([recording])
    fields = ["revision", "structure", "is_ready", "is_done", *COUNTED]
    if user is not None:
        recording.edited_by, recording.edited_at = user, now()
        fields += ["edited_by", "edited_at"]
    recording.save(update_fields=fields)


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
    if recording.is_ready:
        # Nobody writes drafts any more: what comes back must not wait for one.
        new = [replace(piece, is_waiting=False) for piece in new]
    elif step.kind == Change.Kind.MOVE:
        # A draft that came since the border was moved stays.
        new = [_drafted(piece, there.get(piece.id or 0)) for piece in new]
    exchange(user, recording, went, new)
    return went


def _drafted(former: Piece, now_there: Piece | None) -> Piece:
    if now_there is None or not former.is_waiting or now_there.is_waiting:
        return former
    return replace(former, text=now_there.text, is_draft=True, is_waiting=False)


def _pieces(side: Iterable[dict[str, Any]]) -> list[Piece]:
    return [Piece(**piece) for piece in side]
