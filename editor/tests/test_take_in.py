from __future__ import annotations

import errno
import io
import wave
from unittest.mock import patch

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F

from datasets import services as datasets
from datasets.models import Dataset, Utterance
from editor import changes, disk, services, take_in
from editor.models import EditorSet, Recording, Segment, Shard
from editor.tasks import run_shard, settle_set, take_in_set
from editor.tests.sets import assert_whole, spans_of, texts_of
from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Gone, Job
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_model,
    tone,
)
from training import offers


class Hearing(FakeEngine):
    """Hears "heard 1", "heard 2" and so on, whatever it is given."""

    def transcribe(self, reference, clips, options):  # type: ignore[no-untyped-def]
        for clip in clips:
            self.texts[clip.key] = f"heard {len(self.texts) + 1}"
        return super().transcribe(reference, clips, options)


class TakeInTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        limit = patch.object(take_in, "SHARD_RECORDINGS", 2)
        limit.start()
        self.addCleanup(limit.stop)
        self.model = make_model()

    def make(self, *made: Dataset, **values: object) -> EditorSet:
        return services.create(self.project, made, "Corrections", **values)  # type: ignore[arg-type]

    def run_with(self, editor_set: EditorSet, engine: FakeEngine) -> EditorSet:
        with fake_engine(engine):
            take_in_set(str(editor_set.pk))
        editor_set.refresh_from_db()
        return editor_set

    def audio_only(self, number: int = 3) -> Dataset:
        return make_dataset(self.project, [""] * number, kind=Dataset.Kind.AUDIO)

    def test_recordings_with_transcripts_are_copied_with_their_texts(self) -> None:
        dataset = make_dataset(self.project, ["one", "two", "three"])
        labels = {"speaker": "anna"}
        dataset.utterances.update(labels=labels)
        made = self.run_with(self.make(dataset), FakeEngine())
        assert made.status == Job.Status.SUCCEEDED
        assert (made.done, made.total) == (3, 3)
        recordings = list(made.recordings.all())
        assert [r.name for r in recordings] == ["001.wav", "002.wav", "003.wav"]
        assert [texts_of(r) for r in recordings] == [["one"], ["two"], ["three"]]
        assert recordings[0].labels == labels
        assert {r.state for r in recordings} == {""}
        assert bytes(recordings[0].sound.peaks) == bytes(range(0, 250, 5))
        for recording in recordings:
            assert_whole(recording)

    def test_the_copy_stays_when_the_dataset_is_deleted(self) -> None:
        dataset = make_dataset(self.project)
        made = self.run_with(self.make(dataset), FakeEngine())
        with self.on_commit():
            datasets.delete(dataset)
        source = made.sources.get()
        assert (source.dataset, source.name) == (None, "Calls")
        assert default_storage.exists(made.recordings.get().audio.name)

    def test_the_dataset_stays_as_it_is(self) -> None:
        dataset = make_dataset(self.project, ["one", "two"])
        before = list(Utterance.objects.values())
        made = self.run_with(self.make(dataset), FakeEngine())
        recording = made.recordings.first()
        segment = recording.segments.get()
        changes.write(self.alice, recording.pk, segment.pk, segment.version, "new")
        assert list(Utterance.objects.values()) == before

    def test_several_datasets_follow_each_other(self) -> None:
        made = self.make(
            make_dataset(self.project, ["one", "two"]),
            make_dataset(self.project, ["three"]),
        )
        self.run_with(made, FakeEngine())
        assert [texts_of(r)[0] for r in made.recordings.all()] == [
            "one",
            "two",
            "three",
        ]
        assert [s.first for s in made.sources.all()] == [1, 3]

    def test_a_model_writes_drafts_where_no_text_is(self) -> None:
        dataset = make_dataset(self.project, ["said", "", ""])
        made = self.run_with(self.make(dataset, model=self.model), Hearing())
        assert [texts_of(r) for r in made.recordings.all()] == [
            ["said"],
            ["heard 1"],
            ["heard 2"],
        ]
        assert [r.state for r in made.recordings.all()] == ["", "draft", "draft"]

    def test_without_a_model_the_texts_stay_empty(self) -> None:
        engine = FakeEngine()
        made = self.run_with(self.make(self.audio_only()), engine)
        assert engine.calls == []
        assert {r.empty_count for r in made.recordings.all()} == {1}

    def test_a_recording_that_cannot_be_drafted_is_left_empty(self) -> None:
        class Deaf(FakeEngine):
            def transcribe(self, reference, clips, options):  # type: ignore[no-untyped-def]
                self.failing = [clip.key for clip in clips]
                return super().transcribe(reference, clips, options)

        made = self.run_with(self.make(self.audio_only(), model=self.model), Deaf())
        assert made.status == Job.Status.SUCCEEDED
        assert not Segment.objects.filter(is_waiting=True).exists()

    def test_a_model_that_cannot_be_had_ends_it_and_can_be_tried_again(self) -> None:
        made = self.make(self.audio_only(), model=self.model)
        broken = FakeEngine(broken=EngineError("No network.", "NoNetwork"))
        self.run_with(made, broken)
        assert (made.status, made.error) == (Job.Status.FAILED, "No network.")
        assert made.recordings.count() == 3
        services.retry(made)
        self.run_with(made, Hearing())
        assert made.status == Job.Status.SUCCEEDED
        assert made.recordings.count() == 3
        assert {r.state for r in made.recordings.all()} == {"draft"}

    def test_a_dataset_that_was_deleted_too_early_is_named(self) -> None:
        dataset = make_dataset(self.project)
        made = self.make(dataset)
        with self.on_commit():
            datasets.delete(dataset)
        self.run_with(made, FakeEngine())
        assert made.status == Job.Status.FAILED
        assert "“Calls” was deleted" in made.error

    def test_copying_goes_on_where_it_stopped(self) -> None:
        dataset = make_dataset(self.project, ["one", "two", "three"])
        made = self.make(dataset)
        real = take_in._copied
        copied: list[int] = []

        def dying(editor_set, utterance):  # type: ignore[no-untyped-def]
            if len(copied) == 2:
                raise MemoryError
            copied.append(utterance.position)
            return real(editor_set, utterance)

        with (
            patch.object(take_in, "_COPIED_AT_ONCE", 1),
            patch.object(take_in, "_copied", dying),
        ):
            self.run_with(made, FakeEngine())
        assert (made.status, made.recordings.count()) == (Job.Status.FAILED, 2)
        services.retry(made)
        self.run_with(made, FakeEngine())
        assert [texts_of(r)[0] for r in made.recordings.all()] == [
            "one",
            "two",
            "three",
        ]
        _, files = default_storage.listdir(made.folder)
        assert len(files) == 3

    def test_a_shard_that_is_done_again_drafts_only_what_is_missing(self) -> None:
        made = self.make(self.audio_only(2), model=self.model)

        class Killed(BaseException):
            pass

        class Dying(Hearing):
            def transcribe(self, reference, clips, options):  # type: ignore[no-untyped-def]
                if len(self.calls) == 1:
                    raise Killed
                return super().transcribe(reference, clips, options)

        with pytest.raises(Killed):
            self.run_with(made, Dying())
        shard = Shard.objects.get()
        shard.refresh_from_db()
        assert shard.requeue()
        again = Hearing({"x": "y"})
        with fake_engine(again):
            run_shard(str(shard.pk))
        assert len(again.calls) == 1
        assert [texts_of(r) for r in made.recordings.all()] == [
            ["heard 1"],
            ["heard 2"],
        ]
        made.refresh_from_db()
        assert (made.status, made.done) == (Job.Status.SUCCEEDED, 2)

    def test_a_worker_given_up_for_dead_writes_no_draft(self) -> None:
        made = self.make(self.audio_only(1), model=self.model)
        with fake_engine(FakeEngine()), patch.object(Shard, "enqueue"):
            take_in_set(str(made.pk))
        ghost = Shard.objects.get()
        ghost.start()
        Shard.objects.update(attempt=F("attempt") + 1)
        with fake_engine(Hearing()), pytest.raises(Gone):
            take_in.work_on(ghost)
        assert not Segment.objects.exclude(text="").exists()

    def test_what_a_person_writes_meanwhile_is_kept(self) -> None:
        made = self.make(self.audio_only(1), model=self.model)
        alice = self.alice

        class Slow(Hearing):
            def transcribe(self, reference, clips, options):  # type: ignore[no-untyped-def]
                segment = Segment.objects.get()
                changes.write(
                    alice, segment.recording_id, segment.pk, segment.version, "mine"
                )
                return super().transcribe(reference, clips, options)

        self.run_with(made, Slow())
        assert texts_of(made.recordings.get()) == ["mine"]

    def test_drafting_one_recording_anew(self) -> None:
        made = self.run_with(self.make(self.audio_only(1)), FakeEngine())
        recording = made.recordings.get()
        with fake_engine(Hearing()), self.on_commit():
            changes.recut(self.alice, recording.pk, recording.revision, 0.5, self.model)
        assert texts_of(recording) == ["heard 1"]
        recording.refresh_from_db()
        assert (recording.is_ready, recording.state) == (True, "draft")

    def test_drafting_anew_that_fails_leaves_the_recording_to_the_people(self) -> None:
        made = self.run_with(self.make(self.audio_only(1)), FakeEngine())
        recording = made.recordings.get()
        broken = FakeEngine(broken=EngineError("No memory.", "OutOfMemory"))
        with fake_engine(broken), self.on_commit():
            changes.recut(self.alice, recording.pk, recording.revision, 0.5, self.model)
        recording.refresh_from_db()
        assert recording.is_ready
        assert not recording.segments.filter(is_waiting=True).exists()
        made.refresh_from_db()
        assert made.status == Job.Status.SUCCEEDED

    def test_the_supervisor_ends_what_the_last_worker_could_not(self) -> None:
        made = self.run_with(self.make(make_dataset(self.project)), FakeEngine())
        EditorSet.objects.update(status=Job.Status.RUNNING, heartbeat=None)
        EditorSet.tend()
        made.refresh_from_db()
        assert made.status == Job.Status.SUCCEEDED
        settle_set(str(made.pk))

    def test_rows_of_the_editor_are_no_data_for_tests(self) -> None:
        dataset = make_dataset(self.project)
        made = self.run_with(self.make(dataset), FakeEngine())
        assert made.status == Job.Status.SUCCEEDED
        assert list(offers.testable(self.project)) == [dataset]
        assert not Dataset.objects.filter(pk=made.pk).exists()

    def test_a_form_that_is_sent_twice_makes_one_set(self) -> None:
        dataset = make_dataset(self.project)
        key = dataset.pk  # any UUID
        assert self.make(dataset, key=key) == self.make(dataset, key=key)
        assert Recording.objects.count() == 0

    def test_deleting_takes_files_and_shards_along(self) -> None:
        made = self.run_with(self.make(make_dataset(self.project)), FakeEngine())
        name = made.recordings.get().audio.name
        with self.on_commit():
            services.delete(made)
        assert not default_storage.exists(name)
        assert not Recording.objects.exists()


class LongTestCase(BaseTestCase):
    """A recording of 36 seconds: three tones with silence between them."""

    def setUp(self) -> None:
        super().setUp()
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16_000)
            for _ in range(3):
                out.writeframes(tone(11.0)[44:])
                out.writeframes(bytes(2 * 16_000))
        self.dataset = make_dataset(self.project, [""], kind=Dataset.Kind.AUDIO)
        utterance = self.dataset.utterances.get()
        default_storage.delete(utterance.audio.name)
        default_storage.save(utterance.audio.name, ContentFile(file.getvalue()))
        Utterance.objects.update(seconds=36.0)

    def take_in(self, text: str) -> Recording:
        Utterance.objects.update(transcript=text)
        made = services.create(self.project, [self.dataset], "Long", model=make_model())
        with fake_engine(Hearing()):
            take_in_set(str(made.pk))
        return made.recordings.get()

    def test_it_is_cut_at_its_silences_and_each_part_drafted(self) -> None:
        recording = self.take_in("")
        assert spans_of(recording) == [
            (0.0, pytest.approx(11.5, abs=0.05)),
            (pytest.approx(11.5, abs=0.05), pytest.approx(23.5, abs=0.05)),
            (pytest.approx(23.5, abs=0.05), 36.0),
        ]
        assert texts_of(recording) == ["heard 1", "heard 2", "heard 3"]
        assert_whole(recording)

    def test_a_transcript_stays_whole(self) -> None:
        recording = self.take_in("all that was said")
        assert texts_of(recording) == ["all that was said"]
        changes.recut(self.alice, recording.pk, recording.revision, 0.5)
        assert len(texts_of(recording)) == 3
        assert " ".join(texts_of(recording)) == "all that was said"


class DiskTestCase(BaseTestCase):
    def test_a_full_disk_ends_it_with_a_reason_and_keeps_no_half_copies(self) -> None:
        made = services.create(self.project, [make_dataset(self.project)], "Full")
        with patch.object(disk, "disk_usage") as usage:
            usage.return_value.free = 0
            take_in_set(str(made.pk))
        made.refresh_from_db()
        assert (made.status, made.error_code) == (Job.Status.FAILED, "DiskFull")
        full = OSError(errno.ENOSPC, "No space left on device")
        services.retry(made)
        with patch.object(take_in, "_copied", side_effect=full):
            take_in_set(str(made.pk))
        made.refresh_from_db()
        assert (made.status, made.error_code) == (Job.Status.FAILED, "DiskFull")
        assert not made.recordings.exists()
