from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from datasets.models import Dataset
from jobs.models import Gone, Job
from speechstudio.test import BaseTestCase, make_dataset

Status = Job.Status


class JobTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.job = make_dataset(self.project, status=Status.NOT_STARTED)

    def test_it_works(self) -> None:
        assert self.job.start()
        self.job.report(1, 4)
        assert self.job.share == 0.25
        assert self.job.succeed(accepted=4)
        self.job.refresh_from_db()
        assert self.job.status == Status.SUCCEEDED
        assert self.job.accepted == 4

    def test_only_one_worker_can_start_it(self) -> None:
        other = Dataset.objects.get(pk=self.job.pk)
        assert self.job.start()
        assert not other.start()

    def test_it_cannot_start_again_after_its_end(self) -> None:
        self.job.start()
        self.job.fail("Broken.", "Broken")
        assert not self.job.start()
        assert self.job.error == "Broken."
        assert self.job.retry()
        assert self.job.error == ""
        assert self.job.start()

    def test_a_worker_given_up_for_dead_cannot_report_or_end_it(self) -> None:
        self.job.start()
        ghost = Dataset.objects.get(pk=self.job.pk)
        self.job.requeue()
        self.job.start()
        with pytest.raises(Gone):
            ghost.report(1, 2)
        assert not ghost.beat()
        assert not ghost.succeed()
        assert not ghost.fail("Too late.")
        assert self.job.succeed()

    def test_report_tells_that_the_job_was_deleted(self) -> None:
        self.job.start()
        Dataset.objects.filter(pk=self.job.pk).delete()
        with pytest.raises(Gone):
            self.job.report(1, 2)

    def test_nobody_beats_for_a_job_that_was_handed_over(self) -> None:
        self.job.start()
        self.job.hand_over()
        assert not self.job.beat()
        assert not Dataset.lost().exists()

    def test_time_left_goes_by_the_pace_so_far(self) -> None:
        self.job.start()
        assert self.job.time_left is None
        self.job.done, self.job.total = 1, 4
        self.job.last_action = now() - timedelta(seconds=10)
        assert self.job.time_left is not None
        assert 29 < self.job.time_left.total_seconds() < 32

    def test_time_left_does_not_count_what_an_earlier_run_did(self) -> None:
        self.job.start()
        self.job.begin_with(8, 10)
        self.job.refresh_from_db()
        assert self.job.time_left is None
        self.job.done = 9
        self.job.last_action = now() - timedelta(seconds=10)
        assert self.job.time_left is not None
        assert 9 < self.job.time_left.total_seconds() < 12
