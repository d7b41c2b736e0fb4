"""What a person or a client can do with the sets of the transcription editor."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum

from datasets.formats.archive import MAX_FILES, MAX_UPLOAD_BYTES
from datasets.formats.base import duration_text, size_text
from datasets.models import Dataset
from editor.models import EditorSet, Export, Recording, Source
from editor.pieces import Refused
from jobs.models import Job
from projects.models import Project
from projects.storage import delete_tree
from training.models import SpeechModel

_SECOND_BYTES = 32_000  # of 16 kHz, mono, 16-bit
_HEAD_BYTES = 1024  # of a file in an archive, at most, with its line of text


@transaction.atomic
def create(
    project: Project,
    datasets: Sequence[Dataset],
    name: str,
    description: str = "",
    model: SpeechModel | None = None,
    key: UUID | None = None,
) -> EditorSet:
    """Have copies of these datasets made; a model writes drafts where no text is.

    `key` is for a form that may be sent twice: it makes one set.
    """
    editor_set, is_new = EditorSet.objects.get_or_create(
        pk=key or uuid4(),
        project=project,
        defaults={"name": name, "description": description, "model": model},
    )
    if not is_new:
        return editor_set
    first = 1
    for dataset in datasets:
        count = dataset.utterances.count()
        Source.objects.create(
            editor_set=editor_set,
            dataset=dataset,
            name=dataset.name,
            first=first,
            count=count,
        )
        first += count
    transaction.on_commit(editor_set.enqueue)
    return editor_set


def rename(editor_set: EditorSet, name: str, description: str) -> None:
    EditorSet.objects.filter(pk=editor_set.pk).update(
        name=name, description=description
    )


def retry(editor_set: EditorSet) -> None:
    """Go on with an import that failed; what it has already is kept."""
    failed = EditorSet.objects.filter(pk=editor_set.pk, status=Job.Status.FAILED)
    failed.update(stage="")
    if editor_set.retry():
        transaction.on_commit(editor_set.enqueue)


@transaction.atomic
def delete(editor_set: EditorSet) -> None:
    """Delete a set with its copies and texts; if it is at work, workers stop."""
    folder = editor_set.folder
    # Whoever copies into it waits here, and then finds it gone.
    EditorSet.objects.select_for_update().filter(pk=editor_set.pk).first()
    editor_set.call_off()
    editor_set.delete()
    transaction.on_commit(lambda: delete_tree(folder))


def export(
    editor_set: EditorSet,
    recordings: QuerySet[Recording],
    name: str,
    use: str,
    description: str = "",
    key: UUID | None = None,
) -> Export:
    """Have one new dataset made of these recordings. Raises Refused.

    `key` is for a form that may be sent twice: it makes one dataset.
    """
    key = key or uuid4()
    made = editor_set.exports.filter(pk=key).first()
    if made is not None:
        return made
    _check(recordings)
    # Those without any text have nothing to give; there may be 100,000 of them.
    is_empty = Q(segment_count=F("empty_count"))
    written = recordings.exclude(is_empty).order_by("position")
    empty = recordings.filter(is_empty).order_by().aggregate(n=Sum("empty_count"))
    made, is_new = Export.objects.get_or_create(
        pk=key,
        editor_set=editor_set,
        defaults={
            "name": name,
            "description": description,
            "use": use,
            "chosen": list(written.values_list("position", flat=True)),
            "left_out": empty["n"] or 0,
        },
    )
    if is_new:
        transaction.on_commit(made.enqueue)
    return made


def _check(recordings: QuerySet[Recording]) -> None:
    """Raises Refused when no dataset can be made of these, and says what can."""
    if recordings.filter(is_ready=False).exists():
        raise Refused(
            "Some of these recordings are still being cut or drafted. Wait until "
            "that has ended, or choose others."
        )
    written = Q(segments__gt=0) & ~Q(segments__text="")
    # Two sums over joined rows: the segments alone are counted.
    sums = recordings.order_by().aggregate(
        clips=Count("segments", filter=written),
        seconds=Sum(F("segments__end") - F("segments__start"), filter=written),
    )
    clips, seconds = sums["clips"], sums["seconds"] or 0.0
    if not clips:
        raise Refused("None of these recordings has a text yet. Write some first.")
    size = seconds * _SECOND_BYTES + clips * _HEAD_BYTES
    if clips >= MAX_FILES or size > MAX_UPLOAD_BYTES:
        raise Refused(
            f"These are {clips:,} utterances of {duration_text(seconds)}. A dataset "
            f"holds at most {MAX_FILES - 1:,} and {size_text(MAX_UPLOAD_BYTES)} "
            f"({duration_text(MAX_UPLOAD_BYTES / _SECOND_BYTES)}). Choose fewer "
            "recordings, and export the others as a second dataset."
        )
