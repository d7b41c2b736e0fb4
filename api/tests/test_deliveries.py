"""What becomes of the messages of web hooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.utils.timezone import now

from api.models import Delivery, WebHook
from api.tests.hooks import WebHooksTestCase
from api.tests.receiver import receiver
from api.webhooks import deliver, events, post
from api.webhooks.post import signature
from speechstudio.test import make_dataset

State = Delivery.State
Status = WebHook.Status


class DeliveryTests(WebHooksTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.hook = self.make("datasetCreation", "datasetProcessing")
        self.path = f"webhooks/{self.hook.pk}"

    def due(self) -> None:
        """Time goes by."""
        Delivery.objects.update(due=now())

    def listed(self, **query: object) -> list[dict[str, Any]]:
        answer = self.call("GET", f"{self.path}/deliveries", **query)
        found: list[dict[str, Any]] = answer.json()["values"]
        return found

    def test_what_is_signed_is_what_was_sent(self) -> None:
        self.call("PATCH", self.path, {"properties": {"secret": "grüner Tee"}})
        self.call("POST", f"{self.path}:ping")
        deliver.deliver_due()
        (told,) = self.there.told
        assert told.signature == signature("grüner Tee", told.body).decode()
        assert told.event == "ping"
        assert told.json == self.call("GET", self.path).json()

    def test_without_a_secret_nothing_is_signed(self) -> None:
        assert self.call("POST", f"{self.path}:ping").status_code == 202
        deliver.deliver_due()
        assert [one.signature for one in self.there.told] == [None]

    def test_a_test_sends_what_happened_last(self) -> None:
        assert self.call("POST", f"{self.path}:test").status_code == 204
        make_dataset(self.project, name="Old")
        last = make_dataset(self.project, name="New")
        waiting = make_dataset(self.project, name="Later", status=Status.NOT_STARTED)
        Delivery.objects.all().delete()
        assert self.call("POST", f"{self.path}:test").status_code == 202
        deliver.deliver_due()
        found = {one.event: one.json["self"] for one in self.there.told}
        assert str(waiting.pk) in found["datasetCreation"]
        assert str(last.pk) in found["datasetProcessing"]

    def test_nobody_is_pinged_who_has_not_answered_the_challenge(self) -> None:
        WebHook.objects.update(status=Status.FAILED)
        self.refused(self.call("POST", f"{self.path}:ping"), 409)
        self.refused(self.call("POST", f"{self.path}:test"), 409)

    def test_what_does_not_arrive_is_tried_again_and_given_up(self) -> None:
        make_dataset(self.project)
        self.there.status = 503
        pauses = []
        for tries in range(1, deliver.MOST_TRIES + 1):
            deliver.deliver_due()
            (one,) = self.listed()
            assert one["tries"] == tries == len(self.there.told)
            assert one["problem"] == "It answered with status 503."
            pauses.append(Delivery.objects.get().due - now())
            # Not before its time.
            deliver.deliver_due()
            assert len(self.there.told) == tries
            self.due()
        assert one["state"] == "givenUp"
        assert "nextTryDateTime" not in one
        assert pauses[:-1] == sorted(pauses[:-1])
        assert pauses[-2] > timedelta(hours=6)
        deliver.deliver_due()
        assert len(self.there.told) == deliver.MOST_TRIES
        assert self.listed(filter="state eq 'givenUp'") == [one]
        self.there.status = 200
        resend = f"{self.path}/deliveries:resend"
        assert self.call("POST", resend).status_code == 202
        deliver.deliver_due()
        assert self.listed()[0]["state"] == "delivered"
        assert self.call("POST", resend).status_code == 204

    def test_who_does_not_answer_is_left_alone_for_a_while(self) -> None:
        for _ in range(20):
            make_dataset(self.project)
        self.there.status = 500
        deliver.deliver_due()
        assert len(self.there.told) <= 4

    def test_who_is_slow_does_not_go_before_who_is_not(self) -> None:
        long_ago = now() - timedelta(days=1)
        Delivery.objects.bulk_create(
            Delivery(hook=self.hook, event="ping", created=long_ago) for _ in range(300)
        )
        with receiver() as other:
            body = self.new("datasetCreation", webUrl=other.url)
            with self.on_commit():
                self.call("POST", "webhooks", body, key=self.bob_key)
            other.told.clear()
            make_dataset(self.project)
            with patch.object(deliver, "_ROUND_SECONDS", 0.1):
                deliver.deliver_due()
            assert other.events == ["datasetCreation"]

    def test_a_round_has_an_end(self) -> None:
        self.there.delay = 0.2
        for _ in range(4):
            make_dataset(self.project)
        with patch.object(deliver, "_ROUND_SECONDS", 0.3):
            deliver.deliver_due()
        assert 1 <= len(self.there.told) <= 3
        waiting = Delivery.objects.filter(state=State.WAITING)
        assert not waiting.exclude(tries=0).exists()
        self.there.delay = 0
        deliver.deliver_due()
        assert self.there.events == ["datasetCreation"] * 4

    def test_too_many_that_wait_are_given_up_at_once(self) -> None:
        with patch.object(events, "MOST_WAITING", 2):
            for _ in range(3):
                make_dataset(self.project)
        states = Delivery.objects.order_by("created").values_list("state", flat=True)
        assert list(states) == [State.WAITING, State.WAITING, State.GIVEN_UP]

    def test_one_that_hangs_does_not_keep_others_waiting(self) -> None:
        with receiver() as other:
            other.delay = 0.4
            body = self.new("datasetCreation", webUrl=other.url)
            with self.on_commit():
                self.call("POST", "webhooks", body)
            for _ in range(6):
                make_dataset(self.project)
            with patch.dict(post._TIMEOUTS, read=0.1):
                deliver.deliver_due()
        assert len(self.there.told) == 6

    def test_a_message_whose_worker_died_is_sent_again(self) -> None:
        make_dataset(self.project)
        assert deliver._claim()
        assert not deliver._claim()
        self.due()
        deliver.deliver_due()
        assert self.listed()[0]["tries"] == 2
        assert len(self.there.told) == 1

    def test_a_worker_that_was_given_up_changes_nothing(self) -> None:
        make_dataset(self.project)
        (late,) = deliver._claim()
        self.due()
        deliver.deliver_due()
        deliver._settle(late, "Too late.")
        assert self.listed()[0]["state"] == "delivered"

    def test_old_ones_are_forgotten(self) -> None:
        long_ago, month = now() - timedelta(days=8), now() - timedelta(days=31)
        for state in State.values:
            for created in (now(), long_ago, month):
                Delivery.objects.create(
                    hook=self.hook, event="ping", state=state, created=created
                )
        deliver.tidy_up()
        kept = Delivery.objects.values_list("state", "created")
        assert sum(state == State.DELIVERED for state, _ in kept) == 1
        assert len(kept) == 5

    def test_nothing_of_the_address_is_logged(self) -> None:
        self.there.status = 500
        make_dataset(self.project)
        with self.assertNoLogs(level="INFO"):
            deliver.deliver_due()
        assert "s3cret" not in str(self.listed())
