"""From a container to a container, at a local server that speaks their protocols."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from django.test import override_settings
from django.urls import reverse

from datasets import container
from datasets.tests.cloud import SAS, Cloud, serving
from engines.fake import FakeEngine
from jobs.models import Job
from speechstudio.test import BaseTestCase, fake_engine, make_model, tone
from transcriptions import services
from transcriptions.models import Transcription
from transcriptions.tasks import run_transcription

TEXTS = {"0": "Good morning. How are you?"}


@override_settings(FETCH_ALLOWED_HOSTS=["127.0.0.1"])
class ContainerTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        make_model()
        cloud = self.enterContext(serving())
        self.calls, self.results = f"{cloud}/calls", f"{cloud}/results"
        Cloud.files = {
            "/calls/May/1.wav": tone(),
            "/calls/May/notes.txt": b"no sound",
            "/calls/2.WAV": tone(),
        }

    def made(self, **answers: Any) -> Transcription:
        """A transcription by the form, which has been run."""
        given = {"name": "Calls", "source": "container"} | answers
        given.setdefault("container", f"{self.calls}?{SAS}")
        url = reverse("transcription-create", args=[self.project.pk])
        with fake_engine(FakeEngine(TEXTS)), self.on_commit():
            response = self.client.post(url, given)
        assert response.status_code == 302
        return Transcription.objects.get()

    def again(self, one: Transcription, **answers: str) -> Transcription:
        with fake_engine(FakeEngine(TEXTS)), self.on_commit():
            url = reverse("transcription-again", args=[one.pk])
            self.client.post(url, answers)
        return Transcription.objects.get()

    def assert_no_secret_is_left(self) -> None:
        one = Transcription.objects.get()
        rows = [*Transcription.objects.values(), *one.files.values()]
        page = self.client.get(one.get_absolute_url()).content.decode()
        assert "s3cr3t" not in f"{rows}{page}"

    def test_the_recordings_of_a_container_are_transcribed(self) -> None:
        one = self.made()
        assert one.status == Job.Status.SUCCEEDED
        assert [file.name for file in one.files.all()] == ["May/1.wav", "2.WAV"]
        assert {file.status for file in one.files.all()} == {Job.Status.SUCCEEDED}
        assert one.container == self.calls
        with one.report_file.open() as file:
            report = json.load(file)
        assert report["successfulTranscriptionsCount"] == 2
        assert report["details"][0]["source"] == f"{self.calls}/May/1.wav"
        assert report["ignoredFilesCount"] == 1
        assert report["ignoredFiles"] == ["May/notes.txt"]
        self.assertContains(self.client.get(one.get_absolute_url()), "May/notes.txt")
        self.assert_no_secret_is_left()

    def test_no_row_has_what_opens_a_container(self) -> None:
        address = f"{self.calls}?{SAS}"
        one = services.create(
            self.project,
            make_model("other"),
            name="Calls",
            container=address,
            destination=address,
        )
        self.assert_no_secret_is_left()
        assert one.container_address == one.destination_address == address
        with override_settings(SECRET_KEY="another"):
            run_transcription(str(one.pk))
        one.refresh_from_db()
        assert one.error_code == "address.sealed"
        assert one.container_address == self.calls

    def test_a_container_that_cannot_be_listed_fails_and_can_be_repeated(self) -> None:
        Cloud.wrong = [(403, b"")]
        one = self.made()
        assert (one.status, one.error_code) == (Job.Status.FAILED, "container.denied")
        self.assert_no_secret_is_left()
        page = self.client.get(one.get_absolute_url())
        self.assertContains(page, "It could not begin.")
        self.assertContains(page, 'name="container"')
        one = self.again(one, container="https://b.example/calls?sig=s3cr3t")
        assert one.status == Job.Status.FAILED
        one = self.again(one, container=f"{self.calls}?{SAS}")
        assert (one.status, one.files.count()) == (Job.Status.SUCCEEDED, 2)
        self.assert_no_secret_is_left()

    def test_a_container_without_recordings_fails(self) -> None:
        Cloud.files = {"/calls/notes.txt": b"no sound"}
        one = self.made()
        assert one.error_code == "container.empty"
        assert "1 file, but no recording" in one.error

    def test_a_failed_file_can_be_repeated_with_the_address(self) -> None:
        first = Cloud.files.pop("/calls/2.WAV")
        Cloud.files["/calls/2.WAV"] = b"broken"
        one = self.made()
        assert one.files.filter(status=Job.Status.FAILED).count() == 1
        self.assert_no_secret_is_left()
        Cloud.files["/calls/2.WAV"] = first
        one = self.again(one, container=f"{self.calls}?{SAS}")
        assert not one.files.filter(status=Job.Status.FAILED).exists()
        self.assert_no_secret_is_left()

    def test_who_follows_a_dead_worker_lists_again_and_only_once(self) -> None:
        with patch.object(container, "names_in", side_effect=SystemExit):
            one = services.create(
                self.project,
                make_model("other"),
                name="Calls",
                container=f"{self.calls}?{SAS}",
            )
            with pytest.raises(SystemExit):
                run_transcription(str(one.pk))
        one.refresh_from_db()
        assert (one.status, one.files.count()) == (Job.Status.RUNNING, 0)
        page = self.client.get(one.get_absolute_url())
        self.assertContains(page, "The container is listed first")
        self.assertNotContains(page, "s3cr3t")
        assert one.requeue()
        with fake_engine(FakeEngine(TEXTS)):
            run_transcription(str(one.pk))
            asked = len(Cloud.asked)
            assert one.reopen() or Transcription.objects.get().reopen()
            run_transcription(str(one.pk))
        assert len(Cloud.asked) == asked
        assert Transcription.objects.get().files.count() == 2

    def test_results_are_written_to_a_container_and_stay_there(self) -> None:
        one = self.made(destination=f"{self.calls}?{SAS}")
        assert one.status == Job.Status.SUCCEEDED
        folder = f"/calls/{one.pk}/"
        written = {n for n in Cloud.files if n.startswith(folder)}
        names = ("contenturl_0.json", "contenturl_1.json", "report.json")
        assert written == {folder + name for name in names}
        result = json.loads(Cloud.files[folder + "contenturl_0.json"])
        assert result["source"] == f"{self.calls}/May/1.wav"
        self.assert_no_secret_is_left()
        one.discard()
        assert written <= set(Cloud.files)

    def test_results_that_cannot_be_written_are_said_and_written_later(self) -> None:
        one = self.made(destination=f"{self.results}?{SAS}")
        # The server takes all that is not in /calls.
        assert one.status == Job.Status.SUCCEEDED
        one.files.filter(position=1).update(is_delivered=False)
        Cloud.files = {}
        Cloud.wrong = [(403, b"")]
        one = self.again(one, destination=f"{self.results}?{SAS}")
        assert (one.status, one.error_code) == (Job.Status.FAILED, "destination.failed")
        assert "1 of 2 results are in the container" in one.error
        self.assert_no_secret_is_left()
        page = self.client.get(one.get_absolute_url())
        self.assertContains(page, "could not be written to the container")
        self.assertContains(page, "Download all")
        one = self.again(one, destination=f"{self.results}?{SAS}")
        assert one.status == Job.Status.SUCCEEDED
        folder = f"/results/{one.pk}/"
        assert set(Cloud.files) == {
            f"{folder}contenturl_1.json",
            f"{folder}report.json",
        }

    def test_nothing_is_written_into_a_private_network(self) -> None:
        named = self.calls.replace("127.0.0.1", "localhost")
        with override_settings(FETCH_ALLOWED_HOSTS=[]):
            one = self.made(container=f"{named}?{SAS}")
        assert one.error_code == "fetch.forbidden_address"
        assert not Cloud.asked
