"""Programs are told what happens: by real messages to a server on this machine."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.db import connection
from django.db.models import signals
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from api import keys
from api.models import Delivery, WebHook
from api.tests.hooks import WebHooksTestCase
from api.webhooks import deliver, post
from api.webhooks.kinds import EVENTS
from datasets.models import Dataset, Utterance
from projects import services as projects
from resources.vault import unseal
from speechstudio.test import make_dataset, make_evaluation, make_model

State = Delivery.State
Status = WebHook.Status


class ChallengeTests(WebHooksTestCase):
    def made(self) -> dict[str, Any]:
        """As it is shown after its challenge."""
        with self.on_commit():
            made = self.call("POST", "webhooks", self.new()).json()
        shown: dict[str, Any] = self.call("GET", made["self"]).json()
        return shown

    def test_an_address_is_told_after_it_has_answered_the_challenge(self) -> None:
        with self.on_commit():
            made = self.call("POST", "webhooks", self.new())
        assert made.status_code == 201
        assert made.json()["status"] == "NotStarted"
        assert made.headers["Location"] == made.json()["self"]
        (told,) = self.there.told
        assert told.event == "challenge"
        # What was in the address stays there.
        assert told.query["code"] == ["s3cret"]
        assert len(told.query["validationToken"][0]) >= 32
        shown = self.call("GET", made.json()["self"]).json()
        assert shown["status"] == "Succeeded"
        assert shown["events"] == {"datasetCompletion": True}
        assert shown["properties"] == {"apiVersion": "2025-10-15"}

    def test_who_says_another_word_is_not_told(self) -> None:
        self.there.answer = "hello"
        shown = self.made()
        assert shown["status"] == "Failed"
        assert "validationToken" in shown["properties"]["error"]["message"]

    def test_who_leads_elsewhere_is_not_followed(self) -> None:
        self.there.status, self.there.location = 307, self.there.url
        shown = self.made()
        assert shown["status"] == "Failed"
        assert "leads elsewhere" in shown["properties"]["error"]["message"]
        assert len(self.there.told) == 1

    def test_who_is_slow_is_not_waited_for(self) -> None:
        self.there.delay = 1.0
        with patch.dict(post._TIMEOUTS, read=0.1):
            shown = self.made()
        assert "No answer within" in shown["properties"]["error"]["message"]

    @override_settings(FETCH_ALLOWED_HOSTS=[])
    def test_a_private_address_is_refused(self) -> None:
        for url in (self.there.url, "http://10.0.0.1/", "http://[::1]/"):
            answer = self.call("POST", "webhooks", self.new(webUrl=url))
            self.refused(answer, 400, "InvalidParameterValue", "webUrl")
        assert not WebHook.objects.exists()

    @override_settings(FETCH_ALLOWED_HOSTS=[])
    def test_a_name_that_leads_to_a_private_address_fails(self) -> None:
        self.there.url = self.there.url.replace("127.0.0.1", "localhost")
        shown = self.made()
        assert shown["status"] == "Failed"
        assert "private network" in shown["properties"]["error"]["message"]
        assert not self.there.told

    def test_a_new_address_is_challenged_and_so_is_one_that_failed(self) -> None:
        self.there.status = 500
        shown = self.made()
        assert "status 500" in shown["properties"]["error"]["message"]
        self.there.status = 200
        with self.on_commit():
            self.call("PATCH", shown["self"], {"description": "x"})
        assert self.call("GET", shown["self"]).json()["status"] == "Succeeded"
        with self.on_commit():
            self.call("PATCH", shown["self"], {"displayName": "Other"})
        assert self.there.events == ["challenge"] * 2
        with self.on_commit():
            url = self.there.url + "&more=1"
            self.call("PATCH", shown["self"], {"webUrl": url})
        assert self.there.events == ["challenge"] * 3
        assert self.there.told[-1].query["more"] == ["1"]


class MakingTests(WebHooksTestCase):
    def test_what_is_wrong_is_refused_by_its_field(self) -> None:
        events = "InvalidWebHookEventKind"
        wrong = "InvalidParameterValue"
        for change, inner, target in [
            ({"webUrl": "ftp://a.example"}, wrong, "webUrl"),
            ({"webUrl": "nonsense"}, wrong, "webUrl"),
            ({"webUrl": None}, wrong, "webUrl"),
            ({"webUrl": "https://a.example/" + "a" * 4000}, wrong, "webUrl"),
            ({"displayName": ""}, wrong, "displayName"),
            ({"events": None}, events, "events"),
            ({"events": {"modelCompletion": False}}, events, "events"),
            ({"events": {"modelSale": True}}, events, "events.modelSale"),
            ({"events": {"modelCompletion": 1}}, wrong, "events.modelCompletion"),
            ({"events": {"challenge": False}}, events, "events.challenge"),
            ({"properties": {"secret": 5}}, wrong, "properties.secret"),
            ({"properties": {"colour": 5}}, wrong, "properties.colour"),
            ({"locale": "de-DE"}, wrong, "locale"),
        ]:
            with self.subTest(change=change):
                answer = self.call("POST", "webhooks", self.new() | change)
                self.refused(answer, 400, inner, target)
        assert not WebHook.objects.exists()

    def test_a_secret_is_sealed_and_never_shown(self) -> None:
        hook = self.make(properties={"secret": "open sesame"})
        assert unseal(hook.sealed_secret) == "open sesame"
        assert "sesame" not in hook.sealed_secret
        shown = self.call("GET", f"webhooks/{hook.pk}")
        assert "secret" not in shown.json()["properties"]
        self.call("PATCH", f"webhooks/{hook.pk}", {"displayName": "Other"})
        hook.refresh_from_db()
        assert unseal(hook.sealed_secret) == "open sesame"
        self.call("PATCH", f"webhooks/{hook.pk}", {"properties": {"secret": None}})
        hook.refresh_from_db()
        assert hook.sealed_secret == ""

    def test_events_that_are_not_named_stay(self) -> None:
        hook = self.make("modelCreation", "modelCompletion")
        body = {"events": {"modelCreation": False, "endpointDeletion": True}}
        shown = self.call("PATCH", f"webhooks/{hook.pk}", body).json()
        assert list(shown["events"]) == ["modelCompletion", "endpointDeletion"]

    def test_a_person_has_twenty(self) -> None:
        for _ in range(20):
            assert self.call("POST", "webhooks", self.new()).status_code == 201
        self.refused(self.call("POST", "webhooks", self.new()), 409, "QuotaViolation")
        bob = self.call("POST", "webhooks", self.new(), key=self.bob_key)
        assert bob.status_code == 201

    def test_they_are_a_persons_own(self) -> None:
        hook = self.make()
        path = f"webhooks/{hook.pk}"
        for method, end in [
            ("GET", ""),
            ("PATCH", ""),
            ("POST", ":ping"),
            ("POST", ":test"),
            ("GET", "/deliveries"),
            ("POST", "/deliveries:resend"),
        ]:
            body = {} if method == "PATCH" else None
            answer = self.call(method, path + end, body, key=self.bob_key)
            self.refused(answer, 404, target="id")
        assert self.call("DELETE", path, key=self.bob_key).status_code == 204
        assert WebHook.objects.filter(pk=hook.pk).exists()
        listed = self.call("GET", "webhooks", key=self.bob_key).json()
        assert listed["values"] == []

    def test_a_key_of_one_project_sees_those_of_it(self) -> None:
        of_all = self.make()
        key = keys.make(self.alice, "one", project=self.project)[1]
        of_one = self.make(key=key)
        assert (of_all.project, of_one.project) == (None, self.project)
        listed = self.call("GET", "webhooks", key=key).json()["values"]
        assert [str(of_one.pk) in one["self"] for one in listed] == [True]
        assert len(self.call("GET", "webhooks").json()["values"]) == 2

    def test_lists_are_filtered(self) -> None:
        self.make(displayName="One")
        self.make(displayName="Two")
        found = self.call("GET", "webhooks", filter="displayName eq 'Two'").json()
        assert [one["displayName"] for one in found["values"]] == ["Two"]
        by_address = f"webUrl eq '{self.there.url}' and status eq 'Succeeded'"
        found = self.call("GET", "webhooks", filter=by_address).json()
        assert len(found["values"]) == 2

    def test_it_is_deleted_with_its_messages(self) -> None:
        hook = self.make("datasetCreation")
        make_dataset(self.project)
        assert self.call("DELETE", f"webhooks/{hook.pk}").status_code == 204
        assert not Delivery.objects.exists()


class EventTests(WebHooksTestCase):
    def test_each_step_of_a_dataset_is_told(self) -> None:
        self.make(*EVENTS)
        dataset = make_dataset(self.project, status=Status.NOT_STARTED)
        dataset.start()
        dataset.fail("No sound in it.", "NoAudio")
        deliver.deliver_due()
        assert self.there.events == [
            "datasetCreation",
            "datasetProcessing",
            "datasetCompletion",
        ]
        body = self.there.told[-1].json
        assert body["status"] == "Failed"
        assert body["properties"]["error"]["code"] == "NoAudio"
        assert body == self.call("GET", body["self"]).json()
        key = dataset.pk
        with self.on_commit():
            dataset.delete()
        deliver.deliver_due()
        assert self.there.events[-1] == "datasetDeletion"
        assert list(self.there.told[-1].json) == ["self"]
        assert str(key) in self.there.told[-1].json["self"]

    def test_so_is_everything_that_goes_with_a_project(self) -> None:
        base = make_model()
        self.make(*EVENTS)
        model = make_model("custom", project=self.project, base=base)
        make_evaluation(self.project, models=[base, model])
        of_it = self.make(*EVENTS, key=keys.make(self.bob, "b", self.project)[1])
        with self.on_commit():
            projects.delete(self.project)
        assert not WebHook.objects.filter(pk=of_it.pk).exists()
        deliver.deliver_due()
        assert sorted(self.there.events) == [
            "datasetCreation",
            "datasetDeletion",
            "evaluationCreation",
            "evaluationDeletion",
            "modelCreation",
            "modelDeletion",
        ]

    def test_what_nobody_asked_for_is_not_told(self) -> None:
        self.make("modelCompletion")
        make_dataset(self.project, status=Status.NOT_STARTED).start()
        make_model("base of everybody")
        assert not Delivery.objects.exists()

    def test_only_who_may_see_it_is_told(self) -> None:
        self.make("datasetCreation", key=self.bob_key)
        self.make("datasetCreation", key=self.charlie_key)
        other = projects.create(self.alice, "Other", "en-US")
        of_other = keys.make(self.alice, "one", project=other)[1]
        self.make("datasetCreation", key=of_other)
        make_dataset(self.project)
        assert Delivery.objects.get().hook.user == self.bob
        projects.remove_member(self.project, self.bob.pk)
        deliver.deliver_due()
        # It was his when it happened; now it is but an address.
        assert list(self.there.told[0].json) == ["self"]

    def test_an_address_that_failed_its_challenge_is_not_told(self) -> None:
        self.there.answer = "hello"
        self.make("datasetCreation")
        make_dataset(self.project)
        assert not Delivery.objects.exists()

    def test_hooks_of_others_cost_a_job_nothing(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                Dataset.objects.create(project=self.project, name="x")
            return len(captured)

        self.make("modelCompletion", key=self.charlie_key)
        few = queries()
        for _ in range(5):
            self.make("modelCompletion", key=self.charlie_key)
        assert queries() == few

    def test_other_rows_are_still_deleted_at_once(self) -> None:
        assert not signals.pre_delete.has_listeners(Utterance)

    def test_a_step_that_is_undone_is_not_told(self) -> None:
        self.make("datasetProcessing")
        dataset = make_dataset(self.project, status=Status.RUNNING)
        assert not dataset.start()
        assert not Delivery.objects.exists()

    def test_addresses_are_those_of_the_version_it_was_made_with(self) -> None:
        with self.on_commit():
            address = "http://testserver/speechtotext/v3.2/webhooks"
            self.call("POST", address, self.new("datasetCreation"))
        make_dataset(self.project)
        deliver.deliver_due()
        body = self.there.told[-1].json
        assert "/speechtotext/v3.2/datasets/" in body["self"]


class WaitingDatasetTests(WebHooksTestCase):
    def test_one_that_waits_for_blocks_is_told_with_its_links(self) -> None:
        self.make("datasetCreation")
        Dataset.objects.create(
            project=self.project, kind=Dataset.Kind.ACOUSTIC, name="Waiting"
        )
        deliver.deliver_due()
        assert self.there.told[0].json["displayName"] == "Waiting"
