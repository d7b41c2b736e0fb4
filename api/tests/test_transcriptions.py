from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from api.tests.case import ApiTestCase, reference
from editor import disk
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from speechstudio.test import fake_engine, make_dataset, make_model
from training.models import SpeechModel
from transcriptions import services
from transcriptions.models import Transcription, TranscriptionFile

URL = "https://storage.example.net/audio/ward-01.wav"
NEW: dict[str, Any] = {
    "displayName": "Monday",
    "locale": "en-US",
    "properties": {"timeToLiveHours": 48},
}
SAS = "sv=2025-01-05&sr=c&sp=rlw&sig=s3cr3t"
# Properties that are refused, with the code and the field, below `properties`.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"timeToLiveHours": None}, "InvalidTimeToLive", "timeToLiveHours"),
    ({"timeToLiveHours": 5}, "InvalidTimeToLive", "timeToLiveHours"),
    ({"timeToLiveHours": 745}, "InvalidTimeToLive", "timeToLiveHours"),
    ({"timeToLiveHours": "48"}, "InvalidTimeToLive", "timeToLiveHours"),
    ({"timeToLiveHours": 48.5}, "InvalidTimeToLive", "timeToLiveHours"),
    ({"timeToLive": "PT48H"}, "", "timeToLive"),
    ({"channels": []}, "InvalidChannels", "channels"),
    ({"channels": [2]}, "InvalidChannels", "channels"),
    ({"channels": [0, 0]}, "InvalidChannels", "channels"),
    ({"channels": [True]}, "InvalidChannels", "channels"),
    ({"channels": "0"}, "", "channels"),
    ({"punctuationMode": "Dictated"}, "", "punctuationMode"),
    ({"punctuationMode": "automatic"}, "", "punctuationMode"),
    ({"profanityFilterMode": "Some"}, "", "profanityFilterMode"),
    ({"wordLevelTimestampsEnabled": 1}, "", "wordLevelTimestampsEnabled"),
    ({"diarization": {"enabled": True}}, "", "diarization"),
    ({"diarization": {"enabled": True, "maxSpeakers": 40}}, "", "diarization."),
    ({"diarization": {"speakers": {}}}, "", "diarization.speakers"),
    (
        {"languageIdentification": {"candidateLocales": ["de-DE", "en-US"]}},
        "",
        "languageIdentification",
    ),
    ({"destinationContainerUrl": "https://a.example/c"}, "", "destinationC"),
    ({"email": "a@b.c"}, "", "email"),
    ({"diarizationEnabled": False}, "", "diarizationEnabled"),
]


class TranscriptionsTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.model = make_model()

    def of(self, body: dict[str, Any], **properties: Any) -> dict[str, Any]:
        return NEW | body | {"properties": NEW["properties"] | properties}

    def submit(self, body: dict[str, Any], **properties: Any) -> Any:
        return self.call("POST", "transcriptions:submit", self.of(body, **properties))

    def make(self, **answers: Any) -> Transcription:
        answers = {"name": "Monday", "channels": [0, 1]} | answers
        return services.create(self.project, self.model, urls=[URL], **answers)

    def content(self, link: str) -> Any:
        parts = urlsplit(link)
        answer = self.client.get(f"{parts.path}?{parts.query}")
        assert answer.status_code == 200
        return json.loads(b"".join(answer.streaming_content))

    def test_a_dataset_is_transcribed_into_results_and_a_report(self) -> None:
        dataset = make_dataset(self.project, ["one", "two"])
        body = {"dataset": reference("datasets", dataset), "description": "of May"}
        with fake_engine(FakeEngine({"0": "Good morning."})), self.on_commit():
            made = self.submit(body, channels=[0], wordLevelTimestampsEnabled=True)
        assert made.status_code == 201
        assert made.json()["status"] == "NotStarted"
        shown = self.call("GET", made.headers["Location"]).json()
        assert shown["status"] == "Succeeded"
        assert shown["properties"]["durationMilliseconds"] == 1000
        assert f"models/base/{self.model.pk}" in shown["model"]["self"]
        listed = self.call("GET", shown["links"]["files"]).json()["values"]
        names = ["contenturl_0.json", "contenturl_1.json", "report.json"]
        assert [file["name"] for file in listed] == names
        kinds = ["Transcription", "Transcription", "TranscriptionReport"]
        assert [file["kind"] for file in listed] == kinds
        for file in listed:
            assert self.call("GET", file["self"]).json()["name"] == file["name"]
        first = self.content(listed[0]["links"]["contentUrl"])
        assert first["combinedRecognizedPhrases"][0]["display"] == "Good morning."
        report = self.content(listed[2]["links"]["contentUrl"])
        assert report["successfulTranscriptionsCount"] == 2
        asked = "kind eq 'TranscriptionReport'"
        path = f"transcriptions/{Transcription.objects.get().pk}/files"
        listed = self.call("GET", path, filter=asked).json()["values"]
        assert [file["name"] for file in listed] == ["report.json"]

    def test_the_options_arrive_and_are_shown(self) -> None:
        shown = self.submit(
            {"contentUrls": [f"{URL}?sig=s3cr3t", URL]},
            displayFormWordLevelTimestampsEnabled=True,
            channels=[1, 0],
            punctuationMode="None",
            profanityFilterMode="Tags",
            timeToLiveHours=744,
            destinationContainerUrl=f"https://a.blob.example/results?{SAS}",
            diarization={"enabled": False, "maxSpeakers": 2},
            languageIdentification=None,
        ).json()
        assert shown["properties"] == {
            "wordLevelTimestampsEnabled": False,
            "displayFormWordLevelTimestampsEnabled": True,
            "channels": [0, 1],
            "punctuationMode": "None",
            "profanityFilterMode": "Tags",
            "timeToLiveHours": 744,
            "destinationContainerUrl": "https://a.blob.example/results",
        }
        assert "s3cr3t" not in json.dumps(shown)
        row = Transcription.objects.get()
        assert [file.address for file in row.files.all()] == [f"{URL}?sig=s3cr3t", URL]
        assert (row.hours, "s3cr3t" in row.destination_address) == (744, True)

    def test_what_is_left_out_is_as_in_the_reference(self) -> None:
        shown = self.submit({"contentUrls": [URL]}).json()
        assert shown["properties"]["channels"] == [0, 1]
        assert shown["properties"]["profanityFilterMode"] == "Masked"
        assert str(self.project.pk) in shown["project"]["self"]

    def test_the_default_punctuation_is_automatic_and_the_answer_says_so(self) -> None:
        for properties in (
            {},
            {"punctuationMode": "Automatic"},
            {"punctuationMode": "DictatedAndAutomatic"},
        ):
            with self.subTest(properties=properties):
                shown = self.submit({"contentUrls": [URL]}, **properties).json()
                assert shown["properties"]["punctuationMode"] == "Automatic"

    def test_what_cannot_be_done_is_refused_by_its_name(self) -> None:
        for properties, inner, target in REFUSED:
            with self.subTest(properties=properties):
                answer = self.submit({"contentUrls": [URL]}, **properties)
                self.refused(answer, 400, inner)
                said = answer.json()["target"]
                assert said.startswith(f"properties.{target}"), said
        assert not Transcription.objects.exists()

    def test_one_source_is_needed_and_only_one(self) -> None:
        dataset = {"dataset": reference("datasets", make_dataset(self.project))}
        container = {"contentContainerUrl": f"https://a.blob.example/c?{SAS}"}
        urls = {"contentUrls": [URL]}
        for body in (
            {},
            {"contentUrls": []},
            urls | dataset,
            urls | container,
            container | dataset,
        ):
            with self.subTest(body=body):
                answer = self.submit(body)
                self.refused(answer, 400, "OnlyOneOfUrlsOrContainerOrDataset")
        assert self.submit(container).status_code == 201

    def test_addresses_that_are_none_and_too_many_are_refused(self) -> None:
        for urls, inner, target in [
            ([URL] * 1001, "ExceededNumberOfRecordingsUris", "contentUrls"),
            ([URL, "ftp://a.example/b.wav"], "InvalidRecordingsUri", "contentUrls"),
            ([URL, "https://a:b@a.example/b"], "InvalidRecordingsUri", "contentUrls"),
            ([URL, 7], "InvalidRecordingsUri", "contentUrls[1]"),
            ([URL, ""], "InvalidRecordingsUri", "contentUrls[1]"),
            ([f"{URL} {URL}"], "InvalidRecordingsUri", "contentUrls[0]"),
            (URL, "InvalidParameterValue", "contentUrls"),
        ]:
            with self.subTest(target=target, inner=inner):
                answer = self.submit({"contentUrls": urls})
                self.refused(answer, 400, inner, target)
        answer = self.submit({"contentContainerUrl": "https://a.example/c?sp=w&sig=x"})
        self.refused(answer, 400, "InvalidRecordingsUri", "contentContainerUrl")

    def test_a_model_or_a_dataset_that_does_not_fit_is_refused(self) -> None:
        theirs = projects.create(self.charlie, "Other", "en-US")
        over = now() - timedelta(days=1)
        urls = {"contentUrls": [URL]}
        old = make_model("Old", transcription_expires=over)
        german = make_model("German", languages="de")
        custom = make_model("Theirs", project=theirs, base=self.model)
        for body, inner, target in [
            ({**urls, "model": reference("models/base", old)}, "ModelDeprecated", ""),
            ({**urls, "model": reference("models/base", german)}, "InvalidModel", ""),
            ({**urls, "model": reference("models", custom)}, "InvalidModel", ""),
            ({"dataset": reference("datasets", make_dataset(theirs))}, "", "dataset"),
        ]:
            with self.subTest(body=body):
                answer = self.submit(body)
                inner = inner or "InvalidDataset"
                self.refused(answer, 400, inner, target or "model")
        SpeechModel.objects.exclude(pk=german.pk).delete()
        self.refused(self.submit(urls), 400, "InvalidModel", "model")

    def test_a_full_disk_is_told(self) -> None:
        with patch.object(services, "look_ahead", side_effect=disk.DiskFull):
            self.refused(self.submit({"contentUrls": [URL]}), 503)

    def test_version_32_has_its_own_address_and_names(self) -> None:
        body: dict[str, Any] = {**NEW, "contentUrls": [URL]}
        for given, shown_as, hours in [
            (None, "PT744H", 744),
            ("PT12H", "PT12H", 12),
            ("P2D", "PT48H", 48),
            ("PT6H30M", "PT7H", 7),
        ]:
            with self.subTest(given=given):
                body["properties"] = {"timeToLive": given, "diarizationEnabled": False}
                answer = self.call("POST", "v3.2/transcriptions", body)
                assert answer.status_code == 201
                shown = answer.json()
                assert shown["properties"]["timeToLive"] == shown_as
                assert "/speechtotext/v3.2/transcriptions/" in shown["self"]
                row = Transcription.objects.latest("created")
                assert row.hours == hours
        for wrong in ("PT5H", "P32D", "PT0S", "48:00:00", "48", "P", "P9999999999D"):
            with self.subTest(wrong=wrong):
                body["properties"] = {"timeToLive": wrong}
                answer = self.call("POST", "v3.2/transcriptions", body)
                target = "properties.timeToLive"
                self.refused(answer, 400, "InvalidTimeToLive", target)
        for wish in ({"diarizationEnabled": True}, {"diarization": {"speakers": {}}}):
            body["properties"] = wish
            answer = self.call("POST", "v3.2/transcriptions", body)
            self.refused(answer, 400, target="properties.diarization")
        self.refused(self.call("POST", "v3.2/transcriptions:submit", body), 404)
        self.refused(self.call("POST", "transcriptions", body), 405)

    def test_locales_are_those_that_a_base_model_speaks(self) -> None:
        SpeechModel.objects.update(languages="de")
        shown = self.call("GET", "transcriptions/locales").json()
        assert "de-AT" in shown["Submit"] and "en-US" not in shown["Submit"]
        assert shown["Transcribe"] == shown["Submit"]
        listed = self.call("GET", "v3.2/transcriptions/locales").json()
        assert listed == shown["Submit"]

    def test_it_is_listed_renamed_and_deleted(self) -> None:
        row = self.make()
        self.make(name="Tuesday")
        path = f"transcriptions/{row.pk}"
        for listed in ("transcriptions", f"projects/{self.project.pk}/transcriptions"):
            shown = self.call("GET", listed, filter="displayName eq 'Monday'").json()
            assert [one["self"] for one in shown["values"]] == [
                self.call("GET", path).json()["self"]
            ]
        patch: dict[str, Any] = {"displayName": "May", "description": "2026"}
        patch["customProperties"] = {"ticket": "7"}
        shown = self.call("PATCH", path, patch).json()
        assert (shown["displayName"], shown["description"]) == ("May", "2026")
        assert shown["customProperties"] == {"ticket": "7"}
        answer = self.call("PATCH", path, {"properties": {"timeToLiveHours": 6}})
        self.refused(answer, 400, target="properties")
        assert self.call("DELETE", path).status_code == 204
        self.refused(self.call("GET", path), 404, target="id")

    def test_one_that_failed_says_why(self) -> None:
        row = self.make()
        row.start()
        row.fail("Not to be had.", "container.denied")
        shown = self.call("GET", f"transcriptions/{row.pk}").json()
        assert shown["status"] == "Failed"
        error = {"code": "container.denied", "message": "Not to be had."}
        assert shown["properties"]["error"] == error
        assert shown["properties"]["durationMilliseconds"] == 0

    def test_results_outlive_their_model(self) -> None:
        row = self.make(status=Job.Status.SUCCEEDED)
        SpeechModel.objects.all().delete()
        assert "model" not in self.call("GET", f"transcriptions/{row.pk}").json()

    def test_one_file_is_found_without_reading_the_rows_of_all(self) -> None:
        row = self.make(status=Job.Status.SUCCEEDED)
        TranscriptionFile.objects.bulk_create(
            TranscriptionFile(transcription=row, position=number, result=f"{number}")
            for number in range(1, 300)
        )
        listed = self.call("GET", f"transcriptions/{row.pk}/files", top=1000).json()
        last = listed["values"][-1]
        assert last["name"] == "contenturl_299.json"
        with CaptureQueriesContext(connection) as asked:
            assert self.call("GET", last["self"]).json()["name"] == last["name"]
        read = [one["sql"] for one in asked if "transcriptionfile" in one["sql"]]
        assert all("COUNT" in one or " = 299" in one for one in read), read
        answer = self.call("GET", f"transcriptions/{row.pk}/files/{uuid4()}")
        self.refused(answer, 404, target="fileId")

    def test_a_stranger_sees_nothing_and_a_viewer_changes_nothing(self) -> None:
        path = f"transcriptions/{self.make().pk}"
        for below in ("", "/files", f"/files/{uuid4()}"):
            answer = self.call("GET", path + below, key=self.charlie_key)
            self.refused(answer, 404)
        for method, body in (("PATCH", {"displayName": "x"}), ("DELETE", None)):
            answer = self.call(method, path, body, key=self.bob_key)
            self.refused(answer, 403, "InvalidPermissions")
        body = self.of({"contentUrls": [URL]})
        body["project"] = reference("projects", self.project)
        answer = self.call("POST", "transcriptions:submit", body, key=self.bob_key)
        self.refused(answer, 403, "InvalidPermissions")
