from __future__ import annotations

from threading import Event
from unittest.mock import patch
from uuid import uuid4

from django.db import DatabaseError
from django.test import override_settings

from datasets.models import Dataset
from jobs.models import Gone, Job
from jobs.runner import run
from speechstudio.test import BaseTestCase, make_dataset


class RunnerTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.job = make_dataset(self.project, status=Job.Status.NOT_STARTED)

    def run_with(self, work: object) -> Dataset:
        run(Dataset, self.job.pk, work, expected=(ValueError,))  # type: ignore[arg-type]
        self.job.refresh_from_db()
        return self.job

    def test_it_works(self) -> None:
        assert self.run_with(lambda job: job.succeed()).status == "Succeeded"

    def test_an_expected_error_is_shown_to_the_user(self) -> None:
        def work(job: Dataset) -> None:
            raise ValueError("Line 3 is empty.")

        job = self.run_with(work)
        assert (job.status, job.error) == ("Failed", "Line 3 is empty.")

    def test_an_unexpected_error_is_logged_and_not_shown(self) -> None:
        def work(job: Dataset) -> None:
            raise KeyError("secret")

        with self.assertLogs("jobs.runner", "ERROR"):
            job = self.run_with(work)
        assert job.status == "Failed"
        assert "secret" not in job.error

    def test_work_on_a_deleted_job_just_stops(self) -> None:
        def work(job: Dataset) -> None:
            raise Gone

        assert self.run_with(work).status == "Running"

    def test_it_does_nothing_for_a_job_that_runs_or_is_gone(self) -> None:
        self.job.start()
        run(Dataset, self.job.pk, self.fail, expected=())
        run(Dataset, uuid4(), self.fail, expected=())

    @override_settings(JOB_LOST_AFTER_SECONDS=0.04)
    def test_long_work_gives_signs_of_life_by_itself(self) -> None:
        alive = Event()

        def work(job: Dataset) -> None:
            assert alive.wait(timeout=30)
            job.succeed()

        with patch.object(Dataset, "beat", lambda job: alive.set()):
            assert self.run_with(work).status == "Succeeded"

    @override_settings(JOB_LOST_AFTER_SECONDS=0.04)
    def test_one_sign_of_life_that_fails_is_not_the_last(self) -> None:
        alive = Event()
        faults = iter([DatabaseError("locked")])

        def beat(job: Dataset) -> None:
            for fault in faults:
                raise fault
            alive.set()

        def work(job: Dataset) -> None:
            assert alive.wait(timeout=30)
            job.succeed()

        with (
            patch.object(Dataset, "beat", beat),
            self.assertLogs("jobs.runner", "WARNING"),
        ):
            assert self.run_with(work).status == "Succeeded"
