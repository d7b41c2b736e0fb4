"""Editor sets for the tests of this room."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from editor.history import searched
from editor.models import EditorSet, Recording, Segment, Sound
from jobs.models import Job
from projects.models import Project
from speechstudio.test import tone

STEP = 0.032
# For each second of a recording: half a second of speech, half of silence.
SECOND = b"\xff" * 16 + b"\x00" * 15


def make_set(
    project: Project,
    texts: Sequence[str | Sequence[str]] = ("one two three",),
    seconds: float = 2.0,
    **fields: Any,
) -> EditorSet:
    """A set that was taken in: a recording for each of `texts`.

    A text or several: each becomes a segment, equally long.
    """
    values = {"name": "Corrections", "status": Job.Status.SUCCEEDED}
    editor_set = EditorSet.objects.create(project=project, **values | fields)
    for position, said in enumerate(texts, start=1):
        make_recording(editor_set, position, said, seconds)
    return editor_set


def make_recording(
    editor_set: EditorSet, position: int, said: str | Sequence[str], seconds: float
) -> Recording:
    parts = [said] if isinstance(said, str) else list(said)
    name = f"{editor_set.folder}/{position:06}.wav"
    recording = Recording.objects.create(
        editor_set=editor_set,
        position=position,
        name=f"{position:03}.wav",
        audio=default_storage.save(name, ContentFile(tone(seconds))),
        seconds=seconds,
        is_ready=True,
        segment_count=len(parts),
        empty_count=parts.count(""),
        revision=1,
        structure=1,
        search=searched([f"{position:03}.wav", *parts]),
    )
    speech = (SECOND * int(seconds + 1))[: round(seconds / STEP)]
    peaks = bytes(range(0, 250, 5))
    Sound.objects.create(recording=recording, peaks=peaks, speech=speech)
    length = seconds / len(parts)
    Segment.objects.bulk_create(
        Segment(
            recording=recording,
            start=length * number,
            end=length * (number + 1),
            text=text,
            version=1,
        )
        for number, text in enumerate(parts)
    )
    return recording


def texts_of(recording: Recording) -> list[str]:
    return list(recording.segments.values_list("text", flat=True))


def spans_of(recording: Recording) -> list[tuple[float, float]]:
    return list(recording.segments.values_list("start", "end"))


def assert_whole(recording: Recording) -> None:
    """The segments cover the recording without gaps, and the counts are right."""
    recording.refresh_from_db()
    spans = spans_of(recording)
    assert spans[0][0] == 0.0
    assert spans[-1][1] == recording.seconds
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    texts = texts_of(recording)
    assert recording.segment_count == len(texts)
    assert recording.empty_count == texts.count("")
