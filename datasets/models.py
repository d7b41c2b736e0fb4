from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Cast, NullIf
from django.urls import reverse
from django.utils.timezone import now

from datasets import waveform
from datasets.incoming import KEPT, Upload
from jobs.models import Job
from projects.models import Project
from projects.storage import folder_of


class Dataset(Job):
    """Data as it was uploaded, and what its import understood of it.

    It never changes after its import; name and description may.
    """

    class Kind(models.TextChoices):
        """The kinds of the Speech to text REST API, labelled as in the pages.

        `datasets.kinds` says what each is for. Transcripts that are spoken by
        the machine are `Acoustic` in the API as well.
        """

        AUDIO = "AudioFiles", "Audio"
        ACOUSTIC = "Acoustic", "Audio + human-labeled transcript"
        TRANSCRIPT = "Transcript", "Transcript (automatic audio synthesis)"
        PLAIN_TEXT = "Language", "Plain text"
        STRUCTURED_TEXT = "LanguageMarkdown", "Structured text (Markdown)"
        PRONUNCIATION = "Pronunciation", "Pronunciation"
        OUTPUT_FORMAT = "OutputFormatting", "Output format"

    class Use(models.TextChoices):
        """What it was uploaded for. A client of the API may leave it open."""

        TRAINING = "training", "Training"
        TESTING = "testing", "Testing"

    class Normalization(models.TextChoices):
        """Whether its texts are normalised before they train or are scored."""

        DEFAULT = "Default", "Automatic"
        NONE = "None", "None: the text is normalised already"

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="datasets"
    )
    kind = models.CharField(
        max_length=20, choices=Kind.choices, default=Kind.ACOUSTIC, editable=False
    )
    use = models.CharField(
        max_length=10, choices=Use.choices, blank=True, editable=False
    )
    text_normalization = models.CharField(
        max_length=10,
        choices=Normalization.choices,
        default=Normalization.DEFAULT,
        editable=False,
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=2000)
    # The dataset that it is a corrected version of.
    former = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="later",
    )
    # The upload as it came: its name at home, its size in bytes. Until the job
    # has put it together or fetched it, it is in blocks or behind an address.
    source = models.FileField(editable=False, max_length=255, blank=True)
    source_name = models.CharField(max_length=255, editable=False)
    source_bytes = models.BigIntegerField(editable=False, default=0)
    upload = models.OneToOneField(
        "Upload",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="dataset",
    )
    source_url = models.TextField(blank=True, editable=False)
    # Of the list of blocks that a client made the file of: it may be sent again.
    blocks_digest = models.CharField(max_length=64, blank=True, editable=False)
    # What the import left besides rows: the whole report as JSON lines, and
    # what a text holds (`datasets.content`). Names on the storage.
    report_file = models.FileField(editable=False, max_length=255, blank=True)
    content_file = models.FileField(editable=False, max_length=255, blank=True)
    accepted = models.PositiveIntegerField(default=0, editable=False)
    rejected = models.PositiveIntegerField(default=0, editable=False)
    seconds = models.FloatField(default=0, editable=False)

    # What clients of the API keep with it: names and a text each.
    custom_properties = models.JSONField(default=dict, editable=False)
    # What the job does right now, in words, while it is Running.
    stage = models.CharField(max_length=200, blank=True, editable=False)

    task_name: ClassVar[str] = "datasets.tasks.ingest_dataset"

    class Meta:
        ordering = ["-created"]
        # With the key a page of the API is found in it alone.
        indexes = [models.Index(fields=["project", "created", "id"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dataset-detail", args=[self.pk])

    @property
    def unit_label(self) -> str:  # type: ignore[override]
        """What `done`, `total`, `accepted` and `rejected` count.

        Until the job has the source, it is on its way in megabytes.
        """
        if self.status == self.Status.RUNNING and not self.source:
            return "MB"
        return "files" if self.has_audio else "lines"

    @property
    def has_audio(self) -> bool:
        return self.kind in (self.Kind.AUDIO, self.Kind.ACOUSTIC, self.Kind.TRANSCRIPT)

    @property
    def is_text(self) -> bool:
        """Whether it is sentences of the domain, without recordings."""
        return self.kind in (self.Kind.PLAIN_TEXT, self.Kind.STRUCTURED_TEXT)

    @property
    def has_transcripts(self) -> bool:
        """Whether a test can measure accuracy on it."""
        return self.kind in (self.Kind.ACOUSTIC, self.Kind.TRANSCRIPT)

    @property
    def has_sentences(self) -> bool:
        """Whether it holds texts as people say them, to be normalised or not."""
        return self.has_transcripts or self.is_text

    @property
    def can_be_repeated(self) -> bool:
        """Whether the upload is not to blame for the failure of its import."""
        causes = ("InternalServerError", "WorkerLost", "DiskFull")
        # What could not be fetched may be there tomorrow.
        is_away = self.error_code.startswith("fetch.") and not self.source
        is_innocent = is_away or self.error_code in causes
        return self.status == self.Status.FAILED and is_innocent

    @property
    def awaits_file(self) -> bool:
        """Whether a client of the API has yet to send and commit its blocks."""
        upload = self.upload if self.is_waiting else None
        return upload is not None and not upload.is_committed

    @property
    def folder(self) -> str:
        """Where its files lie on the storage."""
        return f"{folder_of(self.project)}/datasets/{self.pk}"

    @classmethod
    def forgotten(cls) -> QuerySet[Self]:
        return super().forgotten().exclude(upload__is_committed=False)

    @classmethod
    def tend(cls) -> None:
        """End the wait for uploads that nobody came back for, and take them away."""
        too_old = now() - KEPT
        for dataset in cls.objects.filter(
            status=cls.Status.NOT_STARTED,
            upload__is_committed=False,
            upload__created__lt=too_old,
        ):
            if dataset.start():
                dataset.fail(
                    f"Its file did not come within {KEPT.days} days: the blocks were "
                    "not committed. Make a new dataset.",
                    "upload.gone",
                )
                cls.objects.filter(pk=dataset.pk).update(upload=None)
        left = Upload.objects.filter(dataset=None, created__lt=too_old)
        for upload in left.select_related("project"):
            upload.discard()


class FoldedText(models.TextField):
    """Name and transcript of an utterance as they are searched: whatever the case.

    Databases fold other letters than those of English slowly, or not at all. It
    fills itself whenever a row is saved, in bulk as well.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        assert isinstance(model_instance, Utterance)
        text = f"{model_instance.name}\n{model_instance.transcript}".casefold()
        setattr(model_instance, self.attname, text)
        return text

    def deconstruct(self) -> Any:
        """To the database it is a text like any other."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


class Utterance(models.Model):
    """One clip and what was said in it, as 16 kHz mono WAV."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="utterances", db_index=False
    )
    position = models.PositiveIntegerField()  # counts from 1, in the file's order
    name = models.CharField(max_length=255)  # of the audio file in the upload
    audio = models.FileField(max_length=255)
    transcript = models.TextField()  # empty when nobody has written it yet
    seconds = models.FloatField()
    words = models.PositiveIntegerField(default=0)  # of the transcript
    pace = models.GeneratedField(  # words per second
        expression=Cast("words", models.FloatField())
        / NullIf("seconds", 0.0, output_field=models.FloatField()),
        output_field=models.FloatField(null=True),
        db_persist=True,
    )
    search = FoldedText(editable=False, default="")
    # What the upload says of it: {"speaker": "anna", "device": "headset"}.
    labels = models.JSONField(default=dict)
    speaker = models.CharField(max_length=200, blank=True)  # also in `labels`
    # What was measured (`formats.measure`): dBFS, dB, shares from 0 to 1.
    level_dbfs = models.FloatField(null=True)
    snr_db = models.FloatField(null=True)
    clipping = models.FloatField(null=True)
    silence = models.FloatField(null=True)
    # Equal for the same 16 kHz samples, whatever file they came in.
    audio_hash = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "position"], name="one_utterance_a_position"
            )
        ]
        # A page of any order is found in an index alone. SQLite takes the newest
        # of those that are as good to it: the last is in the order of the rows.
        indexes = [
            *(
                models.Index(
                    fields=["dataset", name, "id"], name=f"utterance_by_{name}"
                )
                for name in ("name", "seconds", "pace", "level_dbfs", "snr_db")
            ),
            models.Index(fields=["dataset", "id"], name="utterance_of_dataset"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def wave(self) -> str:
        """The waveform as the path of an SVG; select `loudness` along with it."""
        return waveform.path(bytes(self.loudness.peaks))


class Label(models.Model):
    """One label of an utterance, to be found by it; `Utterance.labels` has them all.

    To look into the JSON of 100,000 utterances takes 0.15 s.
    """

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    utterance = models.ForeignKey(
        Utterance, on_delete=models.CASCADE, related_name="label_rows"
    )
    name = models.CharField(max_length=64)
    value = models.CharField(max_length=200)

    class Meta:
        indexes = [
            models.Index(
                fields=["dataset", "name", "value", "utterance"], name="label_by_value"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Loudness(models.Model):
    """The loudness of an utterance over time: up to some thousand steps, 0 to 255.

    In a table of its own, so that filters and sorts of utterances read no
    more than they need.
    """

    utterance = models.OneToOneField(
        Utterance,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="loudness",
    )
    peaks = models.BinaryField()

    def __str__(self) -> str:
        return str(self.utterance_id)


class Finding(models.Model):
    """What the import has to say about one file or line of a dataset."""

    class Level(models.TextChoices):
        ERROR = "error", "Refused"
        WARNING = "warning", "Warning"
        NOTE = "note", "Note"

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="findings", db_index=False
    )
    # The utterance it is about, to listen to; None for what was refused.
    utterance = models.ForeignKey(
        Utterance, on_delete=models.CASCADE, null=True, related_name="findings"
    )
    level = models.CharField(max_length=7, choices=Level.choices)
    file = models.CharField(max_length=255)
    line = models.PositiveIntegerField(null=True)
    column = models.PositiveIntegerField(null=True)
    rule = models.CharField(max_length=64)
    message = models.TextField()
    advice = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]  # as the import came upon them
        indexes = [
            models.Index(
                fields=["dataset", "rule", "level", "utterance"], name="finding_by_rule"
            ),
            models.Index(fields=["dataset", "level", "id"], name="finding_by_level"),
            models.Index(fields=["dataset", "id"], name="finding_of_dataset"),
        ]

    def __str__(self) -> str:
        return self.message


class Statistics(models.Model):
    """The figures of a dataset's page, worked out once by its import.

    `datasets.statistics` says what is in `figures`.
    """

    dataset = models.OneToOneField(
        Dataset, on_delete=models.CASCADE, primary_key=True, related_name="statistics"
    )
    figures = models.JSONField()

    def __str__(self) -> str:
        return str(self.dataset_id)


class Overlap(models.Model):
    """What two datasets of a project share, where one may test the other.

    Stored once for each pair, by whichever import ended last.
    """

    testing = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="overlaps_as_test"
    )
    training = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="overlaps_as_training"
    )
    # How many utterances of the testing data have the same audio, the same or
    # nearly the same text, or a speaker of the training data.
    audio = models.PositiveIntegerField(default=0)
    text = models.PositiveIntegerField(default=0)
    speaker = models.PositiveIntegerField(default=0)
    # Up to 20: {"kind", "utterance", "name", "text", "other_name", "other_text"}.
    examples = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["testing", "training"], name="one_overlap_a_pair"
            )
        ]

    def __str__(self) -> str:
        return f"{self.testing_id} {self.training_id}"
