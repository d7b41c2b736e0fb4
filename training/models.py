from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.core.files.storage import default_storage
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.timezone import now

from datasets.models import Dataset
from engines.base import DEFAULT_TEXT_WEIGHT, speaks
from jobs.models import Job
from projects.locales import LOCALES
from projects.models import Project
from projects.storage import folder_of
from scoring.locale import language_of


class SpeechModel(Job):
    """A model that can be tested.

    A base model is what an engine offers before any training: it belongs to no
    project. Its job is to be brought to this disk: it waits until it is first
    needed. A custom model belongs to a project and has a base; its job is to be
    trained, once, from that base.
    """

    class Origin(models.TextChoices):
        """How a custom model came into its project."""

        TRAINED = "trained", "Trained here"
        COPIED = "copied", "Copied from another project"
        IMPORTED = "imported", "Imported"

    engine = models.CharField(max_length=20, default="whisper", editable=False)
    # What the engine calls it: a name, a folder, a name on a hub, and
    # "custom:<key>" for what was trained here.
    reference = models.CharField(max_length=500, editable=False)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=1000)
    # Language tags without region, such as "en", separated by spaces; empty
    # means every language.
    languages = models.TextField(blank=True, editable=False)
    # False once the settings do not name it any more: old tests keep it.
    is_offered = models.BooleanField(default=True, editable=False)
    # Of a base model: when it was published, and which kinds of data it can be
    # adapted with, separated by spaces.
    released = models.DateField(null=True, editable=False)
    adapts_with = models.TextField(blank=True, editable=False)
    # The last moments at which it may be trained from, and may recognise.
    adaptation_expires = models.DateTimeField(null=True, editable=False)
    transcription_expires = models.DateTimeField(null=True, editable=False)

    # Of a custom model.
    project = models.ForeignKey(
        Project,
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="models",
    )
    origin = models.CharField(
        max_length=8, choices=Origin.choices, default=Origin.TRAINED, editable=False
    )
    base = models.ForeignKey(
        "self",
        on_delete=models.RESTRICT,
        null=True,
        editable=False,
        related_name="children",
    )
    datasets = models.ManyToManyField(Dataset, editable=False, related_name="models")
    text_weight = models.PositiveSmallIntegerField(
        default=DEFAULT_TEXT_WEIGHT,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    seed = models.PositiveIntegerField(default=1)
    # What clients of the API keep with it: names and a text each.
    custom_properties = models.JSONField(default=dict, editable=False)
    # What its training does right now, in words, while it is Running.
    stage = models.CharField(max_length=200, blank=True, editable=False)
    # What `training.curve` says of each pass so far, oldest first.
    curve = models.JSONField(default=list, editable=False)
    # Data, settings and versions that made it (`training.recipe`).
    recipe = models.JSONField(default=dict, editable=False)
    # Base and custom on the held-out clips (`training.held_out`); empty without.
    held_out = models.JSONField(default=dict, editable=False)
    # What was used, what was dropped and why, as JSON; a name on the storage.
    report_file = models.FileField(editable=False, max_length=255, blank=True)

    unit_label = "steps"

    class Meta:
        ordering = ["created", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["engine", "reference"], name="one_row_a_base_model"
            )
        ]
        # With the key a page of the API is found in it alone.
        indexes = [models.Index(fields=["project", "created", "id"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("model-detail", args=[self.pk])

    @property
    def is_custom(self) -> bool:
        return self.project_id is not None

    @property
    def task_name(self) -> str:  # type: ignore[override]
        verbs = {self.Origin.COPIED: "copy", self.Origin.IMPORTED: "import"}
        verb = verbs.get(self.Origin(self.origin), "train")
        if verb == "train" and self.project is not None and self.project.is_remote:
            return "remote.tasks.begin_model"
        return f"training.tasks.{verb if self.is_custom else 'fetch'}_model"

    @property
    def folder(self) -> str:
        """Where the report of a custom model lies on the storage."""
        assert self.project is not None
        return f"{folder_of(self.project)}/models/{self.pk}"

    def speaks(self, locale: str) -> bool:
        return speaks(self.languages.split(), locale)

    def adapts(self, kind: str) -> bool:
        """Whether a base model can learn from data of this kind."""
        return kind in self.adapts_with.split()

    @property
    def is_expired(self) -> bool:
        """Whether it may not recognise any more."""
        return _is_over(self.transcription_expires)

    @property
    def is_past_adaptation(self) -> bool:
        return _is_over(self.adaptation_expires)

    @property
    def spoken(self) -> str:
        """Its languages, in words."""
        tags = self.languages.split()
        if not tags or len(tags) > 3:
            return f"{len(tags)} languages" if tags else "every language"
        known = {language_of(tag): name.split(" (")[0] for tag, name in LOCALES}
        return ", ".join(known.get(tag, tag) for tag in tags)

    @property
    def takes_text(self) -> bool:
        """Whether text is among what it was made from, so that its weight counts."""
        return any(dataset.is_text for dataset in self.datasets.all()) or any(
            used.get("sentences") for used in self.recipe.get("data", [])
        )

    @property
    def has_network(self) -> bool:
        """Whether the weights are its own, not those of its base model."""
        return bool(self.curve) or "imported_from" in self.recipe

    @classmethod
    def forgotten(cls) -> models.QuerySet[SpeechModel]:
        # A base model waits until a test needs it, which may be never.
        return super().forgotten().exclude(project=None)


class PlannedTest(models.Model):
    """A test that was chosen with a training, to be made once the model is there.

    Tests are in a room to the right, which looks here for what it has to make.
    """

    class Role(models.TextChoices):
        TEST = "test", "Test"
        # General speech, on which the model must not get worse.
        GUARD = "guard", "Guard"

    # The test that is made of it gets the same key.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(
        SpeechModel, on_delete=models.CASCADE, related_name="planned_tests"
    )
    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="planned_tests"
    )
    role = models.CharField(max_length=5, choices=Role.choices, default=Role.TEST)
    is_made = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "dataset"], name="a_dataset_once_a_model"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_id} on {self.dataset_id}"

    @classmethod
    def due(cls) -> models.QuerySet[PlannedTest]:
        """Those whose model is ready, and which nobody has made yet."""
        ready = SpeechModel.Status.SUCCEEDED
        return cls.objects.filter(is_made=False, model__status=ready)


class Package(Job):
    """A model as a zip of what Hugging Face's `transformers` load, for a download.

    Models never change: it is made once, and goes when nobody has come for it.
    """

    KEPT = timedelta(days=1)

    model = models.OneToOneField(
        SpeechModel, on_delete=models.CASCADE, related_name="package"
    )
    file = models.FileField(editable=False, max_length=255, blank=True)

    task_name: ClassVar[str] = "training.tasks.pack_model"
    unit_label = "files"

    def __str__(self) -> str:
        return f"{self.model} for transformers"

    def get_absolute_url(self) -> str:
        return reverse("model-export", args=[self.model_id])

    @classmethod
    def tend(cls) -> None:
        ended = cls.objects.filter(last_action__lt=now() - cls.KEPT)
        for package in ended.exclude(status__in=[cls.Status.RUNNING]):
            file = package.file.name
            package.delete()
            if file:
                default_storage.delete(file)


def _is_over(moment: datetime | None) -> bool:
    return moment is not None and moment <= now()
