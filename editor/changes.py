"""What a person does to a recording.

Two people may work on the same one. Whoever saves says which version of a segment
it was made of; when somebody else was faster, nothing is written and `Conflict`
tells what is there now.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from editor import cutting, pieces
from editor.history import Conflict, by, finish, locked, put
from editor.models import Change, Recording, Segment, Shard, Sound
from editor.pieces import Piece, Refused
from training.models import SpeechModel


def write(
    user: User, recording_id: int, segment_id: int, version: int, text: str
) -> Recording:
    """Store the text of a segment. Raises Conflict and Refused."""
    with locked(recording_id) as recording:
        old = _current(recording, segment_id, version).piece
        new = pieces.write(old, text)
        if new != old:
            put(user, recording, Change.Kind.TEXT, [old], [new])
        return recording


def split(
    user: User,
    recording_id: int,
    segment_id: int,
    version: int,
    texts: tuple[str, str],
    at: float | None,
) -> Recording:
    """Split a segment, its text as given, its sound at `at` seconds.

    Without `at` the sound is cut in a pause near the place that the share of
    the text suggests. Raises Conflict and Refused.
    """
    with locked(recording_id) as recording:
        old = _current(recording, segment_id, version).piece
        if at is None:
            at = _place(recording, old, texts)
        new = pieces.split(old, at, *texts)
        put(user, recording, Change.Kind.SPLIT, [old], new)
        return recording


def merge(
    user: User, recording_id: int, segment_id: int, version: int, next_version: int
) -> Recording:
    """Merge a segment with the one after it. Raises Conflict and Refused."""
    with locked(recording_id) as recording:
        first = _current(recording, segment_id, version)
        second = _after(recording, first, next_version)
        new = pieces.merge(first.piece, second.piece)
        old = [first.piece, second.piece]
        put(user, recording, Change.Kind.MERGE, old, [new])
        return recording


def move(
    user: User,
    recording_id: int,
    segment_id: int,
    version: int,
    next_version: int,
    at: float,
) -> Recording:
    """Move the border between a segment and the next one to `at` seconds.

    Raises Conflict and Refused.
    """
    with locked(recording_id) as recording:
        first = _current(recording, segment_id, version)
        second = _after(recording, first, next_version)
        old = [first.piece, second.piece]
        new = pieces.move(old, at)
        if new != old:
            put(user, recording, Change.Kind.MOVE, old, new)
        return recording


def recut(
    user: User,
    recording_id: int,
    revision: int,
    min_silence: float,
    model: SpeechModel | None = None,
) -> Recording:
    """Cut the whole recording anew; with a model, have all texts drafted anew.

    Refused when anything has changed since `revision`. Raises Conflict and
    Refused.
    """
    with locked(recording_id) as recording:
        if not recording.is_ready:
            raise Refused("The recording is being cut or drafted right now. Wait.")
        if recording.revision != revision:
            raise Conflict("Somebody has changed this recording meanwhile.")
        speech = bytes(Sound.objects.get(recording=recording).speech)
        old = [segment.piece for segment in recording.segments.all()]
        least = cutting.SHORTEST_BY_HAND_SECONDS
        times = cutting.cuts(speech, recording.seconds, min_silence, least)
        new = pieces.recut(old, times, speech, is_anew=model is not None)
        recording.is_ready = model is None
        recording.is_done = False
        put(user, recording, Change.Kind.RECUT, old, new)
        if model is not None:
            _have_drafted(recording, model)
        return recording


def accept(user: User, recording_id: int, segment_id: int, version: int) -> Recording:
    """Say that a draft is right as it is. Raises Conflict."""
    with locked(recording_id) as recording:
        segment = _current(recording, segment_id, version)
        if segment.is_draft:
            recording.revision += 1
            Segment.objects.filter(pk=segment.pk).update(
                is_draft=False, version=recording.revision, **by(user)
            )
            finish(recording, user)
        return recording


def set_done(user: User, recording_id: int, is_done: bool) -> Recording:
    """Mark the whole recording as done, its drafts as right; or take that back."""
    with locked(recording_id) as recording:
        recording.revision += 1
        recording.is_done = is_done
        if is_done:
            recording.segments.filter(is_draft=True).update(
                is_draft=False, version=recording.revision, **by(user)
            )
        finish(recording, user)
        return recording


def _current(recording: Recording, segment_id: int, version: int) -> Segment:
    """The segment, if it is still the version that the person has seen."""
    rows = recording.segments.select_related("edited_by")
    segment = rows.filter(pk=segment_id).first()
    if segment is None:
        raise Conflict(
            "This segment is no longer there: somebody has merged it or cut the "
            "recording anew."
        )
    if segment.version != version:
        who = segment.edited_by.get_username() if segment.edited_by else "A model"
        raise Conflict(f"{who} has changed this segment meanwhile.", segment)
    return segment


def _after(recording: Recording, segment: Segment, version: int) -> Segment:
    rows = recording.segments.filter(start__gte=segment.end)
    following = rows.order_by("start").first()
    if following is None:
        raise Refused("This is the last segment; there is none after it.")
    return _current(recording, following.pk, version)


def _place(recording: Recording, piece: Piece, texts: tuple[str, str]) -> float:
    length = sum(map(len, texts))
    share = len(texts[0]) / length if length else 0.5
    least = cutting.PART_SECONDS
    low, high = piece.start + least, piece.end - least
    if low >= high:
        raise Refused(f"The segment is too short to be split: {2 * least} s at least.")
    time = piece.start + share * (piece.end - piece.start)
    speech = bytes(Sound.objects.get(recording=recording).speech)
    if not speech:
        return min(max(time, low), high)
    return cutting.quiet_near(speech, time, low, high)


def _have_drafted(recording: Recording, model: SpeechModel) -> None:
    place = {
        "editor_set": recording.editor_set,
        "first": recording.position,
        "last": recording.position,
    }
    # An earlier try is past: what it has to say of its failure, and, when its cut
    # was undone while it worked, that the recording is ready when it ends.
    Shard.objects.filter(**place).delete()
    shard = Shard.objects.create(**place, model=model)
    transaction.on_commit(shard.enqueue)
