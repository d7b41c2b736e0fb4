"""One worker looks after all jobs that resources have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
from django.utils.timezone import now

from jobs.models import Job
from remote.models import Remote
from remote.poll import mend_clock, round_of_questions
from remote.tests.case import RemoteTestCase
from training.models import SpeechModel

PLACE = "http://testserver/speechtotext/models"


class PollTestCase(RemoteTestCase):
    def begin(self, count: int) -> list[Remote]:
        """So many trainings that are there, and are due."""
        Remote.objects.all().delete()
        models = SpeechModel.objects.bulk_create(
            SpeechModel(
                project=self.project,
                engine="west",
                reference=f"custom:{number}",
                name="Ward",
                status=Job.Status.RUNNING,
            )
            for number in range(count)
        )
        return Remote.objects.bulk_create(
            Remote(
                kind="model",
                local=model.pk,
                project=self.project,
                resource=self.resource,
                address=f"{PLACE}/{model.pk}",
                next_poll=now(),
            )
            for model in models
        )

    def ask(self, answer: Callable[[httpx.Request], httpx.Response]) -> list[str]:
        """The keys of the rows that a worker is to go on with."""
        sent: list[str] = []
        self.asked: list[str] = []

        def noted(request: httpx.Request) -> httpx.Response:
            self.asked.append(request.url.path)
            return answer(request)

        with self.swapped(httpx.MockTransport(noted)):
            round_of_questions(sent.append)
        return sent

    def test_many_are_asked_for_with_one_list(self) -> None:
        rows = self.begin(50)

        def answer(request: httpx.Request) -> httpx.Response:
            values = [{"self": row.address, "status": "Running"} for row in rows[1:]]
            if request.url.path.endswith("/models"):
                assert "status eq 'Running'" in request.url.params["filter"]
                return httpx.Response(200, json={"values": values})
            return httpx.Response(200, json={"status": "Succeeded"})

        assert self.ask(answer) == [str(rows[0].pk)]
        assert len(self.asked) == 2
        stages = SpeechModel.objects.filter(project=self.project)
        assert stages.filter(stage="West works on it").count() == 49
        waits = Remote.objects.exclude(pk=rows[0].pk).values_list("next_poll", "asked")
        assert all(when > now() and asked == 1 for when, asked in waits)

    def test_a_storm_of_429_is_met_with_one_question(self) -> None:
        self.begin(50)

        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(429, headers={"Retry-After": "120"})

        assert self.ask(answer) == []
        assert len(self.asked) == 1
        earliest = now() + timedelta(seconds=115)
        assert not Remote.objects.filter(next_poll__lt=earliest).exists()
        assert not self.ask(answer)
        assert self.asked == []  # nobody asks before the time

    def test_what_is_gone_is_gone_on_with(self) -> None:
        rows = self.begin(2)

        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(404)

        assert sorted(self.ask(answer)) == sorted(str(row.pk) for row in rows)

    def test_it_is_asked_less_and_less_often(self) -> None:
        (row,) = self.begin(1)
        waits = []
        for _ in range(6):
            Remote.objects.update(next_poll=now())
            self.ask(lambda _: httpx.Response(200, json={"status": "Running"}))
            row.refresh_from_db()
            waits.append((row.next_poll - now()).total_seconds())
        assert waits[0] < 6 < waits[2] and 44 < waits[-1] <= 60

    def test_a_round_that_died_is_followed(self) -> None:
        (row,) = self.begin(1)

        def die(request: httpx.Request) -> httpx.Response:
            raise MemoryError

        try:
            self.ask(die)
        except MemoryError:
            row.refresh_from_db()
        assert now() < row.next_poll < now() + timedelta(minutes=4)

    def test_a_clock_that_was_ahead_holds_nobody_up(self) -> None:
        (row,) = self.begin(1)
        Remote.objects.update(next_poll=now() + timedelta(days=1))
        mend_clock()
        row.refresh_from_db()
        assert row.next_poll <= now()

    def test_one_whose_job_has_ended_is_asked_for_no_more(self) -> None:
        (row,) = self.begin(1)
        SpeechModel.objects.filter(pk=row.local).update(status=Job.Status.FAILED)
        api = httpx.MockTransport(
            lambda _: httpx.Response(200, json={"status": "Succeeded"})
        )
        with self.swapped(api):
            self.rounds(1)
        row.refresh_from_db()
        assert row.next_poll is None
