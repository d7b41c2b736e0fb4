from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import quote

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import override_settings

from api.tests.case import ApiTestCase
from datasets.incoming import Block, Upload
from datasets.models import Dataset
from speechstudio.test import make_dataset, make_zip, tone

NEW = {"displayName": "Words", "locale": "en-US", "kind": "Language"}


def block_id(name: object) -> str:
    return b64encode(str(name).encode()).decode()


class BlocksTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = self.begin()

    def begin(self, **fields: Any) -> str:
        shown = self.call("POST", "datasets", NEW | fields).json()
        return str(shown["self"]).partition("/speechtotext/")[2].partition("?")[0]

    def put(self, name: object, body: bytes, path: str = "") -> HttpResponse:
        return self.put_as(block_id(name), body, path)

    def put_as(self, given: str, body: bytes, path: str = "") -> HttpResponse:
        answer: Any = self.client.put(
            f"/speechtotext/{path or self.path}/blocks"
            f"?api-version=2025-10-15&blockid={quote(given)}",
            body,
            "application/octet-stream",
            headers={"Ocp-Apim-Subscription-Key": self.key},
        )
        assert isinstance(answer, HttpResponse)
        return answer

    def commit(self, *names: object, kind: str = "Latest") -> HttpResponse:
        body = [{"kind": kind, "id": block_id(name)} for name in names]
        with self.on_commit():
            return self.call("POST", f"{self.path}/blocks:commit", body)

    def test_out_of_order_and_twice_they_become_the_file_in_committed_order(
        self,
    ) -> None:
        assert self.put(2, b"We sold six.\n").status_code == 201
        assert self.put(1, b"Not this one.\n").status_code == 201
        assert self.put(1, b"We sold three.\n").status_code == 201
        self.put(3, b"Left out.\n")
        listed = self.call("GET", f"{self.path}/blocks").json()
        assert listed["committedBlocks"] == []
        assert {(one["name"], one["size"]) for one in listed["uncommittedBlocks"]} == {
            (block_id(1), 15),
            (block_id(2), 13),
            (block_id(3), 10),
        }
        answer = self.commit(2, 1)
        assert (answer.status_code, answer.content) == (200, b"")
        shown = self.call("GET", self.path).json()
        assert shown["status"] == "Succeeded"
        assert shown["properties"]["acceptedLineCount"] == 2
        assert shown["links"].keys() == {"files"}
        row = Dataset.objects.get()
        with default_storage.open(str(row.source.name)) as file:
            assert file.read() == b"We sold six.\nWe sold three.\n"

    def test_an_archive_of_recordings_comes_whole(self) -> None:
        archive = make_zip({"a.wav": tone(1), "trans.txt": "a.wav\tone two\n"}).read()
        self.path = self.begin(kind="Acoustic")
        for place in range(0, len(archive), 9_000):
            self.put(f"{place:06}", archive[place : place + 9_000])
        self.commit(*(f"{place:06}" for place in range(0, len(archive), 9_000)))
        shown = self.call("GET", self.path).json()
        assert shown["properties"]["acceptedLineCount"] == 1
        assert shown["properties"]["durationMilliseconds"] == 1000

    def test_to_commit_again_is_no_error_with_the_same_list(self) -> None:
        self.put(1, b"We sold three.\n")
        self.put(2, b"We sold six.\n")
        for _ in range(2):
            assert self.commit(1, 2).status_code == 200
        self.refused(self.commit(2, 1), 409)
        assert not Upload.objects.exists()  # the import has put it together
        self.refused(self.put(3, b"Late.\n"), 409)
        listed = self.call("GET", f"{self.path}/blocks").json()
        assert listed == {"committedBlocks": [], "uncommittedBlocks": []}

    def test_committed_blocks_are_listed_until_the_import_has_them(self) -> None:
        self.put(1, b"We sold three.\n")
        body = [{"id": block_id(1)}]
        self.call("POST", f"{self.path}/blocks:commit", body)
        listed = self.call("GET", f"{self.path}/blocks").json()
        assert listed["committedBlocks"] == [{"name": block_id(1), "size": 15}]

    def test_a_list_that_is_wrong_is_refused_and_changes_nothing(self) -> None:
        self.refused(self.commit(1), 400, "InvalidParameterValue", "[0].id")
        self.put(1, b"We sold three.\n")
        one = {"kind": "Latest", "id": block_id(1)}
        for body, target in [
            ([], "id"),
            ([one, one], "[1].id"),
            ([one, {"kind": "Latest", "id": block_id(2)}], "[1].id"),
            ([one | {"kind": "Committed"}], "[0].id"),
            ([one | {"kind": "Some"}], "[0].kind"),
            ([{"kind": "Latest"}], "[0].id"),
            ([one, {"id": 7}], "[1].id"),
            ([one | {"name": "x"}], "[0].name"),
            (["x"], "[0]"),
            ({"blocks": [one]}, ""),
            (7, ""),
        ]:
            with self.subTest(body=body):
                answer = self.call("POST", f"{self.path}/blocks:commit", body)
                self.refused(answer, 400, target=target)
        assert Dataset.objects.get().awaits_file
        assert self.commit(1).status_code == 200

    def test_ids_are_base64_of_1_to_64_bytes(self) -> None:
        for given in ("", "a", "abc", "YQ", "YR==", "Y Q=", "ä===", block_id("x" * 65)):
            with self.subTest(given=given):
                answer = self.put_as(given, b"x")
                self.refused(answer, 400, "InvalidParameterValue", "blockid")
        assert self.put("x" * 64, b"x").status_code == 201
        signs = b64encode(bytes(range(64))).decode()
        assert self.put_as(signs, b"x").status_code == 201

    def test_ids_of_a_dataset_have_one_length(self) -> None:
        assert self.put("0001", b"x").status_code == 201
        # In Base64 some of these are as long as it.
        for name in ("001", "00003", "000004"):
            answer = self.put(name, b"x")
            self.refused(answer, 400, "InvalidParameterValue", "blockid")
        assert self.put("0002", b"x", self.begin()).status_code == 201

    @override_settings(UPLOAD_BLOCK_MAX_BYTES=8)
    def test_a_block_has_a_limit_and_is_not_empty(self) -> None:
        self.refused(self.put(1, b"123456789"), 413)
        self.refused(self.put(1, b""), 400)
        assert self.put(1, b"12345678").status_code == 201
        assert Block.objects.count() == 1

    @override_settings(UPLOAD_MAX_BYTES=10)
    def test_a_file_has_the_limit_of_its_kind(self) -> None:
        self.put(1, b"12345678")
        self.refused(self.put(2, b"12345678"), 413)

    def test_what_waits_for_nothing_takes_no_blocks(self) -> None:
        path = f"datasets/{make_dataset(self.project).pk}"
        self.refused(self.put(1, b"x", path), 409)
        self.refused(self.call("POST", f"{path}/blocks:commit", []), 409)


class UploadTestCase(ApiTestCase):
    """The form of version v3.2."""

    def send(self, version: str = "v3.2/", **fields: Any) -> Any:
        file = SimpleUploadedFile("words.txt", b"We sold three.\n")
        return self.client.post(
            f"/speechtotext/{version}datasets/upload",
            {**NEW, "data": file, **fields},
            headers={"Ocp-Apim-Subscription-Key": self.key},
        )

    def test_it_makes_a_dataset_of_a_form(self) -> None:
        project = f"http://testserver/speechtotext/v3.2/projects/{self.project.pk}"
        with self.on_commit():
            made = self.send(project=project, customProperties='{"a": "b"}')
        assert made.status_code == 201, made.content
        shown = self.call("GET", made.headers["Location"]).json()
        assert shown["status"] == "Succeeded"
        assert shown["customProperties"] == {"a": "b"}

    def test_what_is_wrong_is_refused_by_its_field(self) -> None:
        empty = SimpleUploadedFile("words.txt", b"")
        other = SimpleUploadedFile("words.exe", b"x")
        for fields, target in [
            ({"data": empty}, "data"),
            ({"data": other}, "data"),
            ({"data": "a text"}, "data"),
            ({"kind": "x"}, "kind"),
            ({"email": "a@b.c"}, "email"),
            ({"customProperties": "{"}, "customProperties"),
            ({"project": "x"}, "project.self"),
        ]:
            with self.subTest(fields=fields):
                self.refused(self.send(**fields), 400, target=target)
        assert not Dataset.objects.exists()

    def test_later_versions_have_it_not(self) -> None:
        answer = self.client.post(
            "/speechtotext/datasets/upload?api-version=2025-10-15",
            NEW,
            headers={"Ocp-Apim-Subscription-Key": self.key},
        )
        self.refused(answer, 404)

    def test_what_is_no_form_is_refused(self) -> None:
        for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
            answer = self.client.generic(
                "POST",
                "/speechtotext/v3.2/datasets/upload",
                b"nonsense",
                kind,
                headers={"Ocp-Apim-Subscription-Key": self.key},
            )
            self.refused(answer, 400)
