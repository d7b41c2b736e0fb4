"""A project that exists at a resource is brought in, and refreshed without doubles."""

from __future__ import annotations

import httpx
from django.urls import reverse

from datasets import services as datasets
from datasets.models import Dataset
from endpoints import services as endpoints
from endpoints.models import Endpoint
from engines.fake import FakeEngine
from evaluations import services as evaluations
from evaluations.models import Evaluation
from jobs.models import Job
from projects import services as projects
from projects.models import Project
from remote import tasks
from remote.models import Arrival, Remote
from remote.tests.case import Fault, RemoteTestCase
from remote.tests.test_evaluate import TEXTS
from speechstudio.test import fake_engine, make_zip, tone
from training import services as training
from training.models import SpeechModel


class BringTestCase(RemoteTestCase):
    def setUp(self) -> None:
        super().setUp()
        # alice's project is another one: nothing of this one is known here yet.
        Remote.objects.all().delete()
        self.client.force_login(self.root)
        self.engine = FakeEngine({"1": "take too tablets", "2": "call the nurse"})
        self.enterContext(fake_engine(self.engine))
        self.fill()

    def fill(self) -> None:
        """What dora has there."""
        base = SpeechModel.objects.get(engine="fake", project=None)
        members = {name: tone(0.5, pitch_hz=len(text)) for name, text in TEXTS.items()}
        lines = "".join(f"{name}\t{text}\n" for name, text in TEXTS.items())
        file = make_zip({**members, "trans.txt": lines.encode("utf-8-sig")})
        text = self.text(self.home)
        with self.on_commit():
            spoken = datasets.upload(self.home, "Calls", file)
        with self.on_commit():
            model = training.create(self.home, base, [text], "Ward A")
        model.refresh_from_db()
        with self.on_commit():
            evaluations.create(self.home, spoken, [base, model], "March")
            endpoints.create(self.home, model, "Ward")

    def bring(self) -> Project:
        address = f"http://testserver/speechtotext/projects/{self.home.pk}"
        with self.on_commit():
            answer = self.client.post(
                reverse("remote-bring-in", args=[self.resource.pk]),
                {"address": address},
            )
        project = Project.objects.get(engine="west", memberships__user=self.root)
        assert answer.url == reverse("project-arrival", args=[project.pk])
        # The supervisor sends what waited for the import of its data.
        with self.on_commit():
            Evaluation.tend()
        self.rounds(10)
        return project

    def test_it_comes_with_all_that_is_in_it(self) -> None:
        project = self.bring()
        arrival = project.arrival
        assert (arrival.status, arrival.error) == (Job.Status.SUCCEEDED, "")
        assert arrival.notes == []
        assert arrival.found == {
            "dataset": 2,
            "model": 1,
            "evaluation": 1,
            "endpoint": 1,
        }
        calls = project.datasets.get(name="Calls")
        assert calls.utterances.count() == 2
        model = project.models.get()
        assert (model.status, model.base.name) == (Job.Status.SUCCEEDED, "base")
        assert [one.name for one in model.datasets.all()] == ["Sentences"]
        assert model.report_file
        test = project.evaluations.get()
        assert test.status == Job.Status.SUCCEEDED, (test.error, test.stage)
        assert [one.substitutions for one in test.candidates.all()] == [1, 1]
        endpoint = project.endpoints.get()
        assert (endpoint.status, endpoint.serving) == (Job.Status.SUCCEEDED, model)
        # Nothing was made there.
        assert Evaluation.objects.filter(project=self.home).count() == 1
        assert SpeechModel.objects.filter(project=self.home).count() == 1

    def test_its_pages_are_those_of_any_project(self) -> None:
        project = self.bring()
        for address in (
            project.arrival.get_absolute_url(),
            project.get_absolute_url(),
            reverse("project-settings", args=[project.pk]),
            project.models.get().get_absolute_url(),
            project.evaluations.get().get_absolute_url(),
            project.endpoints.get().get_absolute_url(),
            reverse("model-list", args=[project.pk]),
        ):
            assert self.client.get(address).status_code == 200, address

    def test_a_refresh_brings_what_is_new_and_nothing_twice(self) -> None:
        project = self.bring()
        self.text(self.home)
        with self.on_commit():
            self.client.post(reverse("project-refresh", args=[project.pk]))
        self.rounds()
        shown = self.client.get(project.arrival.get_absolute_url())
        assert "1 new dataset<" in shown.content.decode()
        assert project.datasets.count() == 3
        assert project.models.count() == project.endpoints.count() == 1
        arrival = Arrival.objects.get(project=project)
        assert arrival.found == {
            "dataset": 1,
            "model": 0,
            "evaluation": 0,
            "endpoint": 0,
        }

    def test_it_is_brought_in_once(self) -> None:
        assert self.bring() == self.bring()

    def test_what_was_brought_in_stays_there(self) -> None:
        project = self.bring()
        endpoints.delete(project.endpoints.get())
        tasks.tidy()
        assert Endpoint.objects.filter(project=self.home).exists()
        with self.on_commit():
            self.client.post(reverse("project-refresh", args=[project.pk]))
        assert not project.endpoints.exists()
        projects.delete(project)
        tasks.tidy()
        assert Project.objects.filter(pk=self.home.pk).exists()
        assert Dataset.objects.filter(project=self.home).count() == 2
        assert not Remote.objects.exists()

    def test_work_goes_on_there_with_what_was_brought_in(self) -> None:
        project = self.bring()
        base = SpeechModel.objects.get(engine="west", project=None, name="base")
        with self.on_commit():
            model = training.create(
                project, base, [project.datasets.get(name="Sentences")], "Ward B"
            )
        self.rounds()
        model.refresh_from_db()
        assert model.status == Job.Status.SUCCEEDED, model.error
        assert Dataset.objects.filter(project=self.home).count() == 2

    def test_an_endpoint_says_where_its_logs_are(self) -> None:
        endpoint = self.bring().endpoints.get()
        shown = self.client.get(endpoint.get_absolute_url()).content.decode()
        address = Remote.of("endpoint", endpoint.pk).address
        assert "kept at West, and is not shown here" in shown
        assert f"{address}/files/logs" in shown

    def test_new_names_are_told_there(self) -> None:
        project = self.bring()
        test, calls = project.evaluations.get(), project.datasets.get(name="Calls")
        tasks.tidy()
        assert not [call for call in self.api.calls if call.startswith("PATCH")]
        datasets.rename(calls, "Calls of March", "All of them")
        training.rename(project.models.get(), "Ward 7", "")
        evaluations.rename(test, "April", "")
        endpoints.rename(project.endpoints.get(), "Ward 7", "")
        tasks.tidy()
        there = self.home.datasets.get(name="Calls of March")
        assert there.description == "All of them"
        assert self.home.models.get().name == "Ward 7"
        assert self.home.evaluations.get().name == "April"
        assert self.home.endpoints.get().name == "Ward 7"
        told = [call for call in self.api.calls if call.startswith("PATCH")]
        tasks.tidy()
        again = [call for call in self.api.calls if call.startswith("PATCH")]
        assert again == told

    def test_a_name_waits_for_a_resource_that_is_away(self) -> None:
        project = self.bring()
        training.rename(project.models.get(), "Ward 7", "")

        def away(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

        with self.swapped(httpx.MockTransport(away)):
            tasks.tidy()
        assert self.home.models.get().name == "Ward A"
        tasks.tidy()
        assert self.home.models.get().name == "Ward 7"

    def test_a_resource_that_was_just_added_has_base_models_to_bring_for(self) -> None:
        SpeechModel.objects.filter(engine="west").delete()
        model = self.bring().models.get()
        assert (model.status, model.base.name) == (Job.Status.SUCCEEDED, "base")

    def test_models_of_a_base_that_is_not_offered_any_more_come(self) -> None:
        SpeechModel.objects.filter(engine="west").delete()

        def retired(request: httpx.Request) -> httpx.Response | None:
            if request.url.path.endswith("/models/base"):
                return httpx.Response(200, json={"values": []})
            return None

        with self.swapped(Fault(retired)):
            project = self.bring()
        assert project.arrival.notes == []
        base = project.models.get().base
        assert (base.name, base.is_offered) == ("base", False)
        assert project.evaluations.get().status == Job.Status.SUCCEEDED

    def test_data_that_is_not_given_away_is_listed(self) -> None:
        def empty(request: httpx.Request) -> httpx.Response | None:
            if "/datasets/" in request.url.path and request.url.path.endswith("/files"):
                return httpx.Response(200, json={"values": []})
            return None

        with self.swapped(Fault(empty)):
            project = self.bring()
        assert project.datasets.filter(status=Job.Status.SUCCEEDED).count() == 2
        (note,) = project.arrival.notes
        assert "the recordings of “Calls” are not here" in note
        for dataset in project.datasets.all():
            shown = self.client.get(dataset.get_absolute_url())
            assert "does not give the file" in shown.content.decode()


class TherePageTestCase(RemoteTestCase):
    def page(self, **query: str) -> str:
        self.client.force_login(self.root)
        address = reverse("remote-there", args=[self.resource.pk])
        return self.client.get(address, query).content.decode()

    def test_it_lists_the_projects_there(self) -> None:
        shown = self.page()
        assert self.project.get_absolute_url() in shown  # it is here already
        Remote.objects.filter(kind="project").delete()
        assert "Bring in" in self.page()

    def test_only_administrators_see_it(self) -> None:
        self.assert_stranger_gets_404(reverse("remote-there", args=[self.resource.pk]))
        for name in ("remote-bring-in", "remote-connect", "remote-bases"):
            self.assert_stranger_gets_404(
                reverse(name, args=[self.resource.pk]), "post"
            )

    def test_members_see_how_it_comes_and_owners_refresh_it(self) -> None:
        address = reverse("project-arrival", args=[self.project.pk])
        assert self.client.get(address).status_code == 200
        self.assert_stranger_gets_404(address)
        self.assert_viewer_gets_403(reverse("project-refresh", args=[self.project.pk]))

    def test_a_resource_that_is_away_is_told(self) -> None:
        def away(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

        with self.swapped(httpx.MockTransport(away)):
            assert "cannot be reached" in self.page()

    def test_what_belongs_to_no_project_is_connected(self) -> None:
        place = "http://testserver/speechtotext/models/1"
        sent = []

        def answer(request: httpx.Request) -> httpx.Response | None:
            if request.method == "PATCH":
                sent.append(request.content.decode())
                return httpx.Response(200, json={"self": place})
            if request.url.path.endswith("/models/1"):
                return httpx.Response(200, json={"self": place, "locale": "en-US"})
            if request.url.path == "/speechtotext/models":
                one = {"self": place, "displayName": "Copied", "locale": "en-US"}
                return httpx.Response(200, json={"values": [one]})
            return None

        with self.swapped(Fault(answer)):
            assert "Copied" in self.page(loose="1")
            self.client.post(
                reverse("remote-connect", args=[self.resource.pk]),
                {"address": place, "project": str(self.project.pk)},
            )
        assert str(self.home.pk) in sent[0]
        assert Arrival.objects.get(project=self.project)

    def test_base_models_are_asked_for(self) -> None:
        self.client.force_login(self.root)
        address = reverse("remote-bases", args=[self.resource.pk])
        shown = self.client.post(address, follow=True).content.decode()
        assert "1 base model" in shown
