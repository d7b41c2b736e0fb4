from __future__ import annotations

from typing import ClassVar

from django.db import models

from engines.base import speaks
from jobs.models import Job
from projects.locales import LOCALES


class SpeechModel(Job):
    """A model that can be tested.

    A base model is what an engine offers before any training. Its job is to
    be brought to this disk: it waits until it is first needed.
    """

    engine = models.CharField(max_length=20, default="whisper", editable=False)
    # What the engine calls it: a name, a folder, a name on a hub.
    reference = models.CharField(max_length=500, editable=False)
    name = models.CharField(max_length=200)
    # Language tags without region, such as "en", separated by spaces; empty
    # means every language.
    languages = models.TextField(blank=True, editable=False)
    # False once the settings do not name it any more: old tests keep it.
    is_offered = models.BooleanField(default=True, editable=False)

    task_name: ClassVar[str] = "training.tasks.fetch_model"
    unit_label = "MB"

    class Meta:
        ordering = ["created", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["engine", "reference"], name="one_row_a_base_model"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def speaks(self, locale: str) -> bool:
        return speaks(self.languages.split(), locale)

    @property
    def spoken(self) -> str:
        """Its languages, in words."""
        tags = self.languages.split()
        if not tags or len(tags) > 3:
            return f"{len(tags)} languages" if tags else "every language"
        known = {tag.split("-")[0]: name.split(" (")[0] for tag, name in LOCALES}
        return ", ".join(known.get(tag, tag) for tag in tags)

    @classmethod
    def forgotten(cls) -> models.QuerySet[SpeechModel]:
        # A base model waits until a test needs it, which may be never.
        return cls.objects.none()
