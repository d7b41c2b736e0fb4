from __future__ import annotations

import io
import wave
import zipfile

import pytest
from django.core.files.storage import default_storage

from datasets.formats.archive import MAX_FILES
from datasets.models import Dataset
from editor import services
from editor.models import Export, Recording, Segment
from editor.pieces import Refused
from editor.tasks import run_export
from editor.tests.sets import make_set
from jobs.models import Job
from speechstudio.test import BaseTestCase


class ExportTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.set = make_set(self.project, [["one", "", "three"], "whole", ""], 3.0)

    def export(self, **values: object) -> Export:
        answers = {"name": "Corrected", "use": Dataset.Use.TRAINING}
        rows = values.pop("rows", self.set.recordings.all())
        job = services.export(self.set, rows, **answers | values)  # type: ignore[arg-type]
        with self.on_commit():
            run_export(str(job.pk))
        job.refresh_from_db()
        return job

    def archive(self, job: Export) -> zipfile.ZipFile:
        assert job.dataset is not None
        with default_storage.open(job.dataset.source.name) as file:
            return zipfile.ZipFile(io.BytesIO(file.read()))

    def test_it_becomes_one_dataset_that_is_imported_like_any_other(self) -> None:
        job = self.export(description="Checked.")
        assert job.status == Job.Status.SUCCEEDED
        assert (job.kept, job.left_out, job.done, job.total) == (3, 2, 2, 2)
        dataset = Dataset.objects.get()
        assert job.dataset == dataset
        assert (dataset.name, dataset.description) == ("Corrected", "Checked.")
        assert (dataset.kind, dataset.use) == ("Acoustic", "training")
        assert dataset.status == Job.Status.SUCCEEDED
        said = list(dataset.utterances.values_list("name", "transcript", "seconds"))
        assert said == [
            ("001_0001.wav", "one", 1.0),
            ("001_0003.wav", "three", 1.0),
            ("002_0001.wav", "whole", 3.0),
        ]

    def test_the_sound_is_cut_out_to_the_sample(self) -> None:
        archive = self.archive(self.export())
        recording = self.set.recordings.first()
        with (
            default_storage.open(recording.audio.name) as file,
            wave.open(file) as whole,
            wave.open(io.BytesIO(archive.read("001_0003.wav"))) as part,
        ):
            whole.setpos(32_000)
            assert part.readframes(99_999) == whole.readframes(16_000)

    def test_labels_go_along_under_titles(self) -> None:
        Recording.objects.filter(position=1).update(
            labels={"speaker": "anna", "device": "headset"}
        )
        text = self.archive(self.export()).read("trans.txt").decode("utf-8-sig")
        assert text.splitlines() == [
            "file\ttext\tdevice\tspeaker",
            "001_0001.wav\tone\theadset\tanna",
            "001_0003.wav\tthree\theadset\tanna",
            "002_0001.wav\twhole\t\t",
        ]

    def test_recordings_of_the_same_name_do_not_collide(self) -> None:
        Recording.objects.update(name="calls/A.mp3")
        names = self.archive(self.export()).namelist()
        assert names == ["A_0001.wav", "A_0003.wav", "A-2_0001.wav", "trans.txt"]

    def test_the_set_and_its_files_stay(self) -> None:
        before = list(Segment.objects.values())
        self.export()
        assert list(Segment.objects.values()) == before
        assert default_storage.exists(self.set.recordings.first().audio.name)

    def test_only_what_was_chosen_goes(self) -> None:
        job = self.export(rows=self.set.recordings.filter(position=2))
        assert (job.kept, job.left_out) == (1, 0)

    def test_it_is_made_once_although_it_is_asked_for_or_run_twice(self) -> None:
        key = self.set.pk  # any UUID
        first = self.export(key=key)
        assert (
            services.export(self.set, self.set.recordings.all(), "x", "", key=key)
            == first
        )
        Export.objects.update(status=Job.Status.NOT_STARTED)
        run_export(str(first.pk))
        assert Dataset.objects.count() == 1

    def test_nothing_written_is_refused_at_once(self) -> None:
        with pytest.raises(Refused, match="has a text yet"):
            self.export(rows=self.set.recordings.filter(position=3))

    def test_what_is_still_being_drafted_is_refused(self) -> None:
        Recording.objects.filter(position=3).update(is_ready=False)
        with pytest.raises(Refused, match="Wait"):
            self.export()

    def test_more_than_a_dataset_holds_is_refused_with_what_to_do(self) -> None:
        recording = self.set.recordings.first()
        Segment.objects.bulk_create(
            Segment(recording=recording, start=0, end=1, text="x")
            for _ in range(MAX_FILES)
        )
        with pytest.raises(Refused, match="second dataset"):
            self.export()

    def test_texts_that_went_before_it_ran_end_it_with_a_reason(self) -> None:
        job = services.export(self.set, self.set.recordings.all(), "x", "training")
        Segment.objects.update(text="")
        run_export(str(job.pk))
        job.refresh_from_db()
        assert (job.status, job.error_code) == (Job.Status.FAILED, "NothingToExport")
        assert not Dataset.objects.exists()
