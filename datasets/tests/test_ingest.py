from __future__ import annotations

import errno
from pathlib import Path
from unittest.mock import patch

from django import db
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import override_settings
from kombu.exceptions import OperationalError

from datasets import services
from datasets.ingest import ingest
from datasets.models import Dataset
from datasets.tasks import ingest_dataset
from jobs.models import Gone, Job
from speechstudio.test import BaseTestCase, make_zip, tone


class IngestTestCase(BaseTestCase):
    def upload(self, members: dict[str, bytes | str]) -> Dataset:
        with self.on_commit():
            dataset = services.upload(self.project, "Calls", make_zip(members))
        dataset.refresh_from_db()
        return dataset

    def files(self, dataset: Dataset) -> list[str]:
        """What its imports keep, whichever try made it, beside the upload."""
        root = Path(settings.MEDIA_ROOT) / dataset.folder
        return sorted(
            str(path.relative_to(root))
            for path in root.glob("import-*/**/*")
            if path.is_file()
        )

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
        assert len(a.loudness.peaks) > 10

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
        assert self.files(dataset) == ["import-1/report"]
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
            patch("datasets.ingest._write_findings", side_effect=Killed),
        ):
            self.upload(members)
        dataset = Dataset.objects.get()
        assert not dataset.utterances.exists()
        dataset.requeue()
        ingest_dataset(str(dataset.pk))
        dataset.refresh_from_db()
        assert dataset.accepted == 2
        assert self.files(dataset) == [
            "import-2/audio/000001.wav",
            "import-2/audio/000002.wav",
            "import-2/report",
        ]

    def test_what_a_dead_worker_left_unpacked_is_cleared_away(self) -> None:
        with patch.object(Dataset, "enqueue"):
            dataset = self.upload({"a.wav": tone(), "trans.txt": "a.wav\tyes\n"})
        temporary = Path(settings.FILE_UPLOAD_TEMP_DIR)
        folder, file = (temporary / f"{name}.{dataset.pk}" for name in ("tmp1", "tmp2"))
        folder.mkdir()
        (folder / "000001.part").write_bytes(b"half")
        file.write_bytes(b"half")
        ingest_dataset(str(dataset.pk))
        assert not folder.exists()
        assert not file.exists()
        assert not list(temporary.glob(f"*.{dataset.pk}"))

    def test_a_try_that_wakes_late_leaves_its_successor_s_files_alone(self) -> None:
        members: dict[str, bytes | str] = {
            "a.wav": tone(),
            "trans.txt": "a.wav\tyes\n",
        }
        with patch.object(Dataset, "enqueue"):
            dataset = self.upload(members)
        dataset.start()
        ghost = Dataset.objects.get(pk=dataset.pk)
        dataset.requeue()
        ingest_dataset(str(dataset.pk))
        with self.assertRaises(Gone):
            ingest(ghost)
        dataset.refresh_from_db()
        assert dataset.status == Job.Status.SUCCEEDED
        assert default_storage.exists(dataset.utterances.get().audio.name)

    def test_what_was_found_before_a_refusal_is_in_the_report(self) -> None:
        dataset = self.upload({"../evil.wav": tone(), "a.wav": tone()})
        assert dataset.status == Job.Status.FAILED
        assert dataset.findings.filter(file__contains="evil.wav").exists()

    def test_a_full_disk_is_named_and_leaves_nothing(self) -> None:
        full = OSError(errno.ENOSPC, "No space left on device")
        members: dict[str, bytes | str] = {
            "a.wav": tone(),
            "trans.txt": "a.wav\tyes\n",
        }
        with patch("datasets.intake.Intake.keep", side_effect=full):
            dataset = self.upload(members)
        assert dataset.error_code == "DiskFull"
        assert self.files(dataset) == []
        no_row = db.OperationalError("database or disk is full")
        with patch("datasets.ingest._write_details", side_effect=no_row):
            dataset = self.upload(members)
        assert dataset.error_code == "DiskFull"
        assert self.files(dataset) == []
        assert not dataset.utterances.exists()
        with override_settings(MIN_FREE_DISK_MB=10**9):
            dataset = self.upload(members)
        assert dataset.error_code == "DiskFull"
        assert dataset.can_be_repeated
        with self.on_commit():
            services.retry(dataset)
        dataset.refresh_from_db()
        assert dataset.accepted == 1

    def test_months_of_packed_silence_are_refused(self) -> None:
        with patch("datasets.formats.clips.MAX_TOTAL_SECONDS", 0.1):
            dataset = self.upload({"a.wav": tone(), "trans.txt": "a.wav\tyes\n"})
        assert dataset.status == Job.Status.FAILED
        assert "split it" in dataset.error

    def test_without_a_broker_an_upload_is_kept_and_waits(self) -> None:
        with (
            patch("jobs.models.current_app.signature", side_effect=OperationalError),
            self.assertLogs("jobs.models", "WARNING"),
        ):
            dataset = self.upload({"a.wav": tone(), "trans.txt": "a.wav\tyes\n"})
        assert dataset.status == Job.Status.NOT_STARTED
        assert default_storage.exists(dataset.source.name)

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
