"""A set of recordings that a model has heard already, such as the logs of an endpoint.

What it heard becomes the draft, so that nothing is recognised once more. The sound is
copied, as from a dataset, and the import only cuts it.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np
from django.core.files.storage import default_storage
from django.db import transaction

from datasets.formats.base import duration_text
from datasets.formats.measure import Meter
from editor.disk import look_ahead, told_when_full
from editor.history import BATCH, searched
from editor.models import EditorSet, Recording, Sound
from editor.pieces import Refused
from projects.models import Project

# Whoever asks waits until all is copied: a second or two for so much.
MOST_RECORDINGS = 1_000
MOST_SECONDS = 5 * 3600.0
_FRAMES = 1024 * 1024  # measured at once


@dataclass(frozen=True)
class Heard:
    """A recording, 16 kHz mono WAV of 16 bits on the storage, and what was heard."""

    name: str
    audio: str
    seconds: float
    text: str


_Copied = tuple[Recording, Sound]


def check(number: int, seconds: float) -> None:
    """Raises `Refused` when so many recordings, so long together, are no set."""
    if not number:
        raise Refused("Choose some recordings first.")
    if number > MOST_RECORDINGS or seconds > MOST_SECONDS:
        raise Refused(
            f"These are {number:,} recordings of {duration_text(seconds)}. A set is "
            f"made of at most {MOST_RECORDINGS:,} and {duration_text(MOST_SECONDS)}. "
            "Choose fewer, and make a second set of the others."
        )


def create(
    project: Project,
    heard: Sequence[Heard],
    name: str,
    description: str = "",
    key: UUID | None = None,
) -> EditorSet:
    """Make a set of copies of these. A recording that is gone by now is left out.

    `key` is for a form that may be sent twice: it makes one set. Raises `Refused` and
    `DiskFull`.
    """
    key = key or uuid4()
    if EditorSet.objects.filter(pk=key).exclude(project=project).exists():
        key = uuid4()  # that one is somebody else's
    editor_set = EditorSet(pk=key, project=project, name=name, description=description)
    if former := _former(editor_set):
        return former
    check(len(heard), sum(one.seconds for one in heard))
    copied: list[_Copied] = []
    try:
        look_ahead()
        with told_when_full():
            for one in heard:
                _copy(editor_set, one, copied)
        if not copied:
            raise Refused("These recordings were deleted meanwhile.")
        made = _store(editor_set, copied)
    except BaseException:
        _discard(copied)
        raise
    if made is not editor_set:
        _discard(copied)
    return made


def _former(editor_set: EditorSet) -> EditorSet | None:
    """The one that the same form has made before."""
    sets = EditorSet.objects.filter(pk=editor_set.pk, project=editor_set.project)
    return sets.first()


def _copy(editor_set: EditorSet, one: Heard, copied: list[_Copied]) -> None:
    position = len(copied) + 1
    try:
        with default_storage.open(one.audio) as file:
            target = f"{editor_set.folder}/{position:06}.wav"
            name = default_storage.save(target, file)
    except FileNotFoundError:
        return
    recording = Recording(
        editor_set=editor_set,
        position=position,
        name=one.name,
        audio=name,
        transcript=" ".join(one.text.split()),
        is_recognised=True,
        search=searched([one.name]),
    )
    sound = Sound()
    copied.append((recording, sound))
    recording.seconds, sound.peaks = _measured(name)


def _measured(name: str) -> tuple[float, bytes]:
    """Length in seconds and peaks."""
    meter = Meter()
    with default_storage.open(name) as file, wave.open(file) as audio:
        while frames := audio.readframes(_FRAMES):
            meter.add(np.frombuffer(frames, np.int16))
    return meter.seconds, meter.peaks()


@transaction.atomic
def _store(editor_set: EditorSet, copied: list[_Copied]) -> EditorSet:
    # One at a time in each project: the key holds.
    Project.objects.select_for_update().get(pk=editor_set.project_id)
    if former := _former(editor_set):
        return former
    editor_set.save(force_insert=True)
    recordings = [recording for recording, _ in copied]
    Recording.objects.bulk_create(recordings, batch_size=BATCH)
    for recording, sound in copied:
        sound.recording = recording
    Sound.objects.bulk_create([sound for _, sound in copied], batch_size=BATCH)
    transaction.on_commit(editor_set.enqueue)
    return editor_set


def _discard(copied: list[_Copied]) -> None:
    for recording, _ in copied:
        default_storage.delete(str(recording.audio.name))
