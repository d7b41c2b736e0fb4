"""What all tests of a dataset correct of it, beside what its newest version has.

A test has its own corrections, but a version is made of those of all: otherwise the
second one would lose what the first was made for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from datasets.models import Dataset
from evaluations.analysis.kept import Kept
from evaluations.models import Correction, Evaluation
from jobs.models import Job

_BATCH = 1000
_Texts = Mapping[int, str]  # by the positions of utterances
_kept: Kept[_Texts] = Kept(most=16)


@dataclass(frozen=True)
class Collected:
    """The corrected texts of a dataset, as a version of now would have them.

    `newest` is the latest version that was imported, made of the texts `done`;
    `elsewhere` counts those of `texts` that are from other tests than the one asked.
    """

    texts: _Texts
    elsewhere: int
    newest: Dataset | None
    done: _Texts

    @property
    def total(self) -> int:
        return len(self.texts)

    @cached_property
    def missing(self) -> int:
        """Corrections that the newest version does not have."""
        return sum(self.done.get(place) != text for place, text in self.texts.items())

    @cached_property
    def taken_back(self) -> int:
        """Texts of the newest version that nobody asks for any more."""
        return len(self.done.keys() - self.texts.keys())

    @property
    def is_open(self) -> bool:
        """Whether a version of now would be another one than the newest, and than the
        dataset itself."""
        return bool(self.missing or (self.texts and self.taken_back))

    def version_of(self, position: int, text: str) -> Dataset | None:
        """The newest version, if it has this text there as a correction."""
        return self.newest if self.done.get(position) == text else None


def collected_of(evaluation: Evaluation) -> Collected:
    """Of the dataset of a test. Two queries."""
    rows = corrections_of(evaluation.dataset).values_list(
        "item__position", "text", "evaluation"
    )
    found = {place: (text, test) for place, text, test in rows.iterator(_BATCH)}
    newest = imported(evaluation.dataset).last()
    return Collected(
        texts={place: text for place, (text, _) in found.items()},
        elsewhere=sum(test != evaluation.pk for _, test in found.values()),
        newest=newest,
        done=_made_of(newest) if newest else {},
    )


def corrections_of(dataset: Dataset) -> QuerySet[Correction]:
    """Those of all its tests. Of one utterance the last one counts."""
    found = Correction.objects.filter(evaluation__dataset=dataset)
    return found.order_by("item__position", "at", "pk")


def imported(dataset: Dataset) -> QuerySet[Dataset]:
    """Its versions, oldest first."""
    return dataset.later.filter(status=Job.Status.SUCCEEDED).order_by("created")


def _made_of(version: Dataset) -> _Texts:
    """The corrections that a version was made of, from its file."""
    name = str(version.source.name)

    def read() -> _Texts:
        with default_storage.open(name) as file:
            lines = map(json.loads, file)
            return {line["position"]: line["text"] for line in lines}

    return _kept.get(name, read)
