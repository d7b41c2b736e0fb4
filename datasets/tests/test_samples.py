"""Archives as people upload them, through the whole import."""

from __future__ import annotations

from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import default_storage

from datasets import services
from datasets.models import Dataset, Finding
from jobs.models import Job
from projects.services import create
from speechstudio.test import BaseTestCase
from speechstudio.tests.samples import ARCHIVES, CLIPS, sample


class SamplesTestCase(BaseTestCase):
    def test_it_works(self) -> None:
        self.check(CLIPS, "en-US", 34)

    def test_archives_of_other_makers(self) -> None:
        for name, locale, number in ARCHIVES:
            with self.subTest(name):
                self.check(sample(name), locale, number)

    def check(self, path: Path, locale: str, number: int) -> None:
        dataset = self.upload(path, locale)
        assert (dataset.status, dataset.error) == (Job.Status.SUCCEEDED, "")
        assert (dataset.accepted, dataset.rejected) == (number, 0)
        assert dataset.done == dataset.total == number
        utterances = list(dataset.utterances.all())
        assert [u.position for u in utterances] == list(range(1, number + 1))
        assert all(u.transcript and u.peaks for u in utterances)
        assert all(default_storage.size(u.audio.name) > 44 for u in utterances)
        assert abs(dataset.seconds - sum(u.seconds for u in utterances)) < 0.01
        notes = dataset.findings.filter(level=Finding.Level.NOTE)
        assert dataset.findings.count() == notes.count()

    def upload(self, path: Path, locale: str) -> Dataset:
        project = create(self.alice, path.stem, locale)
        with path.open("rb") as file, self.on_commit():
            dataset = services.upload(project, path.stem, File(file, name=path.name))
        dataset.refresh_from_db()
        return dataset
