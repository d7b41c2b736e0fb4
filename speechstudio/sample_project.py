"""The sample project of a fresh installation, so that nobody begins empty.

Its speech is synthetic (`speechstudio/sample/README.md`), and the pages say so.
"""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import User
from django.core.files import File

from datasets import services as datasets
from datasets.models import Dataset
from datasets.tasks import ingest_dataset
from evaluations import services as evaluations
from projects.models import Project
from training.services import usable

_FOLDER = Path(__file__).parent / "sample"


def install() -> None:
    """Make the project and start its first test, on a fresh installation only.

    Who deleted it does not get it back: somebody has signed in by then.
    """
    if Project.objects.exists() or User.objects.exclude(last_login=None).exists():
        return
    project = Project.objects.create(
        name="Clinic dictation (sample)",
        locale="en-US",
        is_sample=True,
        description="Doctors dictate notes with drug names, doses and findings. "
        "Try everything here; delete it when you do not need it any more.",
    )
    _dataset(project, "training", "Notes by the other speakers, to train on.")
    testing = _dataset(project, "testing", "Notes that no model has seen.")
    models = usable(project)[:1]
    if models and testing.status == Dataset.Status.SUCCEEDED:
        evaluations.create(
            project,
            testing,
            models,
            name="Base model on clinic notes",
            description="How well does the base model do before any training?",
        )


def _dataset(project: Project, part: str, description: str) -> Dataset:
    with (_FOLDER / f"{part}.zip").open("rb") as archive:
        dataset = datasets.upload(
            project,
            f"Clinic notes, {part}",
            File(archive, name=f"clinic-notes-{part}.zip"),
            description,
            use=part,
        )
    ingest_dataset(str(dataset.pk))
    dataset.refresh_from_db()
    return dataset
