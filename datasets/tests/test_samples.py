"""Archives as people upload them, through the whole import."""

from __future__ import annotations

from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import default_storage

from datasets import services
from datasets.content import open_content
from datasets.models import Dataset, Finding
from jobs.models import Job
from projects.services import create
from speechstudio.test import BaseTestCase
from speechstudio.tests.samples import ARCHIVES, CLIPS, sample

_GENERAL = "customspeech/en-US-general/training"
_DISPLAY = "customspeech/en-US-display-formatting"
# Kind, name, locale, accepted, refused.
TEXTS = [
    ("Language", f"{_GENERAL}/related-text.txt", "en-US", 28, 0),
    ("Language", f"{_DISPLAY}/plain-text.txt", "en-US", 4357, 0),
    ("Language", "customspeech/de-DE/related-text.txt", "de-DE", 27, 0),
    ("LanguageMarkdown", f"{_GENERAL}/structured-text.md", "en-US", 11, 0),
    ("Pronunciation", f"{_GENERAL}/pronunciation.txt", "en-US", 3, 0),
    ("OutputFormatting", f"{_DISPLAY}/display-format.txt", "en-US", 40, 0),
]


class SamplesTestCase(BaseTestCase):
    def test_it_works(self) -> None:
        self.check(CLIPS, "en-US", 34)

    def test_archives_of_other_makers(self) -> None:
        for name, locale, number in ARCHIVES:
            with self.subTest(name):
                self.check(sample(name), locale, number)

    def test_audio_without_text_of_other_makers(self) -> None:
        path = sample("customspeech/en-US-general/testing/audio.zip")
        dataset = self.upload(path, "en-US", kind="AudioFiles", use="testing")
        assert (dataset.accepted, dataset.rejected) == (2, 0)

    def test_texts_of_other_makers(self) -> None:
        for kind, name, locale, accepted, rejected in TEXTS:
            with self.subTest(name):
                dataset = self.upload(sample(name), locale, kind=kind, use="training")
                assert (dataset.status, dataset.error) == (Job.Status.SUCCEEDED, "")
                assert (dataset.accepted, dataset.rejected) == (accepted, rejected)

    def test_the_tests_of_display_rules_of_other_makers_pass(self) -> None:
        path = sample("customspeech/en-US-display-formatting/display-format.txt")
        dataset = self.upload(path, "en-US", kind="OutputFormatting", use="training")
        with dataset.content_file.open() as file:
            tests = list(open_content(file)["test"])
        assert len(tests) == 20
        assert {entry.result for entry in tests} == {"passed"}

    def check(self, path: Path, locale: str, number: int) -> None:
        dataset = self.upload(path, locale)
        assert (dataset.status, dataset.error) == (Job.Status.SUCCEEDED, "")
        assert (dataset.accepted, dataset.rejected) == (number, 0)
        assert dataset.done == dataset.total == number
        utterances = list(dataset.utterances.all())
        assert [u.position for u in utterances] == list(range(1, number + 1))
        assert all(u.transcript and u.loudness.peaks for u in utterances)
        assert all(default_storage.size(u.audio.name) > 44 for u in utterances)
        assert abs(dataset.seconds - sum(u.seconds for u in utterances)) < 0.01
        notes = dataset.findings.filter(level=Finding.Level.NOTE)
        assert dataset.findings.count() == notes.count()

    def upload(self, path: Path, locale: str, **fields: str) -> Dataset:
        project = create(self.alice, path.stem, locale)
        with path.open("rb") as file, self.on_commit():
            dataset = services.upload(
                project, path.stem, File(file, name=path.name), **fields
            )
        dataset.refresh_from_db()
        return dataset
