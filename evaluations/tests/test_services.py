from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from evaluations import services
from evaluations.models import Evaluation
from evaluations.services import Refused
from jobs.models import Job
from projects import services as projects
from speechstudio.test import BaseTestCase, make_dataset, make_model

ACCURACY, INSPECTION = Evaluation.Kind.ACCURACY, Evaluation.Kind.INSPECTION


class CheckTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.speech = make_dataset(self.project)
        self.audio = make_dataset(self.project, [""], kind="AudioFiles")
        self.base = make_model("base")
        self.other = projects.create(self.alice, "Other", "en-US")

    def test_what_the_wizard_offers_is_fine(self) -> None:
        custom = make_model("custom:1", project=self.project, base=self.base)
        waiting = make_model("waiting", status=Job.Status.NOT_STARTED)
        models = [self.base, custom, waiting]
        services.check(self.project, self.speech, models, ACCURACY)
        services.check(self.project, self.speech, models, INSPECTION)
        services.check(self.project, self.audio, models, INSPECTION)

    def test_data_that_cannot_be_tested_on_says_why(self) -> None:
        failed = make_dataset(self.project, status=Job.Status.FAILED)
        coming = make_dataset(self.project, status=Job.Status.RUNNING)
        text = make_dataset(self.project, kind="Language")
        for row, kind, code, reason in [
            (self.audio, ACCURACY, "InvalidDataset", "needs audio with transcripts"),
            (text, INSPECTION, "InvalidDataset", "needs audio"),
            (failed, ACCURACY, "FailedDataset", "has failed"),
            (coming, ACCURACY, "InvalidDataset", "not imported yet"),
            (make_dataset(self.other), ACCURACY, "InvalidDataset", "another project"),
        ]:
            with pytest.raises(Refused, match=reason) as told:
                services.check(self.project, row, [self.base], kind)
            assert (told.value.about, told.value.code) == (row, code)

    def test_a_model_that_cannot_be_tested_says_why(self) -> None:
        past = now() - timedelta(days=1)
        here = {"project": self.project, "base": self.base}
        for row, code, reason in [
            (make_model("a", project=self.other), "InvalidModel", "another project"),
            (make_model("b", languages="de"), "ModelMismatch", "does not speak"),
            (make_model("c", transcription_expires=past), "ModelDeprecated", "expired"),
            (make_model("d", is_offered=False), "InvalidModel", "not on offer"),
            (
                make_model("e", status=Job.Status.FAILED, **here),
                "InvalidModel",
                "failed",
            ),
            (
                make_model("f", status=Job.Status.RUNNING, **here),
                "InvalidModel",
                "not ready yet",
            ),
        ]:
            with pytest.raises(Refused, match=reason) as told:
                services.check(self.project, self.speech, [self.base, row], ACCURACY)
            assert (told.value.about, told.value.code) == (row, code)
