from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from api.tests.case import ApiTestCase
from endpoints.models import LogEntry
from endpoints.tests.logs import keep, make_endpoint


class LogsTestCase(ApiTestCase):
    """An endpoint with a session of each of three days in May."""

    def setUp(self) -> None:
        super().setUp()
        self.endpoint = make_endpoint(self.project)
        self.entries = [
            keep(self.endpoint, f"day {day}", created=f"2026-05-{day}T23:59:59.5")
            for day in (29, 30, 31)
        ]
        self.path = f"endpoints/{self.endpoint.pk}/files/logs"

    def ids(self, *entries: LogEntry) -> list[str]:
        return [
            f"{one.audio.rpartition('/')[2].partition('.')[0]}_{end}"
            for one in entries
            for end in ("wav", "v2_json")
        ]

    def listed(self, answer: Any) -> list[str]:
        return [_last(one["self"]) for one in answer.json()["values"]]

    def content(self, link: str) -> bytes:
        parts = urlsplit(link)
        answer = self.client.get(f"{parts.path}?{parts.query}")
        assert answer.status_code == 200
        return b"".join(answer.streaming_content)

    def test_sessions_are_pairs_of_files_under_both_bases(self) -> None:
        for base in ("", "v3.2/"):
            answer = self.call("GET", f"{base}{self.path}")
            assert self.listed(answer) == self.ids(*self.entries)
        sound, transcript = self.call("GET", self.path).json()["values"][:2]
        assert (sound["kind"], transcript["kind"]) == ("Audio", "Transcription")
        assert sound["properties"] == {"durationMilliseconds": 500}
        assert sound["name"].endswith(f"__{self.entries[0].pk}.wav")
        assert transcript["name"].endswith(".v2.json")
        assert self.content(sound["links"]["contentUrl"])[:4] == b"RIFF"
        assert b"day 29" in self.content(transcript["links"]["contentUrl"])

    def test_pages_go_on_where_the_former_one_ended(self) -> None:
        for top in (1, 2, 3, 5, 6, 7):
            with self.subTest(top=top):
                answer = self.call("GET", self.path, top=top)
                found = self.listed(answer)
                while more := answer.json().get("@nextLink"):
                    answer = self.call("GET", more)
                    found += self.listed(answer)
                assert found == self.ids(*self.entries)

    def test_what_comes_and_goes_meanwhile_moves_nothing(self) -> None:
        first, second, third = self.entries
        more = self.call("GET", self.path, top=1).json()["@nextLink"]
        gone = self.ids(first)[1]
        assert self.call("DELETE", f"{self.path}/{gone}").status_code == 204
        second.delete()
        keep(self.endpoint, "before", created="2026-05-01T12:00")
        assert self.listed(self.call("GET", more)) == self.ids(third)[:1]

    def test_a_token_of_other_logs_is_refused(self) -> None:
        other = make_endpoint(self.project)
        keep(other), keep(other)
        answer = self.call("GET", f"endpoints/{other.pk}/files/logs", top=1)
        query = parse_qs(urlsplit(answer.json()["@nextLink"]).query)
        for token in (query["skipToken"][0], "", "x", "é" * 5000):
            with self.subTest(token=token[:20]):
                answer = self.call("GET", self.path, skipToken=token)
                self.refused(answer, 400, "InvalidSkipTokenForLogs", "skipToken")

    def test_numbers_that_are_none_are_refused(self) -> None:
        for top in ("0", "-1", "1001", "x", "9" * 30, "²"):
            with self.subTest(top=top):
                answer = self.call("GET", self.path, top=top)
                self.refused(answer, 400, "InvalidTopForLogs", "top")
        answer = self.call("GET", f"v3.2/{self.path}", sasValidityInSeconds="0")
        self.refused(answer, 400, "InvalidSasValidityDuration")

    def test_one_is_shown_and_its_two_files_go_by_themselves(self) -> None:
        entry = self.entries[1]
        sound, transcript = self.ids(entry)
        shown = self.call("GET", f"{self.path}/{sound}").json()
        assert self.call("GET", shown["self"]).json()["name"] == shown["name"]
        assert self.call("DELETE", f"{self.path}/{sound}").status_code == 204
        self.refused(self.call("GET", f"{self.path}/{sound}"), 404, target="logId")
        parts = urlsplit(shown["links"]["contentUrl"])
        assert self.client.get(f"{parts.path}?{parts.query}").status_code == 404
        entry.refresh_from_db()
        assert (entry.audio, entry.text) == ("", "day 30")
        assert self.call("DELETE", f"{self.path}/{transcript}").status_code == 204
        assert not LogEntry.objects.filter(pk=entry.pk).exists()

    def test_ids_that_are_none_are_told_from_those_that_are_not_there(self) -> None:
        sound, transcript = self.ids(self.entries[0])
        for log_id in ("x", sound[:-4], f"{sound}x", sound.replace("-", "_")):
            for method in ("GET", "DELETE"):
                with self.subTest(log_id=log_id, method=method):
                    answer = self.call(method, f"{self.path}/{log_id}")
                    self.refused(answer, 400, "InvalidLogId", "logId")
        key = str(self.entries[0].pk)
        other = make_endpoint(self.project)
        for path in (
            f"{self.path}/{sound.replace('2026', '2025')}",
            f"{self.path}/{sound.replace(key, str(uuid4()))}",
            f"endpoints/{other.pk}/files/logs/{transcript}",
        ):
            with self.subTest(path=path):
                self.refused(self.call("GET", path), 404, target="logId")

    def test_an_end_date_is_deleted_with_its_whole_day(self) -> None:
        answer = self.call("DELETE", self.path, endDate="2026-05-30")
        assert (answer.status_code, answer.content) == (202, b"")
        assert LogEntry.objects.get() == self.entries[2]
        assert self.call("DELETE", self.path, endDate="9999-12-31").status_code == 202
        assert not LogEntry.objects.exists()

    def test_without_an_end_date_all_are_deleted(self) -> None:
        assert self.call("DELETE", f"v3.2/{self.path}").status_code == 202
        assert not LogEntry.objects.exists()

    def test_a_date_that_is_none_deletes_nothing(self) -> None:
        for day in ("", "30.05.2026", "2026-02-30", "2026-05-30T00:00:00Z", "all"):
            with self.subTest(day=day):
                answer = self.call("DELETE", self.path, endDate=day)
                self.refused(answer, 400, "InvalidLogDate", "endDate")
        assert LogEntry.objects.count() == 3

    def test_an_endpoint_that_logs_nothing_says_so(self) -> None:
        silent = make_endpoint(self.project)
        path = f"endpoints/{silent.pk}/files/logs"
        self.refused(self.call("GET", path), 400, "EndpointWithoutLogging", "id")
        waiting = make_endpoint(self.project, logging_enabled=True)
        path = f"endpoints/{waiting.pk}/files/logs"
        assert self.call("GET", path).json() == {"values": []}

    def test_base_models_log_nothing(self) -> None:
        for path in (
            "endpoints/base/en-US/files/logs",
            "endpoints/base/x/files/logs/y",
        ):
            for base in ("", "v3.2/"):
                for method in ("GET", "DELETE"):
                    answer = self.call(method, base + path)
                    self.refused(answer, 400, "EndpointLoggingNotSupported")

    def test_a_stranger_sees_nothing_and_a_viewer_deletes_nothing(self) -> None:
        one = f"{self.path}/{self.ids(self.entries[0])[0]}"
        for path in (self.path, one):
            self.refused(self.call("GET", path, key=self.charlie_key), 404)
            assert self.call("GET", path, key=self.bob_key).status_code == 200
            answer = self.call("DELETE", path, key=self.bob_key)
            self.refused(answer, 403, "InvalidPermissions")
        assert LogEntry.objects.count() == 3

    def test_sessions_of_the_same_moment_keep_their_order(self) -> None:
        LogEntry.objects.update(created=datetime(2026, 5, 31, tzinfo=UTC))
        whole = self.listed(self.call("GET", self.path))
        more = self.call("GET", self.path, top=3).json()["@nextLink"]
        assert self.listed(self.call("GET", more)) == whole[3:]


def _last(address: str) -> str:
    return urlsplit(address).path.rpartition("/")[2]
