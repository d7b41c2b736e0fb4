"""Take datasets into the editor: copy their recordings, cut and draft them.

First the job itself copies the audio, so that the datasets may be deleted from
then on. Then it leaves the recordings to shards, as a test does: each is an
idempotent job, so a worker that dies costs what it had in hand, and any number of
workers may cut and write drafts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice, pairwise
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, QuerySet

from datasets.models import Utterance
from editor import clips, cutting
from editor.disk import look_ahead, told_when_full
from editor.history import BATCH, finish, locked, searched
from editor.models import EditorSet, Recording, Segment, Shard, Sound, Source
from engines.base import Clip, Decoding, EngineError, LocalEngine, Transcript
from engines.registry import get_engine
from jobs.models import Job
from projects.storage import local_copy
from training.fetch import ensure

# A shard ends when it holds so many recordings or so much audio: little enough
# that losing one costs a minute.
SHARD_RECORDINGS = 16
SHARD_SECONDS = 120.0
_COPIED_AT_ONCE = 50


class SourceGone(Exception):
    """A dataset was deleted before all of it was copied."""

    code = "SourceGone"


def take_in(editor_set: EditorSet) -> None:
    """Copy the recordings, have the model ready, plan the shards and queue them.

    Raises `SourceGone`, `DiskFull`, and `EngineError` when the model cannot be had.
    """
    _say(editor_set, "Copying")
    _copy_all(editor_set)
    if editor_set.model and editor_set.model.status != Job.Status.SUCCEEDED:
        _say(editor_set, f"Fetching the model {editor_set.model.name}")
        ensure(editor_set.model)
    _say(editor_set, "Writing drafts" if editor_set.model else "Cutting")
    # What an earlier try planned is planned anew; its results stay.
    editor_set.call_off()
    todo = editor_set.recordings.filter(is_ready=False)
    _plan_shards(editor_set, todo.values_list("position", "seconds").iterator(BATCH))
    total = editor_set.recordings.count()
    editor_set.begin_with(total - todo.count(), total)
    editor_set.hand_over()
    for shard in editor_set.shards.order_by("first"):
        shard.enqueue()


def work_on(shard: Shard) -> None:
    """Cut the shard's recordings, and write the drafts that are missing."""
    todo = _unready(shard)
    total = todo.count()
    shard.report(0, total)
    engine = get_engine(shard.editor_set.project.engine_here)
    if shard.model is not None and shard.model.status != Job.Status.SUCCEEDED:
        ensure(shard.model)
    for number, recording in enumerate(list(todo), start=1):
        with local_copy(recording.audio.name) as path:
            if not recording.segment_count:
                _cut(shard, recording, engine.speech(path))
            if shard.model is not None:
                _draft(shard, recording, engine, path)
        with transaction.atomic():
            shard.report(number, total)
            _be_ready(recording)
    shard.succeed()


def settle(set_id: UUID | str) -> None:
    """End the import if its last shard has ended.

    A shard that was to draft one recording anew, by hand, and failed, leaves the
    recording to the people.
    """
    editor_set = EditorSet.objects.filter(pk=set_id).first()
    if editor_set is None:
        return
    failed = editor_set.shards.filter(status=Job.Status.FAILED)
    if editor_set.status == Job.Status.SUCCEEDED:
        for shard in failed:
            _release(shard)
    elif editor_set.status == Job.Status.RUNNING and editor_set.heartbeat is None:
        _end(editor_set, failed.first())


def _end(editor_set: EditorSet, failed: Shard | None) -> None:
    if failed:
        with transaction.atomic():
            editor_set.call_off()
            if not editor_set.fail(failed.error, failed.error_code):
                # It was tried again meanwhile: these are the new try's shards.
                transaction.set_rollback(True)
    elif not editor_set.shards.exclude(status=Job.Status.SUCCEEDED).exists():
        editor_set.succeed(stage="")


def _release(shard: Shard) -> None:
    for recording in _unready(shard):
        _be_ready(recording)


def _unready(shard: Shard) -> QuerySet[Recording]:
    return Recording.objects.filter(
        editor_set=shard.editor_set_id,
        position__range=(shard.first, shard.last),
        is_ready=False,
    )


def _say(editor_set: EditorSet, stage: str) -> None:
    EditorSet.objects.filter(pk=editor_set.pk).update(stage=stage)


def _copy_all(editor_set: EditorSet) -> None:
    total = sum(source.count for source in editor_set.sources.all())
    done = editor_set.recordings.count()
    editor_set.begin_with(done, total)
    for source in editor_set.sources.all():
        # Closed at once whatever happens: it holds a cursor of the database.
        with closing(_missing(source)) as missing:
            while utterances := list(islice(missing, _COPIED_AT_ONCE)):
                done += len(utterances)
                look_ahead()
                with told_when_full():
                    _copy(editor_set, source, utterances, done, total)


def _missing(source: Source) -> Generator[Utterance, None, None]:
    """The utterances of a dataset that were not copied yet."""
    span = (source.first, source.first + source.count - 1)
    copied = source.editor_set.recordings.filter(position__range=span)
    there = set(copied.values_list("position", flat=True))
    if len(there) == source.count:
        return
    if source.dataset is None:
        raise SourceGone(
            f"“{source.name}” was deleted before all of it was copied. "
            "Delete this editor dataset and import again what is left."
        )
    rows = source.dataset.utterances.select_related("loudness").order_by("position")
    for position, utterance in enumerate(rows.iterator(BATCH), start=source.first):
        if position not in there:
            utterance.position = position
            yield utterance


def _copy(
    editor_set: EditorSet,
    source: Source,
    utterances: list[Utterance],
    done: int,
    total: int,
) -> None:
    """Copy some recordings: files first, then rows and progress in one step."""
    rows = []
    try:
        for utterance in utterances:
            rows.append(_copied(editor_set, utterance))
        with transaction.atomic():
            editor_set.report(done, total)
            made = Recording.objects.bulk_create(rows)
            Sound.objects.bulk_create(
                Sound(recording=row, peaks=utterance.loudness.peaks)
                for row, utterance in zip(made, utterances, strict=True)
            )
    except FileNotFoundError as e:
        _discard(rows)
        raise SourceGone(
            f"“{source.name}” was deleted while it was being copied. "
            "Delete this editor dataset and import again what is left."
        ) from e
    except BaseException:
        _discard(rows)
        raise


def _copied(editor_set: EditorSet, utterance: Utterance) -> Recording:
    with default_storage.open(str(utterance.audio.name)) as file:
        name = default_storage.save(
            f"{editor_set.folder}/{utterance.position:06}.wav", file
        )
    return Recording(
        editor_set=editor_set,
        position=utterance.position,
        name=utterance.name,
        audio=name,
        transcript=utterance.transcript,
        seconds=utterance.seconds,
        labels=utterance.labels,
        search=searched([utterance.name]),
    )


def _discard(rows: list[Recording]) -> None:
    for row in rows:
        default_storage.delete(str(row.audio.name))


def _plan_shards(editor_set: EditorSet, lengths: Iterator[tuple[int, float]]) -> None:
    Shard.objects.bulk_create(
        (
            Shard(editor_set=editor_set, model=editor_set.model, first=first, last=last)
            for first, last in slices(lengths)
        ),
        batch_size=BATCH,
    )


def slices(lengths: Iterator[tuple[int, float]]) -> Iterator[tuple[int, int]]:
    """Cut (position, seconds) pairs into runs of first and last position.

    >>> list(slices(iter([(1, 80.0), (2, 30.0), (3, 20.0), (4, 900.0)])))
    [(1, 2), (3, 3), (4, 4)]
    """
    first = last = number = 0
    held = 0.0
    for position, seconds in lengths:
        full = held + seconds > SHARD_SECONDS or number >= SHARD_RECORDINGS
        if first and full:
            yield first, last
            first, held, number = 0, 0.0, 0
        first = first or position
        last = position
        held += seconds
        number += 1
    if first:
        yield first, last


def _cut(shard: Shard, recording: Recording, speech: bytes) -> None:
    """Make the first segments: one, or several of a long one without text."""
    times: list[float] = []
    if recording.seconds > cutting.WHOLE_SECONDS and not recording.transcript:
        times = cutting.cuts(speech, recording.seconds)
    wants_draft = shard.model is not None and not recording.transcript
    with _ours(shard, recording) as fresh:
        Sound.objects.filter(pk=recording.pk).update(speech=speech)
        Segment.objects.bulk_create(
            Segment(
                recording=recording,
                start=start,
                end=end,
                text=recording.transcript,
                is_draft=recording.is_recognised and bool(recording.transcript),
                is_waiting=wants_draft and cutting.spoken(speech, start, end) > 0,
            )
            for start, end in pairwise([0.0, *times, recording.seconds])
        )
        fresh.revision += 1
        fresh.structure = fresh.revision
        finish(fresh, None)


@contextmanager
def _ours(shard: Shard, recording: Recording) -> Iterator[Recording]:
    """The recording, if the shard is still this worker's. Raises Gone.

    The shard first: who calls it off waits for what is being stored, and what
    comes later finds it gone.
    """
    with transaction.atomic():
        shard.report(shard.done, shard.total)
        with locked(recording.pk) as fresh:
            yield fresh


def _draft(shard: Shard, recording: Recording, engine: LocalEngine, path: Path) -> None:
    """Write the drafts that the recording waits for, each as soon as it is there."""
    assert shard.model is not None
    waiting = {str(s.pk): s for s in recording.segments.filter(is_waiting=True)}
    if not waiting:
        return
    options = Decoding(locale=shard.editor_set.project.locale)
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        sounds = []
        for key, segment in waiting.items():
            part = Path(folder) / f"{key}.wav"
            clips.cut(path, segment.start, segment.end, part)
            sounds.append(Clip(key, part))
        heard = engine.transcribe(shard.model.reference, sounds, options)
        for transcript in heard:
            waiting.pop(transcript.key)
            _store(shard, recording, transcript)
    if waiting:
        raise EngineError(f"The engine gave no result for {len(waiting)} segments.")


def _store(shard: Shard, recording: Recording, heard: Transcript) -> None:
    """Keep one draft, unless somebody has written a text or cut anew meanwhile."""
    with _ours(shard, recording) as fresh:
        fresh.revision += 1
        kept = fresh.segments.filter(pk=heard.key, is_waiting=True).update(
            text=heard.text,
            is_draft=bool(heard.text),
            is_waiting=False,
            version=fresh.revision,
            edited_by=None,
            edited_at=None,
        )
        if kept:
            finish(fresh, None)


def _be_ready(recording: Recording) -> None:
    with locked(recording.pk) as fresh:
        if fresh.is_ready:
            return
        fresh.is_ready = True
        fresh.revision += 1
        # A text that was written and undone meanwhile waits again, in vain.
        fresh.segments.filter(is_waiting=True).update(
            is_waiting=False, version=fresh.revision
        )
        finish(fresh, None)
        EditorSet.objects.filter(
            pk=fresh.editor_set_id, status=Job.Status.RUNNING
        ).update(done=F("done") + 1)
