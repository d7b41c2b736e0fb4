from __future__ import annotations

from unittest.mock import patch

from django.core.files.storage import default_storage

from datasets import services
from datasets.models import Dataset
from datasets.tasks import ingest_dataset
from jobs.models import Job
from speechstudio.test import BaseTestCase, make_zip, tone


class IngestTestCase(BaseTestCase):
    def upload(self, members: dict[str, bytes | str]) -> Dataset:
        with self.on_commit():
            dataset = services.upload(self.project, "Calls", make_zip(members))
        dataset.refresh_from_db()
        return dataset

    def files(self, dataset: Dataset) -> list[str]:
        try:
            return sorted(default_storage.listdir(f"{dataset.folder}/audio")[1])
        except FileNotFoundError:
            return []

    def test_it_works(self) -> None:
        dataset = self.upload(
            {
                "a.wav": tone(1.0),
                "b.wav": tone(0.5, rate_hz=8000),
                "trans.txt": "a.wav\tGood morning.\nb.wav\tGoodbye.\n",
            }
        )
        assert dataset.status == Job.Status.SUCCEEDED
        assert (dataset.accepted, dataset.rejected) == (2, 0)
        assert round(dataset.seconds, 2) == 1.5
        a, b = dataset.utterances.all()
        assert (a.name, a.transcript) == ("a.wav", "Good morning.")
        with a.audio.open() as file:
            assert file.read()[44:] == tone(1.0)[44:]
        assert round(b.seconds, 2) == 0.5
        assert len(a.peaks) > 10

    def test_what_cannot_be_used_is_reported_and_the_rest_is_kept(self) -> None:
        dataset = self.upload(
            {
                "a.wav": tone(),
                "b.wav": b"not audio at all",
                "c.wav": tone(),
                "trans.txt": "a.wav\tyes\nb.wav\tno\nd.wav\tlost\n",
            }
        )
        assert dataset.status == Job.Status.SUCCEEDED
        assert (dataset.accepted, dataset.rejected) == (1, 3)
        errors = dataset.findings.filter(level="error")
        assert {(f.file, f.line) for f in errors} >= {("trans.txt", 3)}
        assert {"b.wav", "c.wav"} <= {f.file for f in errors}

    def test_an_upload_of_which_nothing_is_usable_fails_with_a_report(self) -> None:
        dataset = self.upload({"b.wav": b"nonsense", "trans.txt": "b.wav\tno\n"})
        assert dataset.status == Job.Status.FAILED
        assert dataset.error
        assert dataset.findings.filter(level="error").exists()
        assert self.files(dataset) == []
        page = self.client.get(dataset.get_absolute_url(), {"tab": "report"})
        self.assertContains(page, "b.wav")

    def test_what_is_not_a_zip_fails_with_a_reason(self) -> None:
        with self.on_commit():
            content = make_zip({})
            content.file.write(b"RIFF nonsense")
            dataset = services.upload(self.project, "Odd", content)
        dataset.refresh_from_db()
        assert dataset.status == Job.Status.FAILED
        assert dataset.error != ""

    def test_an_import_that_was_killed_begins_afresh(self) -> None:
        class Killed(BaseException):
            pass

        members: dict[str, bytes | str] = {
            "a.wav": tone(),
            "b.wav": tone(),
            "trans.txt": "a.wav\tyes\nb.wav\tno\n",
        }
        with (
            self.assertRaises(Killed),
            patch("datasets.ingest._write_report", side_effect=Killed),
        ):
            self.upload(members)
        dataset = Dataset.objects.get()
        assert not dataset.utterances.exists()
        dataset.requeue()
        ingest_dataset(str(dataset.pk))
        dataset.refresh_from_db()
        assert dataset.accepted == 2
        assert self.files(dataset) == ["000001.wav", "000002.wav"]

    def test_a_dataset_that_is_deleted_meanwhile_leaves_no_file(self) -> None:
        def report(dataset: Dataset, done: int, total: int) -> None:
            Dataset.objects.all().delete()
            Job.report(dataset, done, total)

        with patch.object(Dataset, "report", report), self.on_commit():
            dataset = services.upload(
                self.project,
                "Calls",
                make_zip({"a.wav": tone(), "trans.txt": "a.wav\tyes\n"}),
            )
        assert self.files(dataset) == []
