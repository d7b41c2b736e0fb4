from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.timezone import now

from datasets.fetch import MAX_ADDRESS_CHARACTERS
from jobs.models import Job
from projects.models import Project
from training.models import SpeechModel


class Scope(models.TextChoices):
    """What a key may be used for."""

    READ = "read", "Read: list, show and download"
    WRITE = "write", "Write: upload, train, test, deploy, change and delete"
    RECOGNISE = "recognise", "Recognise: send audio to models and endpoints"


# Time enough to make another key and give it to the programs.
_SOON = timedelta(days=14)


class ApiKey(models.Model):
    """A key by which programs act for a person, in all of their projects or in one.

    It is shown once, when it is made; what is kept is its digest (`api.keys`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    # None: in all projects of the person, as far as their role goes in each.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, related_name="api_keys"
    )
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    # Its last characters, to tell keys apart.
    hint = models.CharField(max_length=4, editable=False)
    scopes = models.JSONField(default=list)  # values of `Scope`
    created = models.DateTimeField(default=now, editable=False)
    expires = models.DateTimeField(null=True)
    last_used = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expires is not None and self.expires <= now()

    @property
    def expires_soon(self) -> bool:
        return self.expires is not None and now() < self.expires <= now() + _SOON

    def may(self, scope: str) -> bool:
        return scope in self.scopes


class CopyAuthorization(models.Model):
    """Leave to copy one model of somebody else into a project of this person.

    Its ID is a secret that is shown once; what is kept is its digest (`api.copies`).
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    # None: the only project that the person may change in the language of the model.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, related_name="+"
    )
    expires = models.DateTimeField()

    def __str__(self) -> str:
        return f"until {self.expires}"


class ModelCopy(models.Model):
    """A copy that was asked for: what `operations/models/copy` is about.

    How it goes says the model that is made. People of the source's `project` see it,
    who may not see that of the copy.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    made = models.ForeignKey(SpeechModel, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return str(self.made)


class WebHook(Job):
    """Where somebody wants to be told what happens to the data, models, tests,
    transcriptions and endpoints that they may see.

    It is one as soon as its address has answered a challenge: as a job it has Succeeded
    then, and else has Failed.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="web_hooks"
    )
    # None: of all projects that the person may see.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, related_name="+"
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=2000)
    custom_properties = models.JSONField(default=dict, editable=False)
    url = models.TextField(max_length=MAX_ADDRESS_CHARACTERS)
    # What its messages are signed with (`resources.vault`); empty: they are not.
    sealed_secret = models.TextField(blank=True, editable=False)
    events = models.JSONField(default=list)  # names of `api.webhooks.kinds`
    # Root and version of the addresses in its messages.
    base = models.CharField(max_length=300, editable=False)
    version = models.CharField(max_length=20, editable=False)

    task_name = "api.tasks.challenge"

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("web-hook-detail", args=[self.pk])

    @property
    def is_heard(self) -> bool:
        """Whether its address wants to be told."""
        return self.status == self.Status.SUCCEEDED


class Delivery(models.Model):
    """One message to a web hook: kept until it has arrived, and for a while longer."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        # After the last try, until somebody asks for another.
        GIVEN_UP = "givenUp", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hook = models.ForeignKey(
        WebHook, on_delete=models.CASCADE, related_name="deliveries"
    )
    event = models.CharField(max_length=40)
    # What it is about; None: the web hook itself.
    row = models.UUIDField(null=True)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    created = models.DateTimeField(default=now)
    tries = models.PositiveSmallIntegerField(default=0)
    last_try = models.DateTimeField(null=True)
    # When it is sent; while it is being sent, when another worker may try.
    due = models.DateTimeField(default=now)
    # Why the last try failed.
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["state", "due"]),
            models.Index(fields=["hook", "-created"]),
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.row}"
