from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse

from datasets import waveform
from jobs.models import Job
from projects.models import Project
from projects.storage import folder_of


class Dataset(Job):
    """Data as it was uploaded, and what its import understood of it.

    It never changes after its import; name and description may.
    """

    class Kind(models.TextChoices):
        """The kinds of the Speech to text REST API, labelled as in the pages."""

        ACOUSTIC = "Acoustic", "Audio + human-labeled transcript"

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="datasets"
    )
    kind = models.CharField(
        max_length=20, choices=Kind.choices, default=Kind.ACOUSTIC, editable=False
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=2000)
    # The upload as it came: its name at home, its size in bytes.
    source = models.FileField(editable=False, max_length=255)
    source_name = models.CharField(max_length=255, editable=False)
    source_bytes = models.BigIntegerField(editable=False)
    accepted = models.PositiveIntegerField(default=0, editable=False)
    rejected = models.PositiveIntegerField(default=0, editable=False)
    seconds = models.FloatField(default=0, editable=False)

    task_name: ClassVar[str] = "datasets.tasks.ingest_dataset"
    unit_label: ClassVar[str] = "files"

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["project", "-created"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dataset-detail", args=[self.pk])

    @property
    def can_be_repeated(self) -> bool:
        """Whether the upload is not to blame for the failure of its import."""
        causes = ("InternalServerError", "WorkerLost", "DiskFull")
        return self.status == self.Status.FAILED and self.error_code in causes

    @property
    def folder(self) -> str:
        """Where its files lie on the storage."""
        return f"{folder_of(self.project)}/datasets/{self.pk}"


class Utterance(models.Model):
    """One clip and what was said in it, as 16 kHz mono WAV."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="utterances"
    )
    position = models.PositiveIntegerField()  # counts from 1, in the file's order
    name = models.CharField(max_length=255)  # of the audio file in the upload
    audio = models.FileField(max_length=255)
    transcript = models.TextField()
    seconds = models.FloatField()
    # The loudness over time: up to some thousand steps, 0 to 255 each.
    peaks = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "position"], name="one_utterance_a_position"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def wave(self) -> str:
        """The waveform as the path of an SVG."""
        return waveform.path(bytes(self.peaks))


class Finding(models.Model):
    """What the import has to say about one file or line of a dataset."""

    class Level(models.TextChoices):
        ERROR = "error", "Refused"
        WARNING = "warning", "Warning"
        NOTE = "note", "Note"

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="findings"
    )
    level = models.CharField(max_length=7, choices=Level.choices)
    file = models.CharField(max_length=255)
    line = models.PositiveIntegerField(null=True)
    rule = models.CharField(max_length=64)
    message = models.TextField()
    advice = models.TextField(blank=True)

    class Meta:
        ordering = ["file", "line", "id"]
        indexes = [models.Index(fields=["dataset", "level"])]

    def __str__(self) -> str:
        return self.message
