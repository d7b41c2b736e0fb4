"""What a person or a client can do with datasets."""

from __future__ import annotations

from pathlib import PurePath
from uuid import UUID, uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from datasets.models import Dataset
from projects.models import Project
from projects.storage import delete_tree


class InUse(Exception):
    """The dataset cannot go while something is made of it."""


def upload(
    project: Project,
    name: str,
    file: File[bytes],
    description: str = "",
    key: UUID | None = None,
    kind: str = Dataset.Kind.ACOUSTIC,
    use: str = "",
) -> Dataset:
    """Keep an uploaded file and have it imported.

    `key` is for a form that may be sent twice: it makes one dataset.
    """
    dataset = Dataset(
        pk=key or uuid4(),
        project=project,
        name=name,
        description=description,
        kind=kind,
        use=use,
        source_name=PurePath(file.name or "upload.zip").name[:255],
        source_bytes=file.size,
    )
    dataset.source.name = default_storage.save(f"{dataset.folder}/source.zip", file)
    try:
        with transaction.atomic():
            dataset.save(force_insert=True)
    except IntegrityError:
        default_storage.delete(str(dataset.source.name))
        return Dataset.objects.get(pk=dataset.pk, project=project)
    except Exception:
        default_storage.delete(str(dataset.source.name))
        raise
    transaction.on_commit(dataset.enqueue)
    return dataset


def rename(dataset: Dataset, name: str, description: str) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(name=name, description=description)


def retry(dataset: Dataset) -> None:
    """Import a dataset again whose import the machine broke."""
    if dataset.can_be_repeated and dataset.retry():
        transaction.on_commit(dataset.enqueue)


@transaction.atomic
def delete(dataset: Dataset) -> None:
    """Delete a dataset with its files; a running import stops.

    Raises `InUse` while a test was made of it.
    """
    folder = dataset.folder
    users = tests_of(dataset)
    if users:
        raise InUse(f"It is used by {users}. Delete that first.")
    dataset.delete()
    transaction.on_commit(lambda: delete_tree(folder))


def tests_of(dataset: Dataset) -> str:
    """The tests that use it, in words; empty when there are none."""
    names = list(dataset.evaluations.values_list("name", flat=True)[:4])
    quoted = ", ".join(f"“{name}”" for name in names[:3])
    more = " and others" if len(names) > 3 else ""
    plural = "s" if len(names) > 1 else ""
    return f"the test{plural} {quoted}{more}" if names else ""
