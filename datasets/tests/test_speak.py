from __future__ import annotations

import pytest
from django.core.files.base import ContentFile

from datasets import services
from datasets.models import Dataset
from jobs.models import Job
from projects.services import create
from speechstudio.test import BaseTestCase

SENTENCES = "Good morning, doctor.\ncall_2\tThe dose is five milligrams.\n12 34\n"


class SpeakTestCase(BaseTestCase):
    def upload(self, locale: str) -> Dataset:
        with self.on_commit():
            dataset = services.upload(
                create(self.alice, "Spoken", locale),
                "Sentences",
                ContentFile(SENTENCES.encode(), name="sentences.txt"),
                kind=Dataset.Kind.TRANSCRIPT,
                use="testing",
            )
        dataset.refresh_from_db()
        return dataset

    @pytest.mark.real
    def test_transcripts_are_spoken_and_can_be_tested_on(self) -> None:
        dataset = self.upload("en-US")
        assert (dataset.status, dataset.error) == (Job.Status.SUCCEEDED, "")
        assert (dataset.accepted, dataset.rejected) == (2, 1)
        one, two = dataset.utterances.all()
        assert (one.name, one.transcript) == ("0001.wav", "Good morning, doctor.")
        assert (two.name, two.speaker) == ("call_2.wav", "synthetic")
        assert 2 < one.seconds < 5
        assert dataset.has_transcripts
        assert not dataset.findings.filter(level="warning").exists()

    def test_where_no_voice_speaks_the_language_the_reason_is_given(self) -> None:
        dataset = self.upload("de-DE")
        assert dataset.status == Job.Status.FAILED
        assert "no voice" in dataset.error
