"""Make a new version of a test's dataset of the corrections, and test it again.

The dataset is imported like any other, and its test waits for that. As its recordings
are the same, the test takes over what its models have heard, and recognises nothing.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import Prefetch

from datasets import services as datasets
from datasets import versions
from datasets.models import Dataset
from evaluations import services
from evaluations.corrections.collected import (
    Collected,
    collected_of,
    corrections_of,
    imported,
)
from evaluations.models import Candidate, Evaluation
from jobs.models import Job
from projects.models import Project
from projects.storage import delete_tree

_ACTIVE = (Job.Status.NOT_STARTED, Job.Status.RUNNING)
_NUMBER = re.compile(r", version (\d{1,4})$")
_NAME_CHARACTERS = 200
_BATCH = 1000


class Refused(Exception):
    """There is nothing to make a version of; the message is fit for the user."""


class BeingMade(Exception):
    """Another version is being made; the message is fit for the user."""

    def __init__(self, version: Dataset) -> None:
        super().__init__(
            f"“{version.name}” is being made already. When it is there, you can make "
            "another version of what it does not have."
        )


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

    Raises `BeingMade` while there is one on its way, and `Refused`, also where the
    project is full (`datasets.services.Refused`).
    """
    former = evaluation.dataset
    with transaction.atomic():
        # One at a time in each project: two clicks make one version.
        Project.objects.select_for_update().get(pk=evaluation.project_id)
        active = former.later.filter(status__in=_ACTIVE).first()
        if active:
            raise BeingMade(active)
        collected = collected_of(evaluation)
        if not collected.is_open:
            raise Refused(
                "There is no correction that is not part of the newest version "
                "already. Correct a reference first."
            )
        number = _next_number(former)
        dataset = _new_dataset(evaluation, name, collected)
        try:
            _new_test(evaluation, dataset, number)
        except BaseException:
            delete_tree(dataset.folder)
            raise
    return dataset


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


def _new_dataset(evaluation: Evaluation, name: str, collected: Collected) -> Dataset:
    former, number = evaluation.dataset, collected.total
    source = f"from the test “{evaluation.name}”"
    if collected.elsewhere:
        source += f" and, {collected.elsewhere:,} of them, from other tests"
    description = (
        f"{former.name} with {number:,} corrected reference{'s'[: number != 1]}, "
        f"{source}."
    )
    with tempfile.TemporaryFile() as file:
        versions.write(_lines(former), file)
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


def _lines(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """All corrections of a dataset: those of an earlier version as well, as each is
    made of the same dataset."""
    rows = corrections_of(dataset).select_related("item__utterance")
    found = {row.item.position: row for row in rows.iterator(_BATCH)}
    for position, row in found.items():
        yield {
            "position": position,
            "audio_filepath": row.item.utterance.name,
            "former": row.item.utterance.transcript,
            "text": row.text,
        }


def _next_number(dataset: Dataset) -> int:
    """One more than that of the dataset and those of its versions."""
    names = [dataset.name, *imported(dataset).values_list("name", flat=True)]
    numbers = [int(match[1]) for name in names if (match := _NUMBER.search(name))]
    return max([len(names), *numbers]) + 1


def _numbered(name: str, number: int) -> str:
    """
    >>> _numbered("Calls", 2), _numbered("Calls, version 2", 3)
    ('Calls, version 2', 'Calls, version 3')
    """
    ending = f", version {number}"
    return _NUMBER.sub("", name)[: _NAME_CHARACTERS - len(ending)] + ending
