from __future__ import annotations

import uuid

from django.db import models
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Job
from projects.models import Project
from projects.storage import folder_of
from training.models import SpeechModel


class Endpoint(Job):
    """A deployed model: an address and keys by which programs have speech recognised.

    Its job is to get a model ready: the first one, and later each one that `model` is
    changed to. Until that has ended well, `serving` goes on answering.
    """

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="endpoints"
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=1000)
    # What it is to answer with, and what it answers with now; None before the first
    # model is ready.
    model = models.ForeignKey(
        SpeechModel, on_delete=models.RESTRICT, related_name="endpoints"
    )
    serving = models.ForeignKey(
        SpeechModel,
        on_delete=models.RESTRICT,
        null=True,
        editable=False,
        related_name="served_by",
    )
    # Whether audio and transcripts of all requests are kept.
    logging_enabled = models.BooleanField(
        default=False, verbose_name="Log content from this endpoint"
    )
    is_suspended = models.BooleanField(default=False, editable=False)
    # What clients of the API keep with it: names and a text each.
    custom_properties = models.JSONField(default=dict, editable=False)

    unit_label = "steps"

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["project", "-created"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("endpoint-detail", args=[self.pk])

    @property
    def task_name(self) -> str:  # type: ignore[override]
        if self.project.is_remote:
            return "remote.tasks.begin_endpoint"
        return "endpoints.tasks.deploy_endpoint"

    @property
    def folder(self) -> str:
        """Where its logs lie on the storage."""
        return f"{folder_of(self.project)}/endpoints/{self.pk}"


class Key(models.Model):
    """One of the two keys of an endpoint. It is shown once, when it is made; what is
    kept is its digest (`endpoints.keys`)."""

    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="keys"
    )
    number = models.PositiveSmallIntegerField()  # 1 or 2
    digest = models.CharField(max_length=64, unique=True)
    # Its last characters, to tell keys apart.
    hint = models.CharField(max_length=4)
    created = models.DateTimeField(default=now)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "number"], name="two_keys_an_endpoint"
            )
        ]

    def __str__(self) -> str:
        return f"key {self.number} of {self.endpoint_id}"


class Usage(models.Model):
    """What one serving process did for an endpoint within an hour.

    Each process adds to rows of its own, so that none waits for another; a figure is
    the sum over them. `latencies` counts answers by how long they took, in the steps
    of `endpoints.usage`.
    """

    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="usage"
    )
    hour = models.DateTimeField()
    process = models.UUIDField()
    requests = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)  # of the requests
    audio_seconds = models.FloatField(default=0.0)
    latencies = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "hour", "process"], name="one_usage_row_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} at {self.hour}"


class LogEntry(models.Model):
    """One session that was logged: what was said, and what was heard."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="log_entries"
    )
    created = models.DateTimeField(default=now)
    seconds = models.FloatField()
    confidence = models.FloatField(null=True)  # 0 to 1, of all words
    text = models.TextField(blank=True)  # in display form
    # Names on the storage; either may have been deleted alone.
    audio = models.CharField(max_length=255, blank=True)
    transcript = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["endpoint", "-created"]),
            models.Index(fields=["created"]),
        ]

    def __str__(self) -> str:
        return self.text[:50]
