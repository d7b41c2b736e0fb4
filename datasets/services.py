"""What a person or a client can do with datasets."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePath
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from datasets import uploads, versions
from datasets.fetch import file_name
from datasets.formats.base import shown
from datasets.incoming import Upload
from datasets.kinds import BY_VALUE
from datasets.models import Dataset
from datasets.obtain import suffix_of
from datasets.uploads import Named, UploadError, check_size, size_of
from projects.models import Project
from projects.storage import delete_tree


class InUse(Exception):
    """The dataset cannot go while something is made of it."""


class Refused(Exception):
    """No dataset can be made of this; the message is fit for the user."""


class Full(Refused):
    """The project has as many datasets as it may."""


def create(
    project: Project,
    kind: str,
    use: str,
    name: str,
    *,
    upload: Upload | None = None,
    url: str = "",
    description: str = "",
    text_normalization: str = Dataset.Normalization.DEFAULT,
    key: UUID | None = None,
) -> Dataset:
    """Make a dataset of a complete upload or of what is at `url`.

    The job puts the upload together or fetches the address, and imports it. `key`
    is for a form that may be sent twice: it makes one dataset. Raises `Refused`.
    """
    dataset = Dataset(
        pk=key or uuid4(),
        project=project,
        kind=kind,
        use=use,
        name=name,
        description=description,
        text_normalization=text_normalization,
        upload=upload,
        source_url="" if upload else url,
    )
    if upload:
        dataset.source_name = upload.file_name
        dataset.source_bytes = size_of(upload)
    else:
        dataset.source_name = shown(file_name(url))
    return _add(dataset)


@transaction.atomic
def await_file(
    project: Project,
    user: User,
    kind: str,
    name: str,
    *,
    description: str = "",
    text_normalization: str = Dataset.Normalization.DEFAULT,
) -> Dataset:
    """Make a dataset whose file comes in blocks, until `commit` says that it is there.

    Raises `Refused`.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    _check_room(project)
    upload = uploads.begin(project, user, f"{name}{BY_VALUE[kind].suffixes[0]}")
    return Dataset.objects.create(
        project=project,
        kind=kind,
        name=name,
        description=description,
        text_normalization=text_normalization,
        upload=upload,
        source_name=upload.file_name,
    )


@transaction.atomic
def commit(dataset: Dataset, named: Sequence[Named]) -> None:
    """Import a dataset that waits for its file: these blocks, in this order, are it.

    Doing it again with the same list is no error. Raises `UploadError`.
    """
    locked = Dataset.objects.select_for_update().filter(pk=dataset.pk).first()
    digest = sha256("\n".join(one.name for one in named).encode()).hexdigest()
    if locked is not None and locked.blocks_digest == digest:
        return
    if locked is None or locked.upload is None or not locked.awaits_file:
        raise UploadError("The dataset does not wait for blocks.", "conflict")
    uploads.commit(locked.upload, named)
    size = size_of(locked.upload)
    check_size(size, locked.kind)
    Dataset.objects.filter(pk=locked.pk).update(source_bytes=size, blocks_digest=digest)
    transaction.on_commit(locked.enqueue)


def upload(
    project: Project,
    name: str,
    file: File[bytes],
    description: str = "",
    key: UUID | None = None,
    kind: str = Dataset.Kind.ACOUSTIC,
    use: str = "",
) -> Dataset:
    """Make a dataset of a file that is here. Raises `Refused`."""
    dataset = Dataset(
        pk=key or uuid4(),
        project=project,
        kind=kind,
        use=use,
        name=name,
        description=description,
        source_name=PurePath(file.name or "upload").name[:255],
        source_bytes=file.size or 0,
    )
    return _keep(dataset, file, suffix_of(dataset.source_name, kind))


def new_version(
    former: Dataset, name: str, corrections: File[bytes], description: str = ""
) -> Dataset:
    """Make a dataset of the recordings of another one, some with another text.

    `corrections` is a file that `versions.write` wrote. Raises `Refused`.
    """
    dataset = Dataset(
        project=former.project,
        kind=former.kind,
        use=former.use,
        name=name,
        description=description,
        text_normalization=former.text_normalization,
        former=former,
        source_name=versions.SOURCE_NAME,
        source_bytes=corrections.size,
    )
    return _keep(dataset, corrections, ".jsonl")


def _keep(dataset: Dataset, file: File[bytes], suffix: str) -> Dataset:
    """Store the row with its file; or the one that was made before, without it."""
    stored = default_storage.save(f"{dataset.folder}/source{suffix}", file)
    dataset.source.name = stored
    try:
        made = _add(dataset)
    except BaseException:
        default_storage.delete(stored)
        raise
    if made is not dataset:
        default_storage.delete(stored)
    return made


@transaction.atomic
def _add(dataset: Dataset) -> Dataset:
    """Store the row and have it imported; or the one that was made before."""
    # One at a time in each project: the count and the key hold.
    Project.objects.select_for_update().get(pk=dataset.project_id)
    former = Dataset.objects.filter(pk=dataset.pk, project=dataset.project).first()
    if former:
        return former
    _check(dataset)
    message = "The uploaded file is in use already, or was deleted. Upload it again."
    if dataset.upload and not _lock(dataset.upload):
        raise Refused(message)
    try:
        with transaction.atomic():
            dataset.save(force_insert=True)
    except IntegrityError as e:
        raise Refused(message) from e
    transaction.on_commit(dataset.enqueue)
    return dataset


def _lock(upload: Upload) -> bool:
    """Whether it is still there; nobody discards it until the transaction ends.

    The database would tell only at the very end that it is gone.
    """
    return Upload.objects.select_for_update().filter(pk=upload.pk).first() is not None


def _check_room(project: Project) -> None:
    limit = settings.PROJECT_MAX_DATASETS
    if project.datasets.count() >= limit:
        raise Full(
            f"The project has {limit:,} datasets, and more are not allowed. Delete "
            "some that nobody needs, or ask the administrator for a higher "
            "PROJECT_MAX_DATASETS."
        )


def _check(dataset: Dataset) -> None:
    _check_room(dataset.project)
    if dataset.source_url:
        return
    if dataset.upload and not dataset.upload.is_committed:
        raise Refused("The upload is not complete yet.")
    try:
        check_size(dataset.source_bytes, dataset.kind)
    except UploadError as e:
        raise Refused(str(e)) from e


def rename(dataset: Dataset, name: str, description: str) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(name=name, description=description)


def retry(dataset: Dataset) -> None:
    """Import a dataset again whose import the machine broke."""
    if dataset.can_be_repeated and dataset.retry():
        transaction.on_commit(dataset.enqueue)


@transaction.atomic
def delete(dataset: Dataset) -> None:
    """Delete a dataset with its files, whatever its state; a running import stops.

    (The reference product refuses that, and has no way to stop one.) Raises
    `InUse` while a test was made of it or a model learns from it.
    """
    # Locked: an import that is just ending has stored all or nothing.
    locked = Dataset.objects.select_for_update().filter(pk=dataset.pk).first()
    if locked is None:
        return
    dataset = locked
    folder, unused = dataset.folder, dataset.upload
    problem = why_not_delete(dataset)
    if problem:
        raise InUse(problem)
    dataset.delete()
    if unused:
        unused.discard()
    transaction.on_commit(lambda: delete_tree(folder))


def why_not_delete(dataset: Dataset) -> str:
    """Why the dataset cannot go, and what to do; empty when it can."""
    tests = _named("test", list(dataset.evaluations.values_list("name", flat=True)[:4]))
    if tests:
        return f"It is used by {tests}. Delete that first."
    active = (Dataset.Status.NOT_STARTED, Dataset.Status.RUNNING)
    learning = dataset.models.filter(status__in=active).values_list("name", flat=True)
    models = _named("model", list(learning[:4]))
    if models:
        return f"It is needed to train {models}. Wait until that ends, or delete it."
    later = _named(
        "dataset",
        list(dataset.later.filter(status__in=active).values_list("name", flat=True)),
    )
    if later:
        return (
            f"{later[0].upper()}{later[1:]}, a corrected version of it, is being made. "
            "Wait until that ends, or delete it."
        )
    waiting = dataset.planned_tests.filter(
        is_made=False, model__status__in=active
    ).values_list("model__name", flat=True)
    models = _named("model", list(waiting[:4]))
    if models:
        return f"It is going to test {models}. Wait until that ends, or delete it."
    return ""


def models_of(dataset: Dataset) -> str:
    """The models that were trained on it, in words; empty when there are none."""
    return _named("model", list(dataset.models.values_list("name", flat=True)[:4]))


def _named(kind: str, names: list[str]) -> str:
    """
    >>> _named("test", ["March", "April"]), _named("model", list("abcd"))
    ('the tests “March”, “April”', 'the models “a”, “b”, “c” and others')
    """
    quoted = ", ".join(f"“{name}”" for name in names[:3])
    more = " and others" if len(names) > 3 else ""
    plural = "s" if len(names) > 1 else ""
    return f"the {kind}{plural} {quoted}{more}" if names else ""
