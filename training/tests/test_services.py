from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.timezone import now

from datasets.models import Dataset
from engines.base import BaseModel
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)
from training import services
from training.models import PlannedTest, SpeechModel
from training.offers import bases, why_not_base
from training.services import InUse, Refused

Kind = Dataset.Kind
ALL_KINDS = " ".join(Kind.values)


class OffersTestCase(BaseTestCase):
    def test_base_models_come_newest_first_and_those_without_a_date_last(self) -> None:
        undated = make_model("mine", adapts_with=ALL_KINDS)
        old = make_model("old", adapts_with=ALL_KINDS, released=date(2022, 9, 21))
        new = make_model("new", adapts_with=ALL_KINDS, released=date(2024, 9, 30))
        assert bases(self.project) == [new, old, undated]

    def test_what_cannot_be_trained_from_is_not_offered(self) -> None:
        past = now() - timedelta(days=1)
        make_model("expired", adapts_with=ALL_KINDS, adaptation_expires=past)
        make_model("deutsch", adapts_with=ALL_KINDS, languages="de")
        make_model("withdrawn", adapts_with=ALL_KINDS, is_offered=False)
        make_model("other engine", adapts_with=ALL_KINDS, engine="azure")
        make_model("learns nothing")
        make_model("custom", adapts_with=ALL_KINDS, project=self.project)
        assert bases(self.project) == []

    def test_a_base_model_that_expires_tomorrow_is_offered(self) -> None:
        future = now() + timedelta(days=1)
        base = make_model(adapts_with=ALL_KINDS, adaptation_expires=future)
        assert bases(self.project) == [base]

    def test_usable_are_base_models_and_then_own_custom_ones_newest_first(self) -> None:
        base = make_model()
        own = {"project": self.project, "base": base}
        first, second = make_model("first", **own), make_model("second", **own)
        make_model("untrained", status=Job.Status.FAILED, **own)
        past = now() - timedelta(days=1)
        make_model("expired", transcription_expires=past, **own)
        with self.assertNumQueries(3):
            assert services.usable(self.project) == [base, second, first]

    def test_custom_models_of_other_projects_are_not_usable(self) -> None:
        other = services.Project.objects.create(
            name="Other", locale="en-US", engine="fake"
        )
        make_model("theirs", project=other)
        assert services.usable(self.project) == []


class SyncTestCase(BaseTestCase):
    def test_rows_say_what_a_base_model_adapts_with_and_until_when(self) -> None:
        kinds = frozenset({"Acoustic", "Language"})
        fresh = BaseModel("tiny", "Tiny", frozenset(), True, kinds, date(2022, 9, 21))
        with fake_engine(FakeEngine(models=[fresh])):
            services.sync_base_models("fake")
            before = SpeechModel.objects.get()
            services.sync_base_models("fake")
        model = SpeechModel.objects.get()
        assert model.adapts("Language")
        assert not model.adapts("Pronunciation")
        assert model.released == date(2022, 9, 21)
        assert model.adaptation_expires == before.adaptation_expires
        assert model.transcription_expires == before.transcription_expires
        assert not model.is_past_adaptation

    def test_custom_models_stay_as_they_are(self) -> None:
        custom = make_model("mine", project=self.project)
        with fake_engine(FakeEngine()):
            services.sync_base_models("fake")
        custom.refresh_from_db()
        assert custom.is_offered


class CreateTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = make_model(adapts_with=ALL_KINDS)
        self.dataset = make_dataset(self.project, use="training")
        self.test = make_dataset(self.project, name="Test", use="testing")

    def test_it_works(self) -> None:
        guard = make_dataset(self.project, name="General", use="testing")
        model = services.create(
            self.project,
            self.base,
            [self.dataset],
            "Clinic 1",
            "First",
            text_weight=50,
            seed=7,
            tests=[self.test],
            guards=[guard],
        )
        model.refresh_from_db()
        assert model.status == Job.Status.NOT_STARTED
        assert model.reference == f"custom:{model.pk}"
        assert (model.base, model.project) == (self.base, self.project)
        assert (model.text_weight, model.seed) == (50, 7)
        assert list(model.datasets.all()) == [self.dataset]
        assert model.speaks("en-US")
        assert model.adaptation_expires is None
        roles = set(model.planned_tests.values_list("dataset__name", "role"))
        assert roles == {("Test", "test"), ("General", "guard")}

    def test_the_same_key_makes_one_model(self) -> None:
        key = uuid4()
        made = [
            services.create(
                self.project, self.base, [self.dataset], "A", tests=[self.test], key=key
            )
            for _ in range(2)
        ]
        assert made[0] == made[1]
        assert PlannedTest.objects.count() == 1

    def test_without_a_base_the_newest_is_taken(self) -> None:
        newest = make_model("newest", adapts_with=ALL_KINDS, released=date(2024, 9, 30))
        model = services.create(self.project, None, [self.dataset], "A")
        assert model.base == newest

    def test_without_any_base_it_is_refused(self) -> None:
        self.base.delete()
        with pytest.raises(Refused, match="no base model"):
            services.create(self.project, None, [self.dataset], "A")

    def test_custom_models_cannot_be_stacked(self) -> None:
        custom = make_model(
            "custom", project=self.project, base=self.base, adapts_with=ALL_KINDS
        )
        assert why_not_base(self.project, custom)
        with pytest.raises(Refused, match="cannot be trained further"):
            services.create(self.project, custom, [self.dataset], "A")

    def test_what_does_not_fit_is_refused_with_its_reason(self) -> None:
        german = make_model("deutsch", languages="de", adapts_with=ALL_KINDS)
        past = now() - timedelta(days=1)
        old = make_model("old", adapts_with=ALL_KINDS, adaptation_expires=past)
        text = make_model("spoken forms", adapts_with="Pronunciation")
        structured = make_dataset(self.project, kind=Kind.STRUCTURED_TEXT)
        spoken = make_dataset(self.project, kind=Kind.PRONUNCIATION)
        machine = make_dataset(self.project, kind=Kind.TRANSCRIPT)
        theirs = projects.create(self.charlie, "Other", "en-US")
        foreign = make_dataset(theirs, name="Theirs", use="training")
        broken = make_dataset(self.project, status=Job.Status.FAILED)
        coming = make_dataset(self.project, status=Job.Status.RUNNING)
        gone = make_model("gone", adapts_with=ALL_KINDS, is_offered=False)
        mapping = "InvalidAdaptationMapping"
        cases = [
            (german, [self.dataset], "does not speak", "InvalidBaseModel"),
            (gone, [self.dataset], "not on offer any more", "InvalidBaseModel"),
            (old, [self.dataset], "expired for adaptation", "ModelDeprecated"),
            (text, [self.dataset], "cannot be adapted with this type", mapping),
            (self.base, [], "Choose the data", "InvalidDataset"),
            (self.base, [structured, spoken], "cannot be used together", mapping),
            (self.base, [machine], "does not train models", mapping),
            (self.base, [foreign], "“Theirs” is not of this", "InvalidDataset"),
            (self.base, [broken], "Its import has failed", "FailedDataset"),
            (self.base, [coming], "not imported yet", "InvalidDataset"),
        ]
        for base, datasets, reason, code in cases:
            with pytest.raises(Refused, match=reason) as told:
                services.create(self.project, base, datasets, "A")
            assert told.value.code == code, reason
        assert not SpeechModel.objects.exclude(project=None).exists()


class LifeTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = make_model(adapts_with=ALL_KINDS)
        self.model = make_model(
            "custom", project=self.project, base=self.base, reference="custom:1"
        )

    def fail_with(self, code: str) -> None:
        SpeechModel.objects.filter(pk=self.model.pk).update(
            status=Job.Status.FAILED, error_code=code
        )
        self.model.refresh_from_db()

    def test_only_a_failure_that_may_pass_is_repeated(self) -> None:
        for code, repeats in (("WorkerLost", True), ("NoUsableClip", False)):
            self.fail_with(code)
            assert services.can_repeat(self.model) is repeats
            services.retry(self.model)
            self.model.refresh_from_db()
            assert self.model.is_waiting is repeats

    def test_an_import_is_repeated_while_its_file_is_there(self) -> None:
        SpeechModel.objects.update(origin=SpeechModel.Origin.IMPORTED)
        for code, repeats in (("DiskFull", True), ("BadArchive", False)):
            self.fail_with(code)
            assert services.can_repeat(self.model) is repeats

    def test_deleting_removes_rows_and_files_and_tells_the_engine(self) -> None:
        name = default_storage.save(
            f"{self.model.folder}/report.json", ContentFile(b"{}")
        )
        with fake_engine(FakeEngine()) as engine, self.on_commit():
            services.delete(self.model)
        assert not SpeechModel.objects.filter(pk=self.model.pk).exists()
        assert not default_storage.exists(name)
        assert engine.removed == ["custom:1"]

    def test_deleting_what_is_gone_is_no_error(self) -> None:
        with fake_engine(FakeEngine()), self.on_commit():
            services.delete(self.model)
            services.delete(SpeechModel(pk=uuid4()))

    def test_a_model_that_a_test_uses_is_not_deleted(self) -> None:
        make_evaluation(self.project, models=[self.model])
        with pytest.raises(InUse):
            services.delete(self.model)
        assert SpeechModel.objects.filter(pk=self.model.pk).exists()

    def test_a_training_under_way_is_called_off(self) -> None:
        SpeechModel.objects.filter(pk=self.model.pk).update(
            status=Job.Status.NOT_STARTED
        )
        self.model.refresh_from_db()
        self.model.start()
        with fake_engine(FakeEngine()), self.on_commit():
            services.delete(SpeechModel.objects.get(pk=self.model.pk))
        assert not self.model.claimed().exists()
