from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.timezone import now

from engines.registry import OURS
from projects.locales import LOCALES, language_name
from resources.models import Resource

EMBEDDED = "whisper"


class Role(models.TextChoices):
    """What a member may do; each role may do all that the ones below may."""

    OWNER = "owner", "Owner"
    EDITOR = "editor", "Editor"
    REVIEWER = "reviewer", "Reviewer"
    VIEWER = "viewer", "Viewer"

    def may_act_as(self, role: Role) -> bool:
        """
        >>> Role.EDITOR.may_act_as(Role.VIEWER), Role.VIEWER.may_act_as(Role.EDITOR)
        (True, False)
        """
        order = list(Role)
        return order.index(self) <= order.index(role)


class Project(models.Model):
    """A room for one domain in one locale; the locale never changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=2000)
    locale = models.CharField(
        max_length=20, choices=LOCALES, verbose_name="language", editable=False
    )
    engine = models.CharField(max_length=20, default=EMBEDDED, editable=False)
    # True for the project that comes with the installation: its speech is
    # synthetic, and the pages say so.
    is_sample = models.BooleanField(default=False, editable=False)
    # What its texts may spell otherwise, a line each: "okay = ok".
    equivalences = models.TextField(blank=True, max_length=100_000, editable=False)
    # Words and phrases that matter here, a line each.
    terms = models.TextField(blank=True, max_length=100_000, editable=False)
    # What clients of the API keep with it: names and a text each.
    custom_properties = models.JSONField(default=dict, editable=False)
    created = models.DateTimeField(default=now, editable=False, db_index=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Member", related_name="projects"
    )

    # The role of the person who asked, set by `projects.access`.
    role: Role = Role.VIEWER

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("project-detail", args=[self.pk])

    @property
    def language(self) -> str:
        return language_name(self.locale)

    @cached_property
    def resource(self) -> Resource | None:
        """The Speech resource that its work is done at; None when that is done here."""
        if self.engine in OURS:
            return None
        return Resource.objects.filter(key=self.engine).first()

    @property
    def is_remote(self) -> bool:
        return self.resource is not None

    @property
    def engine_here(self) -> str:
        """The engine for what is always done on this server, such as cutting at
        silences."""
        return EMBEDDED if self.is_remote else self.engine

    @property
    def can_edit(self) -> bool:
        return self.role.may_act_as(Role.EDITOR)

    @property
    def can_manage(self) -> bool:
        return self.role.may_act_as(Role.OWNER)


class Member(models.Model):
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"], name="one_membership_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
