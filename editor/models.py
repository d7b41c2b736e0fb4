from __future__ import annotations

from typing import ClassVar

from celery import current_app
from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.timezone import now

from datasets import waveform
from datasets.models import Dataset
from editor.pieces import Piece
from jobs.models import Job
from projects.models import Project
from projects.storage import folder_of
from training.models import SpeechModel


class EditorSet(Job):
    """Copies of recordings, whose texts people write; its job takes them in.

    It is no dataset, and nothing can be trained or tested on it: what is done
    is exported as a new one.
    """

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="editor_sets"
    )
    name = models.CharField(max_length=200)
    # Short enough to travel in the wizard's addresses.
    description = models.TextField(blank=True, max_length=1000)
    # Writes the drafts where there is no text; None: nobody does.
    model = models.ForeignKey(
        SpeechModel,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="editor_sets",
    )
    # What the job does right now, in words, while it is Running.
    stage = models.CharField(max_length=200, blank=True, editable=False)

    task_name: ClassVar[str] = "editor.tasks.take_in_set"
    settle_task: ClassVar[str] = "editor.tasks.settle_set"
    unit_label = "recordings"

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["project", "-created"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("editor-detail", args=[self.pk])

    @property
    def folder(self) -> str:
        """Where its files lie on the storage."""
        return f"{folder_of(self.project)}/editor/{self.pk}"

    def call_off(self) -> None:
        """Take all shards from their workers, who find them gone and stop."""
        Shard.objects.filter(editor_set=self).delete()

    @classmethod
    def tend(cls) -> None:
        """End the imports whose last shard's worker died before it could."""
        for key in cls.objects.filter(
            status=cls.Status.RUNNING, heartbeat=None
        ).values_list("pk", flat=True):
            current_app.signature(cls.settle_task, args=[str(key)]).apply_async()


class Source(models.Model):
    """A dataset that a set was made of. Its name stays when it is deleted."""

    editor_set = models.ForeignKey(
        EditorSet, on_delete=models.CASCADE, related_name="sources"
    )
    dataset = models.ForeignKey(
        Dataset, on_delete=models.SET_NULL, null=True, related_name="editor_sources"
    )
    name = models.CharField(max_length=200)
    # The positions of its recordings in the set: `first` and `count` - 1 more.
    first = models.PositiveIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        ordering = ["first"]

    def __str__(self) -> str:
        return self.name


class Recording(models.Model):
    """A copied recording; its sound never changes, its segments do.

    `revision` counts its changes, whoever makes them, and `structure` is the
    revision at which segments last came, went or moved: an open page asks for
    what is newer than what it shows.
    """

    editor_set = models.ForeignKey(
        EditorSet, on_delete=models.CASCADE, related_name="recordings", db_index=False
    )
    position = models.PositiveIntegerField()  # counts from 1
    name = models.CharField(max_length=255)  # of the audio file in the dataset
    audio = models.FileField(max_length=255)
    # What the dataset says of it; it becomes its first segment.
    transcript = models.TextField(blank=True)
    # Whether a model said it: then it is a draft, and not what people wrote.
    is_recognised = models.BooleanField(default=False)
    seconds = models.FloatField()
    labels = models.JSONField(default=dict)
    # False until it is cut and every draft that was asked for is written.
    is_ready = models.BooleanField(default=False)
    is_done = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)
    structure = models.PositiveIntegerField(default=0)
    # Of its segments: all, untouched drafts, those without text.
    segment_count = models.PositiveIntegerField(default=0)
    draft_count = models.PositiveIntegerField(default=0)
    empty_count = models.PositiveIntegerField(default=0)
    # Name and texts as they are searched: whatever the case (`history.count`).
    search = models.TextField(editable=False, default="")
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    edited_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["editor_set", "position"], name="one_recording_a_position"
            )
        ]
        # A page of any order is found in an index alone, and so are the totals
        # and what a state narrows it to. SQLite takes the newest of those that are
        # as good to it: the last is in the order of the rows, as a search wants it.
        indexes = [
            *(
                models.Index(
                    fields=["editor_set", name, "id"], name=f"recording_by_{name}"
                )
                for name in ("name", "seconds", "segment_count", "edited_at")
            ),
            models.Index(
                fields=[
                    *("editor_set", "is_ready", "is_done", "draft_count"),
                    *("edited_at", "empty_count", "seconds"),
                ],
                name="recording_states",
            ),
            models.Index(fields=["editor_set", "id"], name="recording_of_set"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("editor-recording", args=[self.editor_set_id, self.position])

    @property
    def state(self) -> str:
        """One of "waiting", "done", "draft", "edited" and "" (as it came)."""
        if not self.is_ready:
            return "waiting"
        if self.is_done:
            return "done"
        if self.draft_count:
            return "draft"
        return "edited" if self.edited_at else ""

    @property
    def wave(self) -> str:
        """The waveform as the path of an SVG; select `sound` along with it."""
        return waveform.path(bytes(self.sound.peaks))


class Sound(models.Model):
    """How loud a recording is over time, and how likely somebody speaks.

    In a table of its own, so that lists of recordings read no more than they
    need.
    """

    recording = models.OneToOneField(
        Recording, on_delete=models.CASCADE, primary_key=True, related_name="sound"
    )
    peaks = models.BinaryField()  # as in `datasets.models.Loudness`
    speech = models.BinaryField(default=bytes)  # as from `LocalEngine.speech`

    def __str__(self) -> str:
        return str(self.recording_id)


class Segment(models.Model):
    """An utterance: a part of a recording and what is said in it.

    The segments of a recording follow each other without gaps and cover all of
    it. `version` is the recording's revision that last changed this one: who
    saves says which version it was made of, and a stale one is refused.
    """

    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, related_name="segments"
    )
    start = models.FloatField()  # seconds
    end = models.FloatField()
    text = models.TextField(blank=True)
    is_draft = models.BooleanField(default=False)  # nobody has looked at it
    is_waiting = models.BooleanField(default=False)  # for its draft
    version = models.PositiveIntegerField(default=0)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    edited_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["start"]
        indexes = [models.Index(fields=["recording", "start"])]

    def __str__(self) -> str:
        return self.text

    @property
    def piece(self) -> Piece:
        return Piece(
            self.pk, self.start, self.end, self.text, self.is_draft, self.is_waiting
        )


class Replacement(models.Model):
    """Find and replace over a set: many changes that are undone as one."""

    editor_set = models.ForeignKey(
        EditorSet, on_delete=models.CASCADE, related_name="replacements"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(default=now)
    find = models.CharField(max_length=500)
    replace = models.CharField(max_length=500, blank=True)
    is_case = models.BooleanField(default=False)
    is_word = models.BooleanField(default=False)
    segments = models.PositiveIntegerField(default=0)  # so far
    is_undone = models.BooleanField(default=False)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.find} -> {self.replace}"

    @property
    def rewrite(self) -> Rewrite | None:
        """The job that was last at work on it; prefetch `rewrites`."""
        return max(self.rewrites.all(), key=lambda job: job.created, default=None)


class Rewrite(Job):
    """Carries a replacement out, or takes it back: `editor.rewrite`."""

    replacement = models.ForeignKey(
        Replacement, on_delete=models.CASCADE, related_name="rewrites"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    is_undo = models.BooleanField(default=False)
    # The position of the last recording that was dealt with.
    reached = models.PositiveIntegerField(default=0)
    # Segments whose text was changed since, and stays when the rest is undone.
    left = models.PositiveIntegerField(default=0)

    task_name: ClassVar[str] = "editor.tasks.run_rewrite"
    unit_label = "recordings"

    def __str__(self) -> str:
        return f"{'undo ' if self.is_undo else ''}{self.replacement_id}"


class Change(models.Model):
    """One step of somebody's work on a recording, to be undone and redone.

    `before` and `after` are the pieces it took away and put there instead.
    """

    class Kind(models.TextChoices):
        TEXT = "text", "the text"
        SPLIT = "split", "the split"
        MERGE = "merge", "the merge"
        MOVE = "move", "the moved border"
        RECUT = "recut", "the new cut"
        REPLACE = "replace", "the replacement"

    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, related_name="changes"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    replacement = models.ForeignKey(
        Replacement, on_delete=models.CASCADE, null=True, related_name="changes"
    )
    kind = models.CharField(max_length=7, choices=Kind.choices)
    at = models.DateTimeField(default=now)
    before = models.JSONField()
    after = models.JSONField()
    is_undone = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["recording", "user", "is_undone"])]

    def __str__(self) -> str:
        return f"{self.recording_id} {self.kind}"


class Shard(Job):
    """Some recordings to be cut, and drafts to be written: what one task does."""

    editor_set = models.ForeignKey(
        EditorSet, on_delete=models.CASCADE, related_name="shards"
    )
    model = models.ForeignKey(
        SpeechModel, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # Positions of its recordings, both included.
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()

    task_name: ClassVar[str] = "editor.tasks.run_shard"
    unit_label = "recordings"

    def __str__(self) -> str:
        return f"{self.editor_set_id} {self.first}-{self.last}"

    @classmethod
    def tend(cls) -> None:
        """Let go of recordings that a shard would have drafted, had it not died."""
        stuck = cls.objects.filter(
            status=cls.Status.FAILED,
            editor_set__status=cls.Status.SUCCEEDED,
            editor_set__recordings__is_ready=False,
        )
        for key in stuck.values_list("editor_set", flat=True).distinct():
            current_app.signature(EditorSet.settle_task, args=[str(key)]).apply_async()


class Export(Job):
    """Recordings of a set that become one new dataset."""

    editor_set = models.ForeignKey(
        EditorSet, on_delete=models.CASCADE, related_name="exports"
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=2000)
    use = models.CharField(
        max_length=10, choices=Dataset.Use.choices, default=Dataset.Use.TRAINING
    )
    # Positions of those chosen recordings that have a text.
    chosen = models.JSONField()
    # What came of it.
    dataset = models.ForeignKey(
        Dataset, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    kept = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)  # segments without text

    task_name: ClassVar[str] = "editor.tasks.run_export"
    unit_label = "recordings"

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("editor-detail", args=[self.editor_set_id])
