from __future__ import annotations

import json
import re
import time
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from django.http import HttpResponse

from api.tests.case import ApiTestCase
from datasets.models import Dataset, Finding
from speechstudio.test import make_dataset


class FilesTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.row = make_dataset(self.project)
        self.path = f"datasets/{self.row.pk}/files"

    def files(self, **query: object) -> dict[str, dict[str, Any]]:
        values = self.call("GET", self.path, **query).json()["values"]
        return {one["kind"]: one for one in values}

    def link(self, kind: str = "AcousticDataArchive", **query: object) -> str:
        return str(self.files(**query)[kind]["links"]["contentUrl"])

    def fetch(self, link: str, **headers: str) -> Any:
        """Without any key."""
        return self.client.get(
            link.removeprefix("http://testserver"), headers=headers or None
        )

    def test_the_source_and_the_report_are_listed_and_found_again(self) -> None:
        found = self.files()
        assert found.keys() == {"DatasetReport", "AcousticDataArchive"}
        for shown in found.values():
            again = self.call("GET", shown["self"]).json()
            assert (again["name"], again["kind"]) == (shown["name"], shown["kind"])
        assert found["AcousticDataArchive"]["name"] == "calls.zip"
        assert found["AcousticDataArchive"]["properties"]["size"] == 4
        self.refused(self.call("GET", f"{self.path}/{self.row.pk}"), 404, "", "fileId")

    def test_the_kind_of_a_source_is_that_of_its_data(self) -> None:
        kinds = Dataset.Kind
        for kind, name, expected in [
            (kinds.AUDIO, "a.zip", "AcousticDataArchive"),
            (kinds.AUDIO, "a.flac", "Audio"),
            (kinds.TRANSCRIPT, "a.txt", "AcousticDataTranscriptionV2"),
            (kinds.PLAIN_TEXT, "a.txt", "LanguageData"),
            (kinds.STRUCTURED_TEXT, "a.md", "LanguageData"),
            (kinds.PRONUNCIATION, "a.txt", "PronunciationData"),
            (kinds.OUTPUT_FORMAT, "a.md", "OutputFormattingData"),
        ]:
            with self.subTest(kind=kind, name=name):
                Dataset.objects.update(kind=kind, source_name=name)
                assert expected in self.files()

    def test_a_link_needs_no_key_and_serves_parts(self) -> None:
        link = self.link()
        answer = self.fetch(link)
        assert b"".join(answer.streaming_content) == b"PK\5\6"
        assert 'filename="calls.zip"' in answer.headers["Content-Disposition"]
        part = self.fetch(link, Range="bytes=1-2")
        assert part.status_code == 206
        assert b"".join(part.streaming_content) == b"K\5"

    def test_the_report_is_made_when_it_is_asked_for(self) -> None:
        Finding.objects.create(
            dataset=self.row, level="error", file="a.wav", rule="x", message="Empty."
        )
        answer = self.fetch(self.link("DatasetReport"))
        report = json.loads(b"".join(answer.streaming_content))
        assert report["issues"][0]["message"] == "Empty."
        assert report["acceptedLineCount"] == 1

    def test_a_link_is_good_for_as_long_as_was_asked(self) -> None:
        for query, minutes in [
            ({}, 12 * 60),
            ({"sasLifetimeMinutes": 5}, 5),
            ({"sasValidityInSeconds": 60}, 1),
        ]:
            with self.subTest(query=query):
                link = self.link(**query)
                end = time.time() + minutes * 60
                with patch("api.files.time.time", return_value=end - 30):
                    assert self.fetch(link).status_code == 200
                with patch("api.files.time.time", return_value=end + 30):
                    self.refused(self.fetch(link), 403)

    def test_a_lifetime_that_cannot_be_is_refused(self) -> None:
        for name, value in [
            ("sasLifetimeMinutes", 0),
            ("sasLifetimeMinutes", "x"),
            ("sasLifetimeMinutes", 10_081),
            ("sasValidityInSeconds", -1),
        ]:
            answer = self.call("GET", self.path, **{name: value})
            self.refused(answer, 400, "InvalidSasValidityDuration", name)

    def test_a_link_that_was_changed_is_none(self) -> None:
        link = self.link()
        other = self.link("DatasetReport")
        key = re.findall(r"[0-9a-f-]{36}", urlsplit(other).path)[1]
        own = re.findall(r"[0-9a-f-]{36}", urlsplit(link).path)[1]
        for wrong in (
            link.partition("?")[0],
            link.replace("expires=", "expires=9"),
            re.sub("expires=[0-9]+", "expires=x", link),
            link.replace("signature=", "signature=x"),
            link.replace(own, key),
            link.replace("files/datasets", "files/models"),
            link.replace("files/datasets", "files/nothing"),
            f"{link[:-3]}%00",
        ):
            with self.subTest(wrong=wrong):
                self.refused(self.fetch(wrong), 403)
        answer: Any = self.client.post(link.removeprefix("http://testserver"))
        assert isinstance(answer, HttpResponse)
        self.refused(answer, 405)

    def test_a_link_ends_with_the_file(self) -> None:
        link = self.link()
        with self.on_commit():
            assert self.call("DELETE", f"datasets/{self.row.pk}").status_code == 204
        self.refused(self.fetch(link), 404)

    def test_the_list_has_pages_and_filters(self) -> None:
        for asked, kinds in [
            ("name eq 'calls.zip'", {"AcousticDataArchive"}),
            ("not (name eq 'calls.zip')", {"DatasetReport"}),
            ("kind eq 'DatasetReport' or name ne 'report.json'", {*self.files()}),
            ("kind eq 'DatasetReport' and name ne 'report.json'", set()),
            ("createdDateTime le 2020-01-01T00:00:00Z", set()),
        ]:
            with self.subTest(filter=asked):
                assert self.files(filter=asked).keys() == kinds
        answer = self.call("GET", self.path, filter="size gt 1")
        self.refused(answer, 400, "UnsupportedFilter", "filter")
        page = self.call("GET", self.path, top=1, sasLifetimeMinutes=5).json()
        assert "sasLifetimeMinutes=5" in page["@nextLink"]
        following = self.call("GET", page["@nextLink"]).json()
        assert following["values"][0]["kind"] == "AcousticDataArchive"
        assert "@nextLink" not in following

    def test_a_name_may_be_anything(self) -> None:
        Dataset.objects.update(source_name="May? 100 % of ../ä#.zip")
        answer = self.fetch(self.link())
        assert answer.status_code == 200
