from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings
from django.utils.timezone import now

from datasets import fetch
from datasets.formats.base import FormatError
from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_model,
    tone,
)
from transcriptions import models, services, sound
from transcriptions.models import Transcription, TranscriptionFile
from transcriptions.tasks import run_transcription, transcribe_file
from transcriptions.tests.test_sound import tone as samples
from transcriptions.tests.test_sound import wav

TEXTS = {"0": "Good morning. How are you?", "1": "Fine."}


def stored(name: str) -> Any:
    with default_storage.open(name) as file:
        return json.load(file)


class TranscribeTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.model = make_model()

    def make(self, **answers: Any) -> Transcription:
        answers = {"name": "Calls", "channels": [0, 1], "hours": 48} | answers
        return services.create(self.project, self.model, **answers)

    def made_of(self, *contents: bytes, **answers: Any) -> Transcription:
        files = [ContentFile(content, f"{n}.wav") for n, content in enumerate(contents)]
        return self.make(files=files, **answers)

    def run_with(
        self, transcription: Transcription, engine: FakeEngine | None = None
    ) -> Transcription:
        with fake_engine(engine or FakeEngine(TEXTS)):
            run_transcription(str(transcription.pk))
        transcription.refresh_from_db()
        return transcription

    def test_it_works(self) -> None:
        one = self.run_with(self.made_of(tone()))
        assert one.status == Job.Status.SUCCEEDED
        assert (one.done, one.total) == (1, 1)
        file = one.files.get()
        assert file.status == Job.Status.SUCCEEDED
        assert (file.seconds, file.channels) == (0.5, [0])
        result = stored(file.result.name)
        assert result["source"] == "0.wav"
        displays = [
            phrase["nBest"][0]["display"] for phrase in result["recognizedPhrases"]
        ]
        assert displays == ["Good morning.", "How are you?"]
        assert file.text == "Good morning. How are you?"

    def test_stereo_is_split_by_channel(self) -> None:
        both = wav(samples(300, 1, 16_000), samples(900, 1, 16_000)).getvalue()
        one = self.run_with(self.made_of(both))
        result = stored(one.files.get().result.name)
        combined = [c["display"] for c in result["combinedRecognizedPhrases"]]
        assert combined == list(TEXTS.values())

    def test_only_the_channel_that_is_wanted_is_transcribed(self) -> None:
        both = wav(samples(300, 1, 16_000), samples(900, 1, 16_000)).getvalue()
        one = self.run_with(self.made_of(both, channels=[1]))
        result = stored(one.files.get().result.name)
        assert [c["channel"] for c in result["combinedRecognizedPhrases"]] == [1]

    def test_a_failed_file_does_not_fail_the_others(self) -> None:
        one = self.run_with(self.made_of(tone(), b"no sound at all", tone()))
        assert one.status == Job.Status.SUCCEEDED
        report = stored(one.report_file.name)
        assert report["successfulTranscriptionsCount"] == 2
        assert report["failedTranscriptionsCount"] == 1
        broken = report["details"][1]
        assert broken["source"] == "1.wav" and broken["status"] == "Failed"
        assert broken["error"]["code"] == "audio.not_audio"
        assert "plain text" in broken["error"]["message"]

    def test_silence_is_a_result_without_phrases(self) -> None:
        silence = wav(0 * samples(300, 1, 16_000)).getvalue()
        one = self.run_with(self.made_of(silence))
        result = stored(one.files.get().result.name)
        assert result["recognizedPhrases"] == []
        assert result["combinedRecognizedPhrases"][0]["display"] == ""

    def test_only_failed_files_are_tried_again(self) -> None:
        one = self.run_with(self.made_of(tone(), tone(), tone()))
        broken = one.files.get(position=1)
        broken.status = Job.Status.FAILED
        broken.error, broken.error_code = "Broken.", "x"
        broken.save()
        engine = FakeEngine(TEXTS)
        with fake_engine(engine), self.on_commit():
            services.go_on(one)
        one.refresh_from_db()
        assert one.status == Job.Status.SUCCEEDED
        assert len(engine.calls) == 1
        assert stored(one.report_file.name)["failedTranscriptionsCount"] == 0

    def test_what_came_goes_when_it_is_converted(self) -> None:
        one = self.made_of(tone())
        upload = one.files.get().upload.name
        assert default_storage.exists(upload)
        self.run_with(one)
        assert not default_storage.exists(upload)
        assert default_storage.exists(one.files.get().audio.name)

    def test_whoever_follows_a_dead_worker_hears_what_it_converted(self) -> None:
        one = self.made_of(tone())

        class Dying(FakeEngine):
            def transcribe(self, *args: Any) -> Any:
                raise SystemExit

        with pytest.raises(SystemExit):
            self.run_with(one, Dying())
        former = one.files.get()
        assert former.status == Job.Status.RUNNING and former.audio
        assert former.requeue()
        with (
            fake_engine(FakeEngine(TEXTS)),
            patch.object(sound, "convert", side_effect=AssertionError),
        ):
            transcribe_file(str(former.pk))
        file = one.files.get()
        assert (file.audio, file.attempt) == (former.audio, 2)
        assert file.status == Job.Status.SUCCEEDED
        one.refresh_from_db()
        assert one.status == Job.Status.SUCCEEDED

    def test_a_file_that_failed_is_not_converted_again(self) -> None:
        one = self.made_of(tone())
        self.run_with(one, FakeEngine(failing={"0"}))
        former = one.files.get()
        assert former.status == Job.Status.FAILED and former.audio
        with fake_engine(FakeEngine(TEXTS)), self.on_commit():
            services.go_on(one)
        file = one.files.get()
        assert file.audio == former.audio
        assert file.status == Job.Status.SUCCEEDED

    def test_a_job_that_was_taken_over_leaves_nothing(self) -> None:
        one = self.made_of(tone())
        file = one.files.get()

        class Deleting(FakeEngine):
            def transcribe(self, *args: Any) -> Any:
                one.discard()
                return super().transcribe(*args)

        with fake_engine(Deleting(TEXTS)), self.on_commit():
            run_transcription(str(one.pk))
        assert not Transcription.objects.exists()
        assert not _files_below(one.folder), file

    def test_recordings_of_a_dataset_need_no_converting(self) -> None:
        dataset = make_dataset(self.project, ["one", "two"])
        one = self.run_with(self.make(dataset=dataset))
        assert [file.name for file in one.files.all()] == ["001.wav", "002.wav"]
        assert one.files.first().wave  # type: ignore[union-attr]
        assert stored(one.report_file.name)["successfulTranscriptionsCount"] == 2
        one.discard()
        assert default_storage.exists(dataset.utterances.first().audio.name)  # type: ignore[union-attr]

    def test_an_address_is_fetched_and_its_secret_is_forgotten(self) -> None:
        one = self.make(urls=["https://a.example/call.wav?sig=secret"])

        def fake(address: str, target: Any, limit: int, **more: Any) -> fetch.Fetched:
            assert address.endswith("sig=secret")
            target.write(tone())
            return fetch.Fetched(len(tone()), "")

        with patch.object(fetch, "fetch", fake):
            self.run_with(one)
        file = one.files.get()
        assert file.url == "https://a.example/call.wav"
        assert stored(file.result.name)["source"] == "https://a.example/call.wav"

    def test_no_row_has_what_opens_an_address(self) -> None:
        one = self.make(urls=["https://a.example/call.wav?sig=secret"])
        assert "secret" not in str(list(TranscriptionFile.objects.values()))
        assert one.files.get().address == "https://a.example/call.wav?sig=secret"

    def test_an_address_of_another_secret_key_fails_its_file(self) -> None:
        one = self.make(urls=["https://a.example/call.wav?sig=secret"])
        with override_settings(SECRET_KEY="another"):
            self.run_with(one)
        assert one.files.get().error_code == "address.sealed"

    def test_an_address_that_fails_is_in_the_report_without_its_secret(self) -> None:
        one = self.make(urls=["https://a.example/call.wav?sig=secret"])
        error = FormatError("There is no such file.", "fetch.not_found")
        with patch.object(fetch, "fetch", side_effect=error):
            self.run_with(one)
        report = stored(one.report_file.name)
        assert report["details"][0]["source"] == "https://a.example/call.wav"
        assert report["details"][0]["error"]["code"] == "fetch.not_found"

    def test_an_expired_model_fails_the_whole(self) -> None:
        one = self.made_of(tone())
        self.model.transcription_expires = now() - timedelta(days=1)
        self.model.save()
        self.run_with(one)
        assert one.status == Job.Status.FAILED
        assert one.error_code == "ModelDeprecated"

    def test_a_model_that_cannot_be_used_fails_the_files_only(self) -> None:
        broken = FakeEngine(broken=EngineError("No memory.", "OutOfMemory"))
        one = self.run_with(self.made_of(tone()), broken)
        assert one.status == Job.Status.SUCCEEDED
        assert one.files.get().error == "No memory."

    def test_results_outlive_the_model(self) -> None:
        one = self.run_with(self.made_of(tone()))
        self.model.delete()
        one.refresh_from_db()
        assert (one.model, one.model_name) == (None, "base")

    def test_a_file_waits_for_the_model_of_its_transcription(self) -> None:
        one = self.made_of(tone())
        TranscriptionFile.objects.update(last_action=now() - timedelta(days=1))
        assert not TranscriptionFile.forgotten().exists()
        Transcription.objects.update(status=Job.Status.RUNNING, heartbeat=None)
        assert [file.transcription for file in TranscriptionFile.forgotten()] == [one]

    def test_the_supervisor_ends_what_nobody_else_can(self) -> None:
        one = self.made_of(tone())
        Transcription.objects.update(status=Job.Status.RUNNING, heartbeat=None)
        TranscriptionFile.objects.update(status=Job.Status.FAILED, error="Lost.")
        Transcription.tend()
        one.refresh_from_db()
        assert one.status == Job.Status.SUCCEEDED
        assert one.report_file

    def test_results_go_when_their_time_is_up(self) -> None:
        one = self.run_with(self.made_of(tone(), hours=6))
        fresh = self.run_with(self.made_of(tone(), hours=7))
        waiting = self.made_of(tone(), hours=6)
        then = now() - timedelta(hours=6, minutes=1)
        Transcription.objects.update(last_action=then)
        with self.on_commit():
            Transcription.tend()
        assert set(Transcription.objects.all()) == {fresh, waiting}
        assert not _files_below(one.folder)

    def test_the_files_of_a_deleted_one_are_left_to_a_worker(self) -> None:
        one = self.run_with(self.made_of(tone()))
        folder = one.folder
        with patch.object(models, "delete_later") as later, self.on_commit():
            one.discard()
        later.assert_called_once_with(folder)
        assert _files_below(folder)

    def test_the_key_of_another_project_makes_one_with_another_key(self) -> None:
        strange = projects.create(self.charlie, "Other", "en-US")
        former = services.create(
            strange, self.model, name="Theirs", key=uuid4(), urls=["https://a.example"]
        )
        mine = self.made_of(tone(), key=former.pk)
        assert mine.pk != former.pk and mine.project == self.project

    def test_a_key_makes_one_transcription(self) -> None:
        one = self.made_of(tone())
        again = self.made_of(tone(), key=one.pk)
        assert again == one and one.files.count() == 1
        assert _files_below(one.folder) == ["000000.wav"]

    def test_a_file_that_was_deleted_is_no_error(self) -> None:
        transcribe_file("00000000-0000-0000-0000-000000000000")

    def test_a_worker_that_lost_its_claim_stores_nothing(self) -> None:
        one = self.made_of(tone())
        Transcription.objects.update(status=Job.Status.RUNNING, heartbeat=None)
        file = one.files.get()

        class Stolen(FakeEngine):
            def transcribe(self, *args: Any) -> Any:
                TranscriptionFile.objects.update(attempt=9)
                return super().transcribe(*args)

        with fake_engine(Stolen(TEXTS)):
            transcribe_file(str(file.pk))
        file.refresh_from_db()
        assert file.status == Job.Status.RUNNING and not file.result
        assert not [name for name in _files_below(one.folder) if "json" in name]


def _files_below(folder: str) -> list[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    return files + [n for one in folders for n in _files_below(f"{folder}/{one}")]
