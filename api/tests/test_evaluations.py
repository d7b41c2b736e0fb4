from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils.timezone import now

from api.tests.case import ApiTestCase, reference
from datasets.models import Dataset
from engines.fake import FakeEngine
from evaluations import services
from evaluations.models import Evaluation
from jobs.models import Job
from projects import services as projects
from speechstudio.test import fake_engine, make_dataset, make_evaluation, make_model

NEW = {"displayName": "March", "locale": "en-US"}
# Fifteen recordings, of which one model hears all and the other every third wrong.
TEXTS = ["take two tablets"] * 15
RIGHT = {str(position): text for position, text in enumerate(TEXTS, start=1)}
HEARD = RIGHT | {str(position): "take too tablets" for position in range(3, 16, 3)}
WORDS = {
    "wordErrorRate": 5 / 45,
    "wordCount": 45,
    "correctWordCount": 40,
    "wordSubstitutionCount": 5,
    "wordDeletionCount": 0,
    "wordInsertionCount": 0,
    "sentenceErrorRate": 5 / 15,
    "sentenceCount": 15,
}


class EvaluationsTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, TEXTS)
        self.base = make_model("base")
        self.custom = make_model("custom:1", project=self.project, base=self.base)

    def of(self, **fields: Any) -> dict[str, Any]:
        return {
            **NEW,
            "project": reference("projects", self.project),
            "dataset": reference("datasets", self.dataset),
            "model1": reference("models/base", self.base),
            "model2": reference("models", self.custom),
            **fields,
        }

    def run_test(self, **fields: Any) -> dict[str, Any]:
        """A test of which the first model is wrong now and then."""
        engine = FakeEngine(HEARD, custom_texts=RIGHT)
        engine.trained["custom:1"] = ("base", None, None)  # type: ignore[assignment]
        with fake_engine(engine), self.on_commit():
            made = self.call("POST", "evaluations", self.of(**fields))
        assert made.status_code == 201, made.content
        assert made.headers["Location"] == made.json()["self"]
        shown: dict[str, Any] = self.call("GET", made.json()["self"]).json()
        assert shown["status"] == "Succeeded", shown
        return shown

    def test_two_models_are_compared(self) -> None:
        shown = self.run_test(customProperties={"commit": "f4a8df2"})
        figures = shown["properties"]
        for name, value in WORDS.items():
            assert figures[f"{name}1"] == value, name
        assert (figures["wordErrorRate2"], figures["correctWordCount2"]) == (0, 45)
        wanted = {"commit": "f4a8df2", "testingKind": "Evaluation"}
        assert shown["customProperties"] == wanted
        for name, at in (
            ("model1", f"models/base/{self.base.pk}"),
            ("model2", f"models/{self.custom.pk}"),
            ("dataset", f"datasets/{self.dataset.pk}"),
        ):
            assert shown[name]["self"].split("?")[0].endswith(at)
        difference = figures["wordErrorRateDifference"]
        assert difference["isSignificant"] is True
        assert difference["low"] < difference["value"] < difference["high"] < 0
        assert difference["value"] == -5 / 45

    def test_the_difference_is_that_of_model_2_from_model_1(self) -> None:
        one, two = reference("models/base", self.base), reference("models", self.custom)
        shown = self.run_test(model1=two, model2=one)
        difference = shown["properties"]["wordErrorRateDifference"]
        assert 0 < difference["low"] < difference["value"] < difference["high"]

    def test_one_model_takes_both_places(self) -> None:
        same = reference("models/base", self.base)
        for fields in ({"model2": same}, {"model2": None}):
            with self.subTest(fields=fields):
                shown = self.run_test(**fields)
                assert shown["model1"] == shown["model2"]
                figures = shown["properties"]
                for name, value in WORDS.items():
                    assert figures[f"{name}1"] == figures[f"{name}2"] == value
                assert "wordErrorRateDifference" not in figures
        assert all(row.candidates.count() == 1 for row in Evaluation.objects.all())

    def test_figures_that_nobody_knows_yet_are_minus_one(self) -> None:
        shown = self.call("POST", "evaluations", self.of()).json()
        figures = shown["properties"]
        assert figures == {f"{name}{n}": -1 for n in (1, 2) for name in WORDS}
        answer = self.call("GET", shown["self"])
        assert answer.headers["Retry-After"] == "2"
        assert self.call("GET", shown["links"]["files"]).json() == {"values": []}

    def test_the_rate_of_no_words_is_left_out(self) -> None:
        self.dataset = make_dataset(self.project, [""])
        shown = self.run_test()["properties"]
        assert "wordErrorRate1" not in shown
        assert shown["wordCount1"] == 0

    def test_audio_alone_is_inspected_unless_somebody_says_otherwise(self) -> None:
        audio = make_dataset(self.project, [""], kind=Dataset.Kind.AUDIO)
        body = self.of(dataset=reference("datasets", audio))
        shown = self.call("POST", "evaluations", body).json()
        assert shown["customProperties"] == {"testingKind": "Inspection"}
        kind = {"testingKind": "Evaluation"}
        answer = self.call("POST", "evaluations", body | {"customProperties": kind})
        self.refused(answer, 400, "InvalidDataset", "dataset")
        body = self.of(customProperties={"testingKind": "Inspection"})
        shown = self.call("POST", "evaluations", body).json()
        assert Evaluation.objects.order_by("created").last().is_inspection  # type: ignore[union-attr]
        patch = {"customProperties": {"testingKind": "Evaluation"}}
        self.refused(self.call("PATCH", shown["self"], patch), 400)
        answer = self.call(
            "POST", "evaluations", self.of(customProperties={"testingKind": "x"})
        )
        self.refused(answer, 400, target="customProperties.testingKind")

    def test_each_recording_and_model_has_a_file(self) -> None:
        shown = self.run_test()
        page = self.call("GET", shown["links"]["files"]).json()["values"]
        assert len(page) == 30
        first, second = page[:2]
        assert first["name"] == "001.wav.model1_score.json"
        assert second["name"] == "001.wav.model2_score.json"
        assert {one["kind"] for one in page} == {"EvaluationDetails"}
        [third] = [one for one in page if one["name"] == "003.wav.model1_score.json"]
        assert self.call("GET", third["self"]).json()["name"] == third["name"]
        score = self.client.get(third["links"]["contentUrl"])
        assert score.headers["Content-Type"] == "application/json"
        content = score.getvalue().decode()
        assert "take,<substitution>too</substitution>,tablets" in content

    def test_what_is_wrong_is_refused_by_its_field(self) -> None:
        past = now() - timedelta(days=1)
        other = projects.create(self.alice, "Other", "en-US")
        theirs = projects.create(self.charlie, "Theirs", "en-US")
        models: list[tuple[Any, str]] = [
            (make_model("old", transcription_expires=past), "ModelDeprecated"),
            (make_model("de", languages="de"), "ModelMismatch"),
            (make_model("gone", is_offered=False), "InvalidModel"),
            (make_model("other", project=other), "InvalidModel"),
            (make_model("theirs", project=theirs), "InvalidModel"),
        ]
        for status in (Job.Status.FAILED, Job.Status.RUNNING):
            row = make_model(status, project=self.project, status=status)
            models.append((row, "InvalidModel"))
        for row, inner in models:
            with self.subTest(row.name):
                body = self.of(model2=reference("models", row))
                answer = self.call("POST", "evaluations", body)
                self.refused(answer, 400, inner, "model2")
        for row, inner in [
            (make_dataset(other), "InvalidDataset"),
            (make_dataset(theirs), "InvalidDataset"),
            (make_dataset(self.project, status=Job.Status.FAILED), "FailedDataset"),
            (make_dataset(self.project, status=Job.Status.RUNNING), "InvalidDataset"),
            (
                make_dataset(self.project, kind=Dataset.Kind.PLAIN_TEXT),
                "InvalidDataset",
            ),
        ]:
            with self.subTest(dataset=row):
                body = self.of(dataset=reference("datasets", row))
                answer = self.call("POST", "evaluations", body)
                self.refused(answer, 400, inner, "dataset")
        for fields, target in [
            ({"model1": None}, "model1"),
            ({"dataset": None}, "dataset"),
            ({"displayName": ""}, "displayName"),
            ({"locale": "de-DE"}, "locale"),
            ({"model3": reference("models", self.custom)}, "model3"),
        ]:
            with self.subTest(fields=fields):
                answer = self.call("POST", "evaluations", self.of(**fields))
                self.refused(answer, 400, target=target)
        assert not Evaluation.objects.exists()

    def test_the_list_has_filters_and_that_of_a_project_only_its_own(self) -> None:
        make_evaluation(self.project, self.dataset, [self.base], "First")
        other = projects.create(self.alice, "Other", "de-DE")
        make_evaluation(other, make_dataset(other), [self.base], "Second")
        for asked, names in [
            ("", ["First", "Second"]),
            ("locale eq 'de-DE'", ["Second"]),
            ("status eq 'Succeeded'", []),
        ]:
            with self.subTest(filter=asked):
                shown = self.call("GET", "evaluations", filter=asked).json()["values"]
                assert [one["displayName"] for one in shown] == names
        path = f"projects/{self.project.pk}/evaluations"
        shown = self.call("GET", path).json()["values"]
        assert [one["displayName"] for one in shown] == ["First"]

    def test_a_list_costs_as_many_queries_for_ten_tests_as_for_one(self) -> None:
        make_evaluation(self.project, self.dataset, [self.base, self.custom])
        self.call("GET", "evaluations")  # notes the use of the key
        with self.assertNumQueries(5):
            self.call("GET", "evaluations")
        for _ in range(9):
            make_evaluation(self.project, self.dataset, [self.base, self.custom])
        with self.assertNumQueries(5):
            self.call("GET", "evaluations")

    def test_it_is_renamed_and_deleted_and_its_files_end_with_it(self) -> None:
        shown = self.run_test()
        patch = {"displayName": "April", "customProperties": {"a": "b"}}
        changed = self.call("PATCH", shown["self"], patch).json()
        assert changed["displayName"] == "April"
        assert changed["customProperties"] == {"a": "b", "testingKind": "Evaluation"}
        file, *_ = self.call("GET", shown["links"]["files"]).json()["values"]
        assert self.call("DELETE", shown["self"]).status_code == 204
        self.refused(self.call("GET", shown["self"]), 404, target="id")
        assert self.client.get(file["links"]["contentUrl"]).status_code == 404

    def test_a_stranger_sees_nothing_and_a_viewer_changes_nothing(self) -> None:
        row = make_evaluation(self.project, self.dataset, [self.base])
        path = f"evaluations/{row.pk}"
        shown = self.call("GET", "evaluations", key=self.charlie_key).json()
        assert shown == {"values": []}
        for below in ("", "/files", f"/files/{uuid4()}"):
            answer = self.call("GET", path + below, key=self.charlie_key)
            self.refused(answer, 404)
        for method, body in (("PATCH", {"displayName": "x"}), ("DELETE", None)):
            answer = self.call(method, path, body, key=self.bob_key)
            self.refused(answer, 403, "InvalidPermissions")
        answer = self.call("POST", "evaluations", self.of(), key=self.bob_key)
        self.refused(answer, 403, "InvalidPermissions")

    def test_models_beyond_two_follow_by_their_numbers(self) -> None:
        third = make_model("third")
        models = [self.base, self.custom, third]
        row = services.create(self.project, self.dataset, models, "Three")
        shown = self.call("GET", f"evaluations/{row.pk}").json()
        assert shown["model3"]["self"].split("?")[0].endswith(str(third.pk))
        assert shown["properties"]["wordErrorRate3"] == -1

    def test_locales_are_all_of_them(self) -> None:
        assert "de-DE" in self.call("GET", "evaluations/locales").json()
