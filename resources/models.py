from __future__ import annotations

import uuid

from django.apps import apps
from django.db import models
from django.db.models import QuerySet
from django.utils.timezone import now

from engines.azure.client import NEWEST


class Resource(models.Model):
    """A Speech resource of Azure, or another server with the same API.

    `key` is what a project calls its engine; it never changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.SlugField(max_length=20, unique=True, editable=False)
    name = models.CharField(max_length=200, unique=True)
    endpoint = models.CharField(max_length=300)
    # The resource's own key, encrypted; see `vault.py`.
    sealed_key = models.TextField(editable=False)
    version = models.CharField(max_length=20, default=NEWEST, editable=False)
    # When it was asked last, and what was wrong then; nothing is when it answered.
    checked = models.DateTimeField(null=True, editable=False)
    problem = models.TextField(blank=True, editable=False)
    created = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def projects(self) -> QuerySet:
        """Projects are a room further right, so they are asked for by name."""
        found: QuerySet = apps.get_model("projects.Project")._default_manager.filter(
            engine=self.key
        )
        return found
