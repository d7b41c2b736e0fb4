from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.timezone import now

from endpoints import keys, services
from endpoints.models import Endpoint, Key, LogEntry, Usage
from endpoints.services import Refused
from endpoints.serving import answering, why_silent
from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from projects.models import Project
from speechstudio.test import BaseTestCase, fake_engine, make_model
from training import services as training
from training.models import SpeechModel

Status = Job.Status


class EndpointTestCase(BaseTestCase):
    """A base model, and a custom model of the project, both ready."""

    def setUp(self) -> None:
        super().setUp()
        self.base = make_model("Tiny")
        self.custom = self.make_custom()

    def make_custom(self, name: str = "Clinic 1", **fields: Any) -> SpeechModel:
        values = {"project": self.project, "base": self.base} | fields
        return make_model(name, reference=f"custom:{uuid4()}", **values)

    def make(self, model: SpeechModel | None = None, **fields: Any) -> Endpoint:
        """An endpoint that answers."""
        model = model or self.custom
        endpoint = services.create(self.project, model, "Front desk")
        values = {"status": Status.SUCCEEDED, "serving": model} | fields
        Endpoint.objects.filter(pk=endpoint.pk).update(**values)
        endpoint.refresh_from_db()
        return endpoint


class CreateTestCase(EndpointTestCase):
    def test_it_answers_once_its_model_is_ready(self) -> None:
        with fake_engine(FakeEngine()), self.on_commit():
            endpoint = services.create(self.project, self.custom, "Front desk", "Calls")
            assert endpoint.serving is None
            assert why_silent(endpoint, None) == "It has no model that answers yet."
        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.serving) == (Status.SUCCEEDED, self.custom)
        assert answering(endpoint) == self.custom
        assert not endpoint.logging_enabled
        assert (endpoint.name, endpoint.description) == ("Front desk", "Calls")

    def test_a_form_that_is_sent_twice_makes_one_endpoint(self) -> None:
        key = uuid4()
        made = [
            services.create(self.project, self.custom, "Front desk", key=key)
            for _ in range(2)
        ]
        assert made[0] == made[1]
        assert Endpoint.objects.count() == 1

    def test_the_key_of_another_project_is_no_obstacle(self) -> None:
        abroad = projects.create(self.alice, "Abroad", "en-US")
        other = services.create(self.project, self.base, "Front desk")
        Endpoint.objects.filter(pk=other.pk).update(project=abroad)
        made = services.create(self.project, self.base, "Ward", key=other.pk)
        assert made.pk != other.pk and made.project == self.project
        assert Endpoint.objects.count() == 2

    def test_what_cannot_recognise_is_refused_with_the_code_of_the_contract(
        self,
    ) -> None:
        other = Project.objects.create(name="Other", engine="fake")
        over = now() - timedelta(days=1)
        cases = [
            (self.make_custom(status=Status.FAILED), "DeployingFailedModel"),
            (self.make_custom(status=Status.RUNNING), "ModelNotDeployable"),
            (self.make_custom(transcription_expires=over), "ModelDeprecated"),
            (make_model("Old", transcription_expires=over), "ModelDeprecated"),
            (make_model("German", languages="de"), "ModelMismatch"),
            (self.make_custom(project=other), "InvalidModel"),
        ]
        for model, code in cases:
            with pytest.raises(Refused) as refused:
                services.create(self.project, model, "Front desk")
            assert refused.value.code == code
        assert not Endpoint.objects.exists()

    def test_a_base_model_need_not_be_on_the_disk(self) -> None:
        base = make_model("Large", status=Status.NOT_STARTED)
        with fake_engine(FakeEngine()) as engine, self.on_commit():
            endpoint = services.create(self.project, base, "Front desk")
        endpoint.refresh_from_db()
        assert endpoint.serving == base
        assert engine.fetched == ["Large"]

    def test_all_models_are_offered_with_what_speaks_against_each(self) -> None:
        self.make_custom("Clinic 2", status=Status.FAILED)
        make_model("German", languages="de")
        found = {o.model.name: bool(o.why_not) for o in services.offers(self.project)}
        assert found == {"Clinic 2": True, "Clinic 1": False, "Tiny": False}

    def test_base_models_are_offered_newest_first_and_undated_ones_last(self) -> None:
        for name, year in (("Older", 2020), ("Newer", 2024)):
            make_model(name, released=date(year, 1, 15))
        names = [offer.model.name for offer in services.offers(self.project)]
        assert names == ["Clinic 1", "Newer", "Older", "Tiny"]


class KeyTestCase(EndpointTestCase):
    def test_both_keys_are_made_once_and_only_their_digests_stay(self) -> None:
        endpoint = self.make()
        plain = services.make_keys(endpoint)
        assert sorted(plain) == [1, 2]
        assert services.make_keys(endpoint) == {}
        for number, key in plain.items():
            found = keys.find(key)
            assert found is not None
            assert (found.endpoint, found.number) == (endpoint, number)
            assert not Key.objects.filter(digest__contains=key).exists()

    def test_a_renewed_key_ends_and_the_other_goes_on(self) -> None:
        endpoint = self.make()
        old = services.make_keys(endpoint)
        new = keys.renew(endpoint, 1)
        assert keys.find(old[1]) is None
        assert keys.find(old[2]) is not None
        assert keys.find(new) is not None


class ChangeTestCase(EndpointTestCase):
    def test_the_old_model_answers_until_the_new_one_is_ready(self) -> None:
        endpoint = self.make()
        new = self.make_custom("Clinic 2")
        with fake_engine(FakeEngine()), self.on_commit():
            services.change_model(endpoint, new)
            endpoint.refresh_from_db()
            assert (endpoint.model, endpoint.serving) == (new, self.custom)
            assert answering(endpoint) == self.custom
        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.serving) == (Status.SUCCEEDED, new)

    def test_a_change_that_fails_leaves_the_old_model_and_can_be_tried_again(
        self,
    ) -> None:
        endpoint = self.make()
        new = self.make_custom("Clinic 2")
        broken = FakeEngine(broken=EngineError("Files are missing.", "ModelDamaged"))
        with fake_engine(broken), self.on_commit():
            services.change_model(endpoint, new)
        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.serving) == (Status.FAILED, self.custom)
        assert (endpoint.error, endpoint.error_code) == (
            "Files are missing.",
            "ModelDamaged",
        )
        with fake_engine(FakeEngine()), self.on_commit():
            services.retry(endpoint)
        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.serving) == (Status.SUCCEEDED, new)

    def test_after_a_failure_the_old_model_can_be_chosen_again(self) -> None:
        broken = self.make_custom("Clinic 2")
        endpoint = self.make(model=self.custom, status=Status.FAILED)
        Endpoint.objects.filter(pk=endpoint.pk).update(model=broken)
        with fake_engine(FakeEngine()), self.on_commit():
            services.change_model(endpoint, self.custom)
        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.model) == (Status.SUCCEEDED, self.custom)
        assert endpoint.error == ""

    def test_one_change_at_a_time(self) -> None:
        endpoint = self.make(status=Status.RUNNING)
        with pytest.raises(Refused) as refused:
            services.change_model(endpoint, self.base)
        assert refused.value.code == "EndpointNotUpdatable"

    def test_a_failed_model_is_refused(self) -> None:
        endpoint = self.make()
        with pytest.raises(Refused) as refused:
            services.change_model(endpoint, self.make_custom(status=Status.FAILED))
        assert refused.value.code == "DeployingFailedModel"
        endpoint.refresh_from_db()
        assert endpoint.model == self.custom

    def test_it_is_suspended_and_resumed(self) -> None:
        endpoint = self.make()
        services.suspend(endpoint)
        endpoint.refresh_from_db()
        assert why_silent(endpoint, self.custom) == "It is suspended."
        services.resume(endpoint)
        endpoint.refresh_from_db()
        assert not why_silent(endpoint, self.custom)


class DeleteTestCase(EndpointTestCase):
    def fill(self, endpoint: Endpoint) -> str:
        """Give it keys, counters and a log; the name of the log's file."""
        services.make_keys(endpoint)
        Usage.objects.create(endpoint=endpoint, hour=now(), process=uuid4())
        name = default_storage.save(f"{endpoint.folder}/logs/a.wav", ContentFile(b"x"))
        LogEntry.objects.create(endpoint=endpoint, seconds=1, audio=name)
        return name

    def test_nothing_of_it_is_left(self) -> None:
        endpoint = self.make()
        name = self.fill(endpoint)
        with self.on_commit():
            services.delete(endpoint)
        for kind in (Endpoint, Key, Usage, LogEntry):
            assert not kind._default_manager.exists()
        assert not default_storage.exists(name)
        assert SpeechModel.objects.filter(pk=self.custom.pk).exists()

    def test_it_goes_with_its_project(self) -> None:
        name = self.fill(self.make())
        with self.on_commit():
            projects.delete(self.project)
        assert not Endpoint.objects.exists()
        assert not default_storage.exists(name)

    def test_a_model_that_answers_or_is_about_to_cannot_be_deleted(self) -> None:
        endpoint = self.make()
        Endpoint.objects.filter(pk=endpoint.pk).update(model=self.base)
        assert training.users_of(self.custom) == [endpoint]
        assert training.users_of(self.base) == [endpoint]
        url = reverse("model-delete", args=[self.custom.pk])
        self.assertContains(self.client.post(url), endpoint.name, status_code=409)
        with pytest.raises(training.InUse):
            training.delete(self.custom)
        with fake_engine(FakeEngine()), self.on_commit():
            services.delete(endpoint)
            training.delete(self.custom)
        assert not SpeechModel.objects.filter(pk=self.custom.pk).exists()
