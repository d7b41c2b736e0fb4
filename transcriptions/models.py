from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from celery import current_app
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.urls import reverse
from django.utils.timezone import now

from datasets import fetch, waveform
from datasets.container import opened
from jobs.models import Job
from projects.models import Project
from projects.storage import delete_later, folder_of
from training.models import SpeechModel
from transcriptions.addresses import whole

MIN_HOURS, DEFAULT_HOURS, MAX_HOURS = 6, 48, 31 * 24
UNDELIVERED = "destination.failed"
_FORGOTTEN = {"container_sealed": "", "destination_sealed": ""}  # at the end


class Transcription(Job):
    """Batch transcription: recordings, a model, and how the results are to be.

    Its job has the model ready and leaves the rest to its files. What could not be
    transcribed is in the report; it does not make the whole fail.
    """

    class Punctuation(models.TextChoices):  # the values are those of the REST API
        NONE = "None", "None"
        DICTATED = "Dictated", "Dictated"
        AUTOMATIC = "Automatic", "Automatic"
        BOTH = "DictatedAndAutomatic", "Dictated and automatic"

    class Profanity(models.TextChoices):
        NONE = "None", "As it is"
        MASKED = "Masked", "Masked"
        REMOVED = "Removed", "Removed"
        TAGS = "Tags", "In tags"

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="transcriptions"
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=1000)
    # Results outlive the model, and tell its name.
    model = models.ForeignKey(
        SpeechModel, on_delete=models.SET_NULL, null=True, related_name="transcriptions"
    )
    model_name = models.CharField(max_length=200, editable=False)
    # How long the results are kept after the end, be it good or bad.
    hours = models.PositiveSmallIntegerField(
        default=DEFAULT_HOURS,
        validators=[MinValueValidator(MIN_HOURS), MaxValueValidator(MAX_HOURS)],
    )
    # Numbers of the channels that are transcribed, each by itself, where there are
    # such: [0], [1] or [0, 1].
    channels = models.JSONField(default=list)
    has_word_times = models.BooleanField(default=False)
    has_display_word_times = models.BooleanField(default=False)
    punctuation = models.CharField(
        max_length=20, choices=Punctuation.choices, default=Punctuation.AUTOMATIC
    )
    profanity = models.CharField(
        max_length=7, choices=Profanity.choices, default=Profanity.MASKED
    )
    # What clients of the API keep with it: names and a text each.
    custom_properties = models.JSONField(default=dict, editable=False)
    # The report, a name on the storage.
    report_file = models.FileField(editable=False, max_length=255, blank=True)
    # A container whose files are transcribed, and one that the results are written to;
    # what opens them is sealed, and forgotten at the end: see `addresses.py`.
    container = models.TextField(blank=True, editable=False)
    container_sealed = models.TextField(blank=True, editable=False)
    destination = models.TextField(blank=True, editable=False)
    destination_sealed = models.TextField(blank=True, editable=False)
    # Of the files in the container that are no recordings: the first names, and all.
    ignored = models.JSONField(default=list, editable=False)
    ignored_count = models.PositiveIntegerField(default=0, editable=False)
    # What the job does right now, in words, while it is Running.
    stage = models.CharField(max_length=200, blank=True, editable=False)

    settle_task: ClassVar[str] = "transcriptions.tasks.settle_transcription"
    unit_label = "files"

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["project", "-created"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("transcription-detail", args=[self.pk])

    @property
    def task_name(self) -> str:  # type: ignore[override]
        if self.project.is_remote:
            return "remote.tasks.begin_transcription"
        return "transcriptions.tasks.run_transcription"

    @property
    def folder(self) -> str:
        """Where its files lie on the storage."""
        return f"{folder_of(self.project)}/transcriptions/{self.pk}"

    @property
    def expires(self) -> datetime | None:
        """When it is deleted with its results; None before it has ended."""
        return (
            None if self.is_active else self.last_action + timedelta(hours=self.hours)
        )

    @property
    def is_undelivered(self) -> bool:
        """Whether all is transcribed, and the results could not be written."""
        return self.error_code == UNDELIVERED

    @property
    def container_address(self) -> str:
        """With what opens it, until the end. Raises `FormatError`."""
        return whole(self.container_sealed, self.container)

    @property
    def destination_address(self) -> str:
        """With what opens it, until the end. Raises `FormatError`."""
        return whole(self.destination_sealed, self.destination)

    def succeed(self, **fields: object) -> bool:
        return super().succeed(**fields, **_FORGOTTEN)

    @transaction.atomic
    def fail(self, error: str, code: str = "InternalServerError") -> bool:
        failed = super().fail(error, code)
        if failed:
            Transcription.objects.filter(pk=self.pk).update(**_FORGOTTEN)
        return failed

    def call_off(self) -> None:
        """Take all files from their workers, who find them gone and stop."""
        self.files.all().delete()

    @transaction.atomic
    def discard(self) -> None:
        """Delete it with its results; if it runs, the workers stop."""
        self.call_off()
        folder = self.folder
        self.delete()
        delete_later(folder)

    @classmethod
    def tend(cls) -> None:
        """End those whose last file's worker died before it could, and delete those
        whose time is up."""
        files = TranscriptionFile.objects.filter(
            transcription=models.OuterRef("pk"),
            status__in=(cls.Status.NOT_STARTED, cls.Status.RUNNING),
        )
        for key in cls.objects.filter(
            ~models.Exists(files), status=cls.Status.RUNNING, heartbeat=None
        ).values_list("pk", flat=True):
            current_app.signature(cls.settle_task, args=[str(key)]).apply_async()
        ended = cls.objects.filter(
            status__in=(cls.Status.SUCCEEDED, cls.Status.FAILED),
            last_action__lt=now() - timedelta(hours=MIN_HOURS),
        )
        for one in ended.select_related("project"):
            if one.expires and one.expires <= now():
                one.discard()


class TranscriptionFile(Job):
    """One recording of a batch: what one task does, and what came of it."""

    transcription = models.ForeignKey(
        Transcription, on_delete=models.CASCADE, related_name="files"
    )
    # From 0, as in the names of the results.
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=255)
    # Where it comes from: an address, whose key, if it has one, is sealed until it was
    # fetched; or what came with a form, until it is converted. A recording of a dataset
    # has its `audio` from the beginning.
    url = models.TextField(blank=True, editable=False)
    url_sealed = models.TextField(blank=True, editable=False)
    upload = models.FileField(editable=False, max_length=255, blank=True)
    # 16 kHz, with the channels that are transcribed.
    audio = models.FileField(editable=False, max_length=255, blank=True)
    channels = models.JSONField(default=list, editable=False)
    seconds = models.FloatField(default=0.0, editable=False)
    # What it says, as in section 13.3 of the reference: a name on the storage.
    result = models.FileField(editable=False, max_length=255, blank=True)
    # Whether that is in the container where it is wanted.
    is_delivered = models.BooleanField(default=False, editable=False)
    # Its first words, for lists.
    text = models.CharField(max_length=300, blank=True, editable=False)
    stage = models.CharField(max_length=200, blank=True, editable=False)

    task_name: ClassVar[str] = "transcriptions.tasks.transcribe_file"
    unit_label = "parts"

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["transcription", "position"], name="one_file_a_position"
            )
        ]
        indexes = [models.Index(fields=["transcription", "status"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse(
            "transcription-file", args=[self.transcription_id, self.position]
        )

    @property
    def source(self) -> str:
        """How the results name it: its address without what may be a key, or its
        name."""
        return self.url or self.name

    @property
    def place(self) -> str:
        """Host and path of its address, for people. In a container the name says it."""
        has_own = self.url and not self.transcription.container
        return fetch.shown_address(self.url) if has_own else ""

    @property
    def address(self) -> str:
        """Where it is fetched from, with what opens it. Raises `FormatError`."""
        if self.transcription.container:
            return opened(self.url, self.transcription.container_address)
        return whole(self.url_sealed, self.url)

    @property
    def result_name(self) -> str:
        """What its result is called, as in the reference."""
        return f"contenturl_{self.position}.json"

    @property
    def wave(self) -> str:
        """The waveform as the path of an SVG; select `sketch` along with it."""
        return (
            waveform.path(bytes(self.sketch.peaks)) if hasattr(self, "sketch") else ""
        )

    @classmethod
    def forgotten(cls) -> models.QuerySet[TranscriptionFile]:
        # Until the model is ready, they wait for their transcription.
        return (
            super()
            .forgotten()
            .filter(
                transcription__status=cls.Status.RUNNING, transcription__heartbeat=None
            )
        )


class Sketch(models.Model):
    """How loud a file is over time; apart, as no list shows it."""

    file = models.OneToOneField(
        TranscriptionFile,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="sketch",
    )
    peaks = models.BinaryField()  # as in `datasets.formats.audio.Audio`

    def __str__(self) -> str:
        return str(self.file_id)
