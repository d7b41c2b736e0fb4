"""Endpoints and batch transcriptions of a project on a resource."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.urls import reverse

from datasets import fetch
from endpoints import services as endpoints
from endpoints.models import Endpoint
from engines.fake import FakeEngine
from jobs.models import Job
from remote import tasks
from remote.models import Remote
from remote.tests.case import RemoteTestCase
from speechstudio.test import fake_engine, make_model, tone
from training.models import SpeechModel
from transcriptions import services as transcriptions
from transcriptions.models import Transcription


class EndpointTestCase(RemoteTestCase):
    def deploy(self) -> Endpoint:
        with self.on_commit():
            made = endpoints.create(self.project, self.base, "Ward", "Ours")
        self.rounds()
        made.refresh_from_db()
        return made

    def test_it_is_deployed_there(self) -> None:
        endpoint = self.deploy()
        assert endpoint.status == Job.Status.SUCCEEDED, endpoint.error
        assert endpoint.serving == self.base
        (there,) = Endpoint.objects.filter(project=self.home)
        links = Remote.of("endpoint", endpoint.pk).state["links"]
        assert str(there.pk) in links["webSocket"]

    def test_its_page_says_where_it_answers(self) -> None:
        endpoint = self.deploy()
        (there,) = Endpoint.objects.filter(project=self.home)
        shown = self.client.get(endpoint.get_absolute_url()).content.decode()
        assert str(there.pk) in shown
        assert "West" in shown
        assert reverse("endpoint-suspend", args=[endpoint.pk]) not in shown

    def test_its_model_is_changed_there(self) -> None:
        endpoint = self.deploy()
        make_model("newer", languages="en")
        tasks.refresh_bases()
        newer = SpeechModel.objects.get(engine="west", name="newer")
        with self.on_commit():
            endpoints.change_model(endpoint, newer)
        self.rounds()
        endpoint.refresh_from_db()
        assert endpoint.serving == newer
        (there,) = Endpoint.objects.filter(project=self.home)
        assert there.serving.name == "newer"

    def test_what_is_changed_here_is_changed_there(self) -> None:
        endpoint = self.deploy()
        endpoints.rename(endpoint, "Ward 3", "")
        endpoints.set_logging(endpoint, True)
        tasks.tidy()
        (there,) = Endpoint.objects.filter(project=self.home)
        assert (there.name, there.logging_enabled) == ("Ward 3", True)

    def test_deleting_it_deletes_it_there(self) -> None:
        endpoint = self.deploy()
        endpoints.delete(endpoint)
        tasks.tidy()
        assert not Endpoint.objects.exists()


class TranscriptionTestCase(RemoteTestCase):
    def transcribe(self, *urls: str) -> Transcription:
        def fake(address: str, target: Any, limit: int, **more: Any) -> fetch.Fetched:
            if "gone" in address:
                raise fetch.FormatError("There is no such file.", "fetch.not_found")
            target.write(tone())
            target.seek(0)
            return fetch.Fetched(len(tone()), "")

        heard = FakeEngine({"": "take two tablets"})
        with patch.object(fetch, "fetch", fake), fake_engine(heard):
            with self.on_commit():
                made = transcriptions.create(
                    self.project, self.base, urls=urls, name="Calls", channels=[0]
                )
            self.rounds()
        made.refresh_from_db()
        return made

    def test_results_are_brought_home(self) -> None:
        batch = self.transcribe(
            "https://calls.example/a.wav?key=1", "https://calls.example/gone.wav"
        )
        assert batch.status == Job.Status.SUCCEEDED, (batch.error, batch.stage)
        good, bad = batch.files.all()
        assert good.text == "Take two tablets"
        assert good.status == Job.Status.SUCCEEDED
        assert "key=" not in good.url
        assert (bad.status, bad.error) == (Job.Status.FAILED, "There is no such file.")
        for address in (batch.get_absolute_url(), good.get_absolute_url()):
            shown = self.client.get(address)
            assert shown.status_code == 200
        assert "Take two tablets" in shown.content.decode()

    def test_files_of_ones_own_are_refused(self) -> None:
        address = reverse("transcription-create", args=[self.project.pk])
        page = self.client.get(address).content.decode()
        assert 'value="recordings"' not in page
        assert 'value="urls"' in page
