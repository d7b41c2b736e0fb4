"""Make a new version of a test's dataset of the corrections, and test it again.

The dataset is imported like any other, and its test waits for that. As its recordings
are the same, the test takes over what its models have heard, and recognises nothing.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.db.models import Prefetch, QuerySet

from datasets import services as datasets
from datasets import versions
from datasets.models import Dataset, Utterance
from evaluations import services
from evaluations.models import Candidate, Evaluation, Item
from jobs.models import Job
from projects.models import Project
from projects.storage import delete_tree

_ACTIVE = (Job.Status.NOT_STARTED, Job.Status.RUNNING)
_NUMBER = re.compile(r", version (\d{1,4})$")
_NAME_CHARACTERS = 200
_BATCH = 1000


class Refused(Exception):
    """There is nothing to make a version of; the message is fit for the user."""


@dataclass(frozen=True)
class Version:
    """A dataset that is a version of this test's, and the test that was made on it."""

    dataset: Dataset
    test: Evaluation | None


def proposed_name(evaluation: Evaluation) -> str:
    """What the next version may be called: as its former one, with a number."""
    return _numbered(evaluation.dataset.name, _next_number(evaluation.dataset))


def make_version(evaluation: Evaluation, name: str) -> Dataset:
    """Make the next version of the dataset, and a test of the same models on it.

    While one is being made it is that one. Raises `Refused`, also where the project
    is full (`datasets.services.Refused`).
    """
    former = evaluation.dataset
    with transaction.atomic():
        # One at a time in each project: two clicks make one version.
        Project.objects.select_for_update().get(pk=evaluation.project_id)
        active = former.later.filter(status__in=_ACTIVE).first()
        if active:
            return active
        if not open_corrections(evaluation):
            raise Refused(
                "There is no correction that is not part of a version already. "
                "Correct a reference first."
            )
        number = _next_number(former)
        dataset = _new_dataset(evaluation, name)
        try:
            _new_test(evaluation, dataset, number)
        except BaseException:
            delete_tree(dataset.folder)
            raise
    return dataset


def open_corrections(evaluation: Evaluation) -> int:
    """How many of its corrections are part of no version yet."""
    corrections = evaluation.corrections.values_list("item__position", "text")
    done = parts_of_versions(
        evaluation, evaluation.corrections.values("item__position")
    )
    return sum(place not in done for place in corrections)


def parts_of_versions(
    evaluation: Evaluation, positions: Sequence[int] | QuerySet[Any]
) -> dict[tuple[int, str], Dataset]:
    """The latest version that has a text at a position, by both. Two queries."""
    later = {one.pk: one for one in _imported(evaluation.dataset)}
    rows = Utterance.objects.filter(
        dataset__in=list(later), position__in=positions
    ).order_by("dataset__created")
    return {
        (position, text): later[key]
        for key, position, text in rows.values_list(
            "dataset", "position", "transcript"
        ).iterator(_BATCH)
    }


def versions_of(evaluation: Evaluation) -> list[Version]:
    """The later versions of the test's dataset, oldest first, and one that failed
    only where it is the last."""
    there = list(evaluation.dataset.later.order_by("created"))
    kept = [one for one in there if one.status != Job.Status.FAILED or one is there[-1]]
    return [Version(one, _like(evaluation, one)) for one in kept]


def former_of(evaluation: Evaluation) -> Version | None:
    """The dataset that the test's is a version of, with the same models on it."""
    former = evaluation.dataset.former
    return Version(former, _like(evaluation, former)) if former else None


def awaits_import(evaluation_id: UUID | str) -> bool:
    """Whether the dataset of a test is still on its way: the test waits for it, and
    the supervisor sends it again."""
    return Evaluation.objects.filter(
        pk=evaluation_id, dataset__status__in=_ACTIVE
    ).exists()


def _imported(dataset: Dataset) -> QuerySet[Dataset]:
    return dataset.later.filter(status=Job.Status.SUCCEEDED).order_by("created")


def _like(evaluation: Evaluation, dataset: Dataset) -> Evaluation | None:
    """The latest test on a dataset in which one of this test's models takes part."""
    models = evaluation.candidates.values("model")
    tests = dataset.evaluations.filter(
        kind=Evaluation.Kind.ACCURACY, candidates__model__in=models
    )
    candidates = Prefetch("candidates", Candidate.objects.select_related("model"))
    found = tests.prefetch_related(candidates).order_by("-created").first()
    if found is not None:
        found.project = evaluation.project
    return found


def _new_dataset(evaluation: Evaluation, name: str) -> Dataset:
    former, number = evaluation.dataset, evaluation.corrections.count()
    description = (
        f"{former.name} with {number:,} corrected reference{'s'[: number != 1]}, "
        f"from the test “{evaluation.name}”."
    )
    with tempfile.TemporaryFile() as file:
        versions.write(_lines(evaluation), file)
        file.seek(0)
        lines = File(file, versions.SOURCE_NAME)
        return datasets.new_version(former, name, lines, description)


def _new_test(evaluation: Evaluation, dataset: Dataset, number: int) -> None:
    """Of those of its models that may still recognise, if there are any."""
    candidates = evaluation.candidates.select_related("model").order_by("position")
    models = [one.model for one in candidates if not one.model.is_expired]
    if models:
        services.create(
            evaluation.project,
            dataset,
            models,
            _numbered(evaluation.name, number),
            f"As “{evaluation.name}”, by corrected references.",
        )


def _lines(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """All corrections of the test: those of an earlier version as well, as each is made
    of the dataset of this test."""
    items = Item.objects.filter(correction__evaluation=evaluation)
    found = items.select_related("utterance", "correction").order_by("position")
    for item in found.iterator(_BATCH):
        yield {
            "position": item.position,
            "audio_filepath": item.utterance.name,
            "former": item.utterance.transcript,
            "text": item.correction.text,
        }


def _next_number(dataset: Dataset) -> int:
    """One more than that of the dataset and those of its versions."""
    names = [dataset.name, *_imported(dataset).values_list("name", flat=True)]
    numbers = [int(match[1]) for name in names if (match := _NUMBER.search(name))]
    return max([len(names), *numbers]) + 1


def _numbered(name: str, number: int) -> str:
    """
    >>> _numbered("Calls", 2), _numbered("Calls, version 2", 3)
    ('Calls, version 2', 'Calls, version 3')
    """
    ending = f", version {number}"
    return _NUMBER.sub("", name)[: _NAME_CHARACTERS - len(ending)] + ending
