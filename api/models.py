from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.timezone import now

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
