from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings
from django.utils.timezone import now

from api import keys
from api.tests.case import ApiTestCase, reference
from datasets.models import Dataset
from engines.fake import FakeEngine
from evaluations import services as evaluations
from jobs.models import Job
from projects import services as projects
from speechstudio.test import fake_engine, make_dataset, make_model
from training.models import SpeechModel

KINDS = " ".join(kind for kind in Dataset.Kind.values)
_OLD, _BAD = "ModelDeprecated", "InvalidBaseModel"
NEW = {"displayName": "Ward A", "locale": "en-US"}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"displayName": ""}, "", "displayName"),
    ({"locale": "de-DE"}, "", ""),
    ({"datasets": []}, "InvalidDataset", "datasets"),
    ({"datasets": {"self": "x"}}, "", "datasets"),
    ({"datasets": ["x"]}, "", "datasets[0]"),
    ({"datasets": [{"id": "x"}]}, "", "datasets[0].self"),
    ({"datasets": [{"self": "x"}]}, "", "datasets[0].self"),
    ({"text": "one two"}, "", "text"),
    ({"properties": {"customModelWeightPercent": 0}}, "", ""),
    ({"properties": {"customModelWeightPercent": 101}}, "", ""),
    ({"properties": {"customModelWeightPercent": 30.5}}, "", ""),
    ({"properties": {"email": "a@b.c"}}, "", "properties.email"),
    ({"baseModel": {"self": "https://other.example/x"}}, "", "baseModel.self"),
]


class ModelsTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = make_model("base", adapts_with=KINDS)
        self.dataset = make_dataset(self.project)

    def of(self, **fields: Any) -> dict[str, Any]:
        data = [reference("datasets", self.dataset)]
        named = {"project": reference("projects", self.project), "datasets": data}
        return {**NEW, **named, **fields}

    def made(self, **fields: Any) -> SpeechModel:
        values: dict[str, Any] = {"project": self.project, "base": self.base}
        return make_model("custom:1", **values | fields)

    def test_one_is_made_and_trained(self) -> None:
        body = self.of(
            baseModel=reference("models/base", self.base),
            properties={"customModelWeightPercent": 40},
            customProperties={"commit": "f4a8df2"},
            description="May",
        )
        with fake_engine(FakeEngine()), self.on_commit():
            made = self.call("POST", "models", body)
        assert made.status_code == 201
        assert made.headers["Location"] == made.json()["self"]
        shown = self.call("GET", made.json()["self"]).json()
        row = SpeechModel.objects.get(project=self.project)
        assert (row.base, row.text_weight, row.description) == (self.base, 40, "May")
        assert list(row.datasets.all()) == [self.dataset]
        for name, at in (
            ("baseModel", f"models/base/{self.base.pk}"),
            ("project", f"projects/{self.project.pk}"),
        ):
            assert shown[name]["self"].split("?")[0].endswith(at)
        assert len(shown["datasets"]) == 1
        assert shown["properties"]["customModelWeightPercent"] == 40
        assert shown["customProperties"] == {"commit": "f4a8df2"}
        assert "transcriptionDateTime" in shown["properties"]["deprecationDates"]
        assert shown["links"].keys() == {"manifest", "copy", "files"}
        assert shown["links"]["copy"].split("?")[0].endswith(f"models/{row.pk}:copy")

    def test_without_a_base_model_it_is_the_newest(self) -> None:
        newest = make_model("new", adapts_with=KINDS, released=now().date())
        assert self.call("POST", "models", self.of()).status_code == 201
        row = SpeechModel.objects.get(project=self.project)
        assert (row.base, row.text_weight) == (newest, 30)

    def test_data_that_is_named_twice_counts_once(self) -> None:
        named = [reference("datasets", self.dataset)] * 2
        assert self.call("POST", "models", self.of(datasets=named)).status_code == 201
        row = SpeechModel.objects.get(project=self.project)
        assert row.datasets.count() == 1

    def test_what_is_wrong_is_refused_by_its_field(self) -> None:
        for fields, inner, target in REFUSED:
            with self.subTest(fields=fields):
                answer = self.call("POST", "models", self.of(**fields))
                self.refused(answer, 400, inner, target)
        assert not SpeechModel.objects.filter(project=self.project).exists()

    def test_a_base_model_that_cannot_be_trained_is_refused_with_its_reason(
        self,
    ) -> None:
        past = now() - timedelta(days=1)
        custom = self.made()
        theirs = make_model(
            "theirs", project=projects.create(self.charlie, "Theirs", "en-US")
        )
        for row, inner in [
            (make_model("old", adapts_with=KINDS, adaptation_expires=past), _OLD),
            (make_model("de", adapts_with=KINDS, languages="de"), _BAD),
            (make_model("gone", adapts_with=KINDS, is_offered=False), _BAD),
            (custom, _BAD),
            (theirs, _BAD),
        ]:
            with self.subTest(row.name):
                body = self.of(baseModel=reference("models/base", row))
                answer = self.call("POST", "models", body)
                self.refused(answer, 400, inner, "baseModel")
        learns_text = make_model("text", adapts_with="Language")
        made = make_dataset(self.project, kind=Dataset.Kind.AUDIO)
        body = self.of(
            baseModel=reference("models/base", learns_text),
            datasets=[reference("datasets", made)],
        )
        answer = self.call("POST", "models", body)
        self.refused(answer, 400, "InvalidAdaptationMapping", "datasets")

    def test_where_nothing_can_be_trained_it_says_so(self) -> None:
        self.base.delete()
        answer = self.call("POST", "models", self.of())
        self.refused(answer, 400, _BAD, "baseModel")

    def test_data_that_cannot_train_is_refused_with_its_reason(self) -> None:
        other = projects.create(self.alice, "Other", "en-US")
        theirs = projects.create(self.charlie, "Theirs", "en-US")
        mapping = "InvalidAdaptationMapping"
        for rows, inner in [
            ([make_dataset(other)], "InvalidDataset"),
            ([make_dataset(theirs)], "InvalidDataset"),
            ([make_dataset(self.project, status=Job.Status.FAILED)], "FailedDataset"),
            (
                [make_dataset(self.project, status=Job.Status.NOT_STARTED)],
                "InvalidDataset",
            ),
            (
                [
                    make_dataset(self.project, kind=Dataset.Kind.PRONUNCIATION),
                    make_dataset(self.project, kind=Dataset.Kind.STRUCTURED_TEXT),
                ],
                mapping,
            ),
        ]:
            with self.subTest(rows=rows):
                named = [reference("datasets", row) for row in rows]
                answer = self.call("POST", "models", self.of(datasets=named))
                self.refused(answer, 400, inner)

    def test_the_list_has_filters_and_that_of_a_project_only_its_own(self) -> None:
        first = self.made()
        other = projects.create(self.alice, "Other", "de-DE")
        make_model("custom:2", project=other, base=self.base, status=Job.Status.FAILED)
        for asked, names in [
            ("", ["custom:1", "custom:2"]),
            ("status eq 'Failed'", ["custom:2"]),
            ("locale eq 'en-US'", ["custom:1"]),
            ("not (displayName eq 'custom:1')", ["custom:2"]),
        ]:
            with self.subTest(filter=asked):
                shown = self.call("GET", "models", filter=asked).json()["values"]
                assert [one["displayName"] for one in shown] == names
        path = f"projects/{self.project.pk}/models"
        shown = self.call("GET", path).json()["values"]
        assert [one["self"].split("?")[0][-36:] for one in shown] == [str(first.pk)]
        _, key = keys.make(self.alice, "one", project=other)
        shown = self.call("GET", "models", key=key).json()["values"]
        assert [one["displayName"] for one in shown] == ["custom:2"]

    def test_a_list_costs_as_many_queries_for_ten_models_as_for_one(self) -> None:
        first = self.made()
        first.datasets.add(self.dataset)
        self.call("GET", "models")  # notes the use of the key, which the next do not
        with self.assertNumQueries(5):
            self.call("GET", "models")
        for number in range(9):
            row = make_model(f"x{number}", project=self.project, base=self.base)
            row.datasets.add(self.dataset)
        with self.assertNumQueries(5):
            self.call("GET", "models")

    def test_name_description_and_properties_change_and_nothing_else(self) -> None:
        row = self.made(custom_properties={"a": "b"})
        path = f"models/{row.pk}"
        patch: dict[str, Any] = {"displayName": "June", "description": "of 2026"}
        patch |= {"customProperties": {"a": None, "c": "d"}}
        shown = self.call("PATCH", path, patch).json()
        assert (shown["displayName"], shown["description"]) == ("June", "of 2026")
        assert shown["customProperties"] == {"c": "d"}
        answer = self.call("PATCH", path, {"baseModel": None})
        self.refused(answer, 400, target="baseModel")
        other = projects.create(self.alice, "Other", "en-US")
        patch = {"project": reference("projects", other)}
        self.refused(self.call("PATCH", path, patch), 409, "InvalidProject", "project")

    def test_what_is_in_use_is_not_deleted(self) -> None:
        row = self.made()
        test = evaluations.create(self.project, self.dataset, [row], "Test")
        path = f"models/{row.pk}"
        self.refused(self.call("DELETE", path), 409, "InUseViolation", "id")
        test.delete()
        assert self.call("DELETE", path).status_code == 204
        self.refused(self.call("GET", path), 404, target="id")

    def test_one_that_failed_says_why(self) -> None:
        row = self.made(
            status=Job.Status.FAILED, error="No sound.", error_code="NoUsableData"
        )
        shown = self.call("GET", f"models/{row.pk}").json()["properties"]
        assert shown["error"] == {"code": "NoUsableData", "message": "No sound."}

    def test_a_stranger_sees_nothing_and_a_viewer_changes_nothing(self) -> None:
        path = f"models/{self.made().pk}"
        shown = self.call("GET", "models", key=self.charlie_key).json()
        assert shown == {"values": []}
        for below in ("", "/files", f"/files/{uuid4()}", "/manifest"):
            answer = self.call("GET", path + below, key=self.charlie_key)
            self.refused(answer, 404)
        for method, below, body in (
            ("PATCH", "", {"displayName": "x"}),
            ("DELETE", "", None),
            ("GET", "/manifest", None),
        ):
            answer = self.call(method, path + below, body, key=self.bob_key)
            self.refused(answer, 403, "InvalidPermissions")
        answer = self.call("POST", "models", self.of(), key=self.bob_key)
        self.refused(answer, 403, "InvalidPermissions")

    def test_its_report_is_fetched_by_a_link_without_a_key(self) -> None:
        row = self.made()
        path = f"models/{row.pk}/files"
        assert self.call("GET", path).json() == {"values": []}
        row.report_file.name = default_storage.save(
            f"{row.folder}/report.json", ContentFile(b'{"a": 1}')
        )
        row.save()
        [shown] = self.call("GET", path).json()["values"]
        assert (shown["name"], shown["kind"]) == ("report.json", "ModelReport")
        assert self.call("GET", shown["self"]).json()["name"] == "report.json"
        fetched = self.client.get(shown["links"]["contentUrl"])
        assert fetched.getvalue() == b'{"a": 1}'

    def test_locales_are_those_that_can_be_trained(self) -> None:
        assert "de-DE" in self.call("GET", "models/locales").json()
        SpeechModel.objects.update(languages="en")
        shown = self.call("GET", "models/locales").json()
        assert "en-GB" in shown
        assert "de-DE" not in shown
        SpeechModel.objects.update(adapts_with="")
        assert self.call("GET", "models/locales").json() == []


class ManifestTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        changed = override_settings(ENGINE_MODELS_DIR=Path(folder.name))
        changed.enable()
        self.addCleanup(changed.disable)
        key = uuid4()
        self.row = make_model(
            f"custom:{key}", project=self.project, base=make_model(), pk=key
        )
        self.folder = Path(folder.name) / "custom" / str(key)
        self.folder.mkdir(parents=True)
        (self.folder / "model.bin").write_bytes(b"W" * 600_000)
        (self.folder / "config.json").write_bytes(b"{}")
        self.path = f"models/{self.row.pk}/manifest"

    def test_it_links_to_every_file_of_the_model(self) -> None:
        shown = self.call("GET", self.path, sasLifetimeMinutes=5).json()
        assert shown["model"]["self"].split("?")[0].endswith(str(self.row.pk))
        links = {one["name"]: one["contentUrl"] for one in shown["modelFiles"]}
        assert links.keys() == {"model.bin", "config.json"}
        fetched = self.client.get(links["model.bin"])
        assert fetched.getvalue() == b"W" * 600_000
        assert fetched.headers["Content-Length"] == "600000"

    def test_how_long_its_links_are_good_must_be_said(self) -> None:
        answer = self.call("GET", self.path)
        inner, target = "InvalidSasValidityDuration", "sasLifetimeMinutes"
        self.refused(answer, 400, inner, target)
        answer = self.call("GET", self.path, sasLifetimeMinutes=0)
        self.refused(answer, 400, inner, target)

    def test_files_that_are_not_there_or_not_yet_are_no_files(self) -> None:
        shutil.rmtree(self.folder)
        answer = self.call("GET", self.path, sasLifetimeMinutes=5)
        self.refused(answer, 409, "InvalidModel")
        SpeechModel.objects.filter(pk=self.row.pk).update(status="Running")
        answer = self.call("GET", self.path, sasLifetimeMinutes=5)
        self.refused(answer, 409, "InvalidModel", "id")

    def test_a_base_model_has_one_once_it_is_here(self) -> None:
        row = make_model("Systran/one", engine="whisper")
        path = f"models/base/{row.pk}/manifest"
        answer = self.call("GET", path, sasLifetimeMinutes=5)
        self.refused(answer, 409, "InvalidModel")
        folder = self.folder.parents[1] / "Systran--one"
        folder.mkdir()
        (folder / "model.bin").write_bytes(b"W")
        [file] = self.call("GET", path, sasLifetimeMinutes=5).json()["modelFiles"]
        assert self.client.get(file["contentUrl"]).getvalue() == b"W"


class BaseModelsTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        dates = {"adaptation_expires": now(), "transcription_expires": now()}
        self.base = make_model(
            "Tiny",
            languages="de",
            adapts_with="Acoustic Language Transcript",
            status=Job.Status.NOT_STARTED,
            **dates,
        )

    def test_each_is_one_of_every_locale_that_it_speaks(self) -> None:
        shown = self.call("GET", "models/base").json()["values"]
        assert [one["locale"] for one in shown] == ["de-AT", "de-CH", "de-DE"]
        for one in shown:
            assert self.call("GET", one["self"]).json() == one
        [one] = self.call("GET", "models/base", filter="locale eq 'de-DE'").json()[
            "values"
        ]
        assert one["status"] == "Succeeded"
        features = one["properties"]["features"]
        assert features["supportsAdaptationsWith"] == ["Acoustic", "Language"]
        assert one["properties"]["deprecationDates"].keys() == {
            "adaptationDateTime",
            "transcriptionDateTime",
        }

    def test_one_that_speaks_everything_is_in_every_locale(self) -> None:
        make_model("Large")
        page = self.call("GET", "models/base", top=1000).json()["values"]
        assert {one["locale"] for one in page} > {"en-US", "de-DE", "fr-FR"}

    def test_what_is_not_on_offer_is_not_listed_but_known(self) -> None:
        SpeechModel.objects.update(is_offered=False)
        assert self.call("GET", "models/base").json() == {"values": []}
        path = f"models/base/{self.base.pk}"
        assert self.call("GET", path).status_code == 200
        self.refused(self.call("GET", path, locale="en-US"), 404, "InvalidLocale")

    def test_base_and_custom_models_are_no_others(self) -> None:
        custom = make_model("custom:1", project=self.project, base=self.base)
        self.refused(self.call("GET", f"models/base/{custom.pk}"), 404, target="id")
        self.refused(self.call("GET", f"models/{self.base.pk}"), 404, target="id")
        assert self.call("DELETE", f"models/{self.base.pk}").status_code == 204
        assert SpeechModel.objects.filter(pk=self.base.pk).exists()

    def test_in_v32_features_have_the_old_name(self) -> None:
        shown = self.call("GET", f"v3.2/models/base/{self.base.pk}").json()
        assert shown["properties"]["features"]["supportsTranscriptions"] is True
