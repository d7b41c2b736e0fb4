"""What can be done with models."""

from __future__ import annotations

from django.db import transaction

from engines.registry import get_engine
from projects.models import Project
from training.models import SpeechModel


@transaction.atomic
def sync_base_models(engine: str) -> None:
    """Make the rows say what the engine offers now.

    A model that the settings do not name any more is not offered for new
    tests; old tests keep it.
    """
    offered = get_engine(engine).base_models()
    for base in offered:
        model, _ = SpeechModel.objects.update_or_create(
            engine=engine,
            reference=base.reference,
            defaults={
                "name": base.name,
                "languages": " ".join(sorted(base.locales)),
                "is_offered": True,
            },
        )
        _note_presence(model, base.is_on_disk)
    SpeechModel.objects.filter(engine=engine).exclude(
        reference__in=[base.reference for base in offered]
    ).update(is_offered=False)


def _note_presence(model: SpeechModel, is_on_disk: bool) -> None:
    """A model that came to the disk, or left it, otherwise than by its job."""
    if is_on_disk:
        model.retry()
        if model.start():
            model.succeed()
    else:
        model.reopen()


def usable(project: Project) -> list[SpeechModel]:
    """The models on offer that speak the project's language."""
    offered = SpeechModel.objects.filter(engine=project.engine, is_offered=True)
    return [model for model in offered if model.speaks(project.locale)]
