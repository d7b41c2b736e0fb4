from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from django.conf import settings
from django.utils.timezone import now

from datasets.models import Dataset
from jobs.models import Job
from jobs.tasks import job_kinds, supervise
from speechstudio.test import BaseTestCase, make_dataset, make_model

LONG_AGO = timedelta(seconds=settings.JOB_LOST_AFTER_SECONDS + 1)


class SuperviseTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.job = make_dataset(self.project, status=Job.Status.NOT_STARTED)
        self.sent: list[object] = []
        self.queued: dict[str, int] = {}
        send = patch.object(Job, "enqueue", lambda job: self.sent.append(job.pk))
        length = patch(
            "jobs.tasks._queue_length", lambda name: self.queued.get(name, 0)
        )
        for change in (send, length):
            change.start()
            self.addCleanup(change.stop)

    def grow_old(self, **fields: object) -> None:
        Dataset.objects.filter(pk=self.job.pk).update(**fields)
        self.job.refresh_from_db()

    def test_a_job_whose_worker_died_is_queued_again(self) -> None:
        self.job.start()
        self.grow_old(heartbeat=now() - LONG_AGO)
        with self.assertLogs("jobs.tasks", "WARNING"):
            supervise()
        self.job.refresh_from_db()
        assert self.job.status == Job.Status.NOT_STARTED
        assert self.sent == [self.job.pk]

    def test_a_job_that_lives_is_left_alone(self) -> None:
        self.job.start()
        supervise()
        self.job.refresh_from_db()
        assert self.job.status == Job.Status.RUNNING
        assert self.sent == []

    def test_a_job_that_kills_its_workers_is_given_up(self) -> None:
        for _ in range(settings.JOB_MAX_DEATHS):
            self.job.start()
            self.grow_old(heartbeat=now() - LONG_AGO)
            with self.assertLogs("jobs.tasks", "WARNING"):
                supervise()
        self.job.refresh_from_db()
        assert self.job.status == Job.Status.FAILED
        assert "died 3 times" in self.job.error

    def test_a_job_that_the_queue_lost_is_sent_again(self) -> None:
        self.grow_old(last_action=now() - LONG_AGO)
        supervise()
        assert self.sent == [self.job.pk]

    def test_a_job_in_a_long_queue_is_not_sent_twice(self) -> None:
        self.queued = {"default": 7}
        self.grow_old(last_action=now() - LONG_AGO)
        supervise()
        assert self.sent == []

    def test_a_job_need_not_wait_for_the_queue_of_others(self) -> None:
        self.queued = {"train": 7, "transcribe": 7}
        self.grow_old(last_action=now() - LONG_AGO)
        supervise()
        assert self.sent == [self.job.pk]

    def test_a_training_behind_a_long_one_is_not_sent_twice(self) -> None:
        for job in (self.job, make_dataset(self.project)):
            make_model(
                f"custom:{job.pk}",
                project=self.project,
                status=Job.Status.NOT_STARTED,
                last_action=now() - LONG_AGO,
            )
        self.queued = {"train": 1}
        supervise()
        assert self.sent == []
        # Redis lost it.
        self.queued = {"default": 1, "transcribe": 1}
        supervise()
        assert len(self.sent) == 2

    def test_it_looks_after_every_kind_of_job(self) -> None:
        assert {kind._meta.label for kind in job_kinds()} == {
            "datasets.Dataset",
            "training.SpeechModel",
            "training.Package",
            "editor.EditorSet",
            "editor.Export",
            "editor.Rewrite",
            "editor.Shard",
            "evaluations.Evaluation",
            "evaluations.Scoring",
            "evaluations.Shard",
            "endpoints.Endpoint",
            "transcriptions.Transcription",
            "transcriptions.TranscriptionFile",
            "remote.Arrival",
            "api.WebHook",
        }
