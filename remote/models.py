from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.timezone import now

from engines.azure.address import key_of
from jobs.models import Job
from projects.models import Project
from resources.models import Resource


class Remote(models.Model):
    """Something that exists on both sides: as a row of ours, and at a Speech resource.

    It also drives the work there: when `next_poll` has come, somebody asks the
    resource how far it is. No worker is held meanwhile, and nothing else remembers it.
    """

    class Kind(models.TextChoices):
        PROJECT = "project", "Project"
        DATASET = "dataset", "Dataset"
        MODEL = "model", "Model"
        # A test that is run there: `local` is the shard that waits for it.
        EVALUATION = "evaluation", "Test"
        # One whose results are here: `local` is our test. There may be several of one.
        RESULT = "result", "Test with results"
        ENDPOINT = "endpoint", "Endpoint"
        TRANSCRIPTION = "transcription", "Transcription"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=13, choices=Kind.choices)
    local = models.UUIDField()
    resource = models.ForeignKey(
        Resource, on_delete=models.CASCADE, related_name="remotes"
    )
    # None when our project is gone.
    project = models.ForeignKey(
        Project, on_delete=models.SET_NULL, null=True, related_name="remotes"
    )
    # Its own address there, without a query; empty until it was made.
    address = models.CharField(max_length=500, blank=True)
    # Whether it was made from here. What was brought in is never deleted there.
    is_ours = models.BooleanField(default=True)
    # Since when somebody is making it there. If nothing came of that, it may be there
    # all the same, and is looked for before it is made again.
    intended = models.DateTimeField(null=True)
    # Whether it is to be deleted there, as ours is gone.
    is_leaving = models.BooleanField(default=False)
    # What the resource said last, in its own words: a status, addresses.
    state = models.JSONField(default=dict)
    # When it is to be asked next; None when there is nothing to ask any more.
    next_poll = models.DateTimeField(null=True, db_index=True)
    claim = models.UUIDField(null=True)  # of the round that asks right now
    # How often it was asked, and how often in a row that failed.
    asked = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    # What it waits for, in words, or why it could not be deleted there.
    note = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "local"],
                condition=Q(is_leaving=False) & ~Q(kind="result"),
                name="one_remote_a_row",
            ),
            models.UniqueConstraint(
                fields=["resource", "address"],
                condition=~Q(address=""),
                name="one_row_an_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.local}"

    @classmethod
    def of(cls, kind: str, key: uuid.UUID) -> Remote | None:
        """What there is of a row of ours."""
        return cls.objects.filter(kind=kind, local=key, is_leaving=False).first()

    @property
    def key_there(self) -> str:
        """The ID that it has there."""
        return key_of(self.address)

    @property
    def row(self) -> QuerySet[Remote]:
        """Only what is meant is written: others may change the rest meanwhile."""
        return Remote.objects.filter(pk=self.pk)

    def change(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self, name, value)
        self.row.update(**fields)

    def keep(self, **state: Any) -> None:
        self.change(state=self.state | state)

    def leave(self) -> None:
        """Have it deleted there."""
        if not self.is_ours or not (self.address or self.intended):
            self.row.delete()
            return
        self.change(is_leaving=True, next_poll=now(), failures=0)


class Arrival(Job):
    """What there is of a project at its resource comes here: at first all of it, and
    at each later time what is new."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, related_name="arrival"
    )
    stage = models.CharField(max_length=200, blank=True, editable=False)
    # What came, in numbers by kind, and what did not, in sentences.
    found = models.JSONField(default=dict, editable=False)
    notes = models.JSONField(default=list, editable=False)

    task_name: ClassVar[str] = "remote.tasks.bring_in"
    unit_label = "items"

    @property
    def came(self) -> dict[str, int]:
        """What came, without what was known already."""
        return {kind: count for kind, count in self.found.items() if count}

    def __str__(self) -> str:
        return f"{self.project} from {self.project.engine}"

    def get_absolute_url(self) -> str:
        return reverse("project-arrival", args=[self.project_id])
