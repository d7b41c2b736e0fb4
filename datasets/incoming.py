"""Rows of files that are on their way here; `uploads` is what can be done with them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils.timezone import now

from projects.models import Project
from projects.storage import delete_tree, folder_of

KEPT = timedelta(days=7)  # an upload that nobody made a dataset of


class Upload(models.Model):
    """A file on its way here, in blocks; a lost connection loses no more than one.

    Reference: the block upload of the Speech to text REST API.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="uploads"
    )
    # Of an account that is deleted the files go when their time is up.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="uploads",
    )
    file_name = models.CharField(max_length=255)
    # What the browser said of the file, by which it is known again.
    size = models.BigIntegerField(null=True)
    modified = models.BigIntegerField(null=True)  # milliseconds since 1970
    created = models.DateTimeField(default=now, db_index=True)
    is_committed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.file_name

    @property
    def folder(self) -> str:
        return f"{folder_of(self.project)}/uploads/{self.pk}"

    @transaction.atomic
    def discard(self) -> bool:
        """Delete it with its files; not while a dataset is being made of it."""
        # Locked: nobody makes a dataset of it in between.
        is_there = Upload.objects.select_for_update().filter(pk=self.pk).first()
        if not is_there or hasattr(is_there, "dataset"):
            return False
        folder = self.folder
        is_there.delete()
        transaction.on_commit(lambda: delete_tree(folder))
        return True


class Block(models.Model):
    """A part of an upload: at most 8 MiB, or all of what came as a form."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="blocks")
    name = models.CharField(max_length=88)  # chosen by the client
    size = models.BigIntegerField()
    file = models.FileField(max_length=255)
    # Its place in the file once it is committed, from 0.
    place = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["place", "name"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "name"], name="one_block_a_name")
        ]

    def __str__(self) -> str:
        return self.name
