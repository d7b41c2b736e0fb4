"""Blocks on their way here, and how the job puts them together."""

from __future__ import annotations

import io
import tracemalloc
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.timezone import now

from datasets import obtain, services, uploads
from datasets.formats.base import FormatError
from datasets.incoming import Block, Upload
from datasets.models import Dataset
from datasets.uploads import UploadError
from jobs.models import Gone
from projects.services import set_role
from speechstudio.test import BaseTestCase

MB = 1024**2


class UploadTestCase(BaseTestCase):
    def begin(self, **more: Any) -> dict[str, Any]:
        asked = {"file_name": "ward.zip", "size": 10, "modified": 7, "kind": "Acoustic"}
        url = reverse("upload-begin", args=[self.project.pk])
        page = self.client.post(url, asked | more, content_type="application/json")
        return page.json() | {"status": page.status_code}

    def put(self, upload: str, name: str, body: bytes) -> Any:
        url = reverse("upload-blocks", args=[upload])
        return self.client.put(f"{url}?name={name}", body, "application/octet-stream")

    def commit(self, upload: str, *names: str, kind: str = "Latest") -> Any:
        url = reverse("upload-commit", args=[upload])
        asked = {"blocks": [{"kind": kind, "name": name} for name in names]}
        return self.client.post(url, asked, content_type="application/json")


class BlockTestCase(UploadTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.upload = self.begin()["id"]

    def test_it_works(self) -> None:
        assert self.put(self.upload, "b", b"world").status_code == 201
        assert self.put(self.upload, "a", b"hello").json()["size"] == 5
        page = self.commit(self.upload, "a", "b")
        assert (page.status_code, page.json()["is_committed"]) == (200, True)
        blocks = Upload.objects.get().blocks.all()
        assert [content(b.file) for b in blocks] == [b"hello", b"world"]

    def test_blocks_are_listed_with_their_state_and_size(self) -> None:
        url = reverse("upload-blocks", args=[self.upload])
        self.put(self.upload, "a", b"0123456789")
        expected = {"name": "a", "size": 10, "state": "Uncommitted"}
        assert self.client.get(url).json() == {"blocks": [expected]}
        self.commit(self.upload, "a")
        assert self.client.get(url).json()["blocks"][0]["state"] == "Committed"

    def test_a_file_is_known_again_with_its_blocks(self) -> None:
        self.put(self.upload, "a", b"hello")
        again = self.begin()
        assert again["id"] == self.upload
        assert [block["name"] for block in again["blocks"]] == ["a"]
        for other in ({"size": 11}, {"modified": 8}, {"file_name": "b.zip"}):
            assert self.begin(**other)["id"] != self.upload

    def test_a_repeated_block_replaces_the_former_one(self) -> None:
        self.put(self.upload, "a", b"wrong")
        former = Block.objects.get().file.name
        with self.on_commit():
            self.put(self.upload, "a", b"right")
        assert content(Block.objects.get().file) == b"right"
        assert not default_storage.exists(former)

    def test_half_a_block_is_not_kept(self) -> None:
        upload = Upload.objects.get(pk=self.upload)
        with pytest.raises(UploadError, match="Send the block again"):
            uploads.put(upload, "a", io.BytesIO(b"hell"), 5)
        assert not Block.objects.exists()

    def test_an_empty_block_is_refused(self) -> None:
        assert self.put(self.upload, "a", b"").status_code == 400

    def test_names_have_from_1_to_88_bytes(self) -> None:
        assert self.put(self.upload, "", b"x").status_code == 400
        assert self.put(self.upload, "ä" * 45, b"x").status_code == 400
        assert self.put(self.upload, "%00", b"x").status_code == 400
        assert self.put(self.upload, "ä" * 44, b"x").status_code == 201

    def test_names_are_no_paths(self) -> None:
        for name in ("../../x", "/../../", "x/../.."):
            assert self.put(self.upload, name, b"x").status_code == 201

    def test_names_have_one_length(self) -> None:
        assert self.put(self.upload, "01", b"x").status_code == 201
        assert self.put(self.upload, "1", b"x").status_code == 400
        assert self.put(self.upload, "02", b"x").status_code == 201

    @override_settings(UPLOAD_BLOCK_MAX_BYTES=8)
    def test_a_block_has_a_limit(self) -> None:
        assert self.put(self.upload, "a", b"12345678").status_code == 201
        page = self.put(self.upload, "b", b"123456789")
        assert (page.status_code, page.json()["code"]) == (413, "too_large")
        assert Block.objects.count() == 1

    def test_blocks_do_not_grow_beyond_the_file(self) -> None:
        self.put(self.upload, "a", b"123456")
        assert self.put(self.upload, "b", b"12345").status_code == 413
        # The same block again does not count twice.
        assert self.put(self.upload, "a", b"1234567890").status_code == 201
        nameless = self.begin(size=None)["id"]
        with override_settings(UPLOAD_MAX_BYTES=4):
            assert self.put(nameless, "a", b"12345").status_code == 413

    def test_unknown_missing_and_doubled_blocks_are_not_committed(self) -> None:
        self.put(self.upload, "a", b"0123456789")
        cases = [
            ((), "is empty"),
            (("a", "x"), "Blocks are missing: x"),
            (("a", "a"), "twice"),
        ]
        for names, message in cases:
            page = self.commit(self.upload, *names)
            assert page.status_code == 400
            assert message in page.json()["message"]
        page = self.commit(self.upload, "a", kind="Committed")
        assert "missing: a" in page.json()["message"]
        page = self.commit(self.upload, "a", kind="Newest")
        assert page.status_code == 400
        assert not Upload.objects.get().is_committed

    def test_half_a_file_is_not_committed(self) -> None:
        self.put(self.upload, "a", b"hello")
        page = self.commit(self.upload, "a")
        assert "was to have 10 bytes" in page.json()["message"]

    def test_a_second_commit_is_the_same_or_a_conflict(self) -> None:
        self.put(self.upload, "a", b"hello")
        self.put(self.upload, "b", b"world")
        for _ in range(2):
            assert self.commit(self.upload, "a", "b").status_code == 200
        assert self.commit(self.upload, "b", "a").status_code == 409
        page = self.put(self.upload, "a", b"other")
        assert (page.status_code, page.json()["code"]) == (409, "conflict")

    def test_blocks_that_the_list_leaves_out_are_deleted(self) -> None:
        nameless = self.begin(size=None)["id"]
        self.put(nameless, "a", b"hello")
        self.put(nameless, "b", b"world")
        with self.on_commit():
            self.commit(nameless, "b")
        upload = Upload.objects.get(pk=nameless)
        assert [block.name for block in upload.blocks.all()] == ["b"]
        assert len(default_storage.listdir(upload.folder)[1]) == 1

    def test_a_block_that_comes_after_the_commit_is_a_conflict(self) -> None:
        upload = Upload.objects.get(pk=self.upload)
        self.put(self.upload, "a", b"0123456789")

        def read(size: int) -> bytes:
            Upload.objects.filter(pk=upload.pk).update(is_committed=True)
            return next(parts)

        parts = iter([b"late", b""])
        with pytest.raises(UploadError, match="takes no more") as e:
            uploads.put(upload, "a", SimpleNamespace(read=read))
        assert e.value.code == "conflict"
        assert len(default_storage.listdir(upload.folder)[1]) == 1

    def test_a_block_of_a_discarded_upload_leaves_nothing(self) -> None:
        upload = Upload.objects.get(pk=self.upload)
        Upload.objects.all().delete()
        with pytest.raises(UploadError, match="discarded"):
            uploads.put(upload, "a", io.BytesIO(b"late"))
        assert default_storage.listdir(upload.folder)[1] == []

    def test_discarding_deletes_the_files(self) -> None:
        self.put(self.upload, "a", b"hello")
        file = Block.objects.get().file.name
        with self.on_commit():
            url = reverse("upload-detail", args=[self.upload])
            assert self.client.delete(url).status_code == 204
        assert not Upload.objects.exists() and not default_storage.exists(file)

    def test_only_who_began_it_goes_on(self) -> None:
        set_role(self.project, self.bob.pk, "editor")
        urls = [
            reverse(f"upload-{name}", args=[self.upload])
            for name in ("detail", "blocks")
        ]
        for user in (self.bob, self.charlie):
            self.client.force_login(user)
            assert [self.client.get(url).status_code for url in urls] == [404, 404]
            assert self.put(self.upload, "a", b"x").status_code == 404
            assert self.commit(self.upload, "a").status_code == 404
            assert self.client.delete(urls[0]).status_code == 404

    def test_who_is_no_editor_any_more_stops(self) -> None:
        set_role(self.project, self.bob.pk, "owner")
        set_role(self.project, self.alice.pk, "viewer")
        assert self.put(self.upload, "a", b"x").status_code == 403

    def test_a_request_from_another_site_is_refused(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.alice)
        url = reverse("upload-blocks", args=[self.upload])
        assert client.put(f"{url}?name=a", b"x").status_code == 403


class BeginTestCase(UploadTestCase):
    def test_what_cannot_be_taken_is_said_before_it_is_sent(self) -> None:
        page = self.begin(kind="Pronunciation", size=2 * MB)
        assert (page["status"], page["code"]) == (413, "too_large")
        assert "1.0 MB is the limit" in page["message"]
        assert self.begin(size=0)["message"] == "The file is empty."
        assert self.begin(file_name="")["status"] == 400

    def test_a_disk_without_room_is_said_before_it_is_sent(self) -> None:
        room = SimpleNamespace(free=1000 * MB)
        with mock.patch("datasets.uploads.disk_usage", lambda path: room):
            assert self.begin(size=200 * MB)["status"] == 201
            page = self.begin(size=300 * MB)
        assert (page["status"], page["code"]) == (507, "disk_full")

    def test_what_is_no_request_is_answered(self) -> None:
        url = reverse("upload-begin", args=[self.project.pk])
        bodies = ["", "[", "[1]", '{"file_name": 3}', '{"file_name":"a","size":"1"}']
        for body in (*bodies, "[" * 100_000):
            page = self.client.post(url, body, content_type="application/json")
            assert page.status_code == 400, body[:50]
        assert self.begin(size=2**70)["status"] == 400
        upload = self.begin()["id"]
        url = reverse("upload-commit", args=[upload])
        for body in ('{"blocks": 1}', '{"blocks": ["a"]}', '{"blocks": [{"name": 1}]}'):
            page = self.client.post(url, body, content_type="application/json")
            assert page.status_code == 400

    def test_viewers_and_strangers_begin_nothing(self) -> None:
        url = reverse("upload-begin", args=[self.project.pk])
        self.assert_viewer_gets_403(url)
        self.assert_stranger_gets_404(url, "post")


class TendTestCase(UploadTestCase):
    def test_what_nobody_came_back_for_goes_after_a_week(self) -> None:
        used, left, fresh = (make_upload(self, [b"x"]) for _ in range(3))
        services.create(self.project, "Acoustic", "", "One", upload=used)
        Upload.objects.exclude(pk=fresh.pk).update(created=now() - timedelta(days=8))
        file = left.blocks.get().file.name
        with self.on_commit():
            Dataset.tend()
        assert set(Upload.objects.all()) == {used, fresh}
        assert not default_storage.exists(file)


class ObtainTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.upload = make_upload(self, [b"hello ", b"big ", b"world"])
        self.dataset = services.create(
            self.project, "Language", "training", "Words", upload=self.upload
        )
        self.dataset.start()

    def test_it_works(self) -> None:
        with self.on_commit():
            obtain.obtain(self.dataset, self.dataset.report)
        assert content(self.dataset.source) == b"hello big world"
        self.dataset.refresh_from_db()
        assert self.dataset.source_bytes == 15
        assert self.dataset.source.name.endswith(".txt")
        assert self.dataset.upload is None
        assert not Upload.objects.exists()
        folder = f"projects/{self.project.pk}/uploads/{self.upload.pk}"
        assert not default_storage.exists(folder)

    def test_it_goes_on_after_a_crash_at_any_point(self) -> None:
        places = ["_put_together", "_keep", "_let_go"]
        for place in places:
            with (
                mock.patch.object(obtain, place, side_effect=KeyboardInterrupt),
                pytest.raises(KeyboardInterrupt),
            ):
                obtain.obtain(self.dataset, self.dataset.report)
            self.dataset = Dataset.objects.get()
            self.dataset.requeue()
            self.dataset.start()
        with self.on_commit():
            obtain.obtain(self.dataset, self.dataset.report)
        assert content(self.dataset.source) == b"hello big world"
        assert not Upload.objects.exists()

    def test_a_crash_before_the_database_knew_leaves_no_second_file(self) -> None:
        claimed = Dataset.claimed

        def dies(dataset: Dataset) -> Any:
            if default_storage.exists(f"{dataset.folder}/source-1.txt"):
                raise OSError
            return claimed(dataset)

        with mock.patch.object(Dataset, "claimed", dies), pytest.raises(OSError):
            obtain.obtain(self.dataset, self.dataset.report)
        self.dataset = Dataset.objects.get()
        self.dataset.requeue()
        self.dataset.start()
        obtain.obtain(self.dataset, self.dataset.report)
        assert default_storage.listdir(self.dataset.folder)[1] == ["source-2.txt"]

    def test_a_worker_that_was_given_up_keeps_nothing(self) -> None:
        late = Dataset.objects.get()
        self.dataset.requeue()
        self.dataset.start()
        with pytest.raises(Gone):
            obtain.obtain(late, lambda done, total: None)
        assert default_storage.listdir(self.dataset.folder)[1] == []
        assert Upload.objects.exists()

    def test_a_block_that_is_gone_is_said(self) -> None:
        default_storage.delete(self.upload.blocks.first().file.name)
        with pytest.raises(FormatError, match="part of the upload is missing"):
            obtain.obtain(self.dataset, self.dataset.report)

    def test_a_full_disk_is_said_and_leaves_the_blocks(self) -> None:
        full = OSError(28, "No space left on device")
        with (
            mock.patch.object(obtain.shutil, "copyfileobj", side_effect=full),
            pytest.raises(FormatError) as e,
        ):
            obtain.obtain(self.dataset, self.dataset.report)
        assert e.value.code == "DiskFull"
        assert self.upload.blocks.count() == 3

    def test_a_deleted_dataset_stops_it(self) -> None:
        with self.on_commit():
            services.delete(Dataset.objects.get())
        with pytest.raises(Gone):
            obtain.obtain(self.dataset, self.dataset.report)

    def test_what_it_does_is_shown_in_megabytes(self) -> None:
        seen = []
        with mock.patch.object(obtain, "_keep"):
            obtain._obtain(self.dataset, lambda done, total: seen.append((done, total)))
        assert seen == [(0, 1), (1, 1), (1, 1)]
        self.dataset.refresh_from_db()
        assert self.dataset.stage == "Putting the upload together"
        assert self.dataset.unit_label == "MB"


class MemoryTestCase(BaseTestCase):
    def test_a_large_upload_takes_little_memory(self) -> None:
        part = bytes(8 * MB)
        upload = make_upload(self, [])
        tracemalloc.start()
        try:
            names = [f"{i:02}" for i in range(8)]
            for name in names:
                uploads.put(upload, name, _Slow(part))
            uploads.commit(upload, [uploads.Named("Latest", n) for n in names])
            dataset = services.create(
                self.project, "Acoustic", "", "One", upload=upload
            )
            dataset.start()
            obtain.obtain(dataset, dataset.report)
            assert dataset.source.size == 64 * MB
            assert tracemalloc.get_traced_memory()[1] < 6 * MB
        finally:
            tracemalloc.stop()


def content(file: FieldFile) -> bytes:
    with file.open() as opened:
        return opened.read()


class _Slow:
    """A body that gives what it has piece by piece, without a copy of it all."""

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)

    def read(self, size: int) -> bytes:
        part, self.data = bytes(self.data[:size]), self.data[size:]
        return part


def make_upload(case: BaseTestCase, parts: list[bytes]) -> Upload:
    """An upload of these blocks, complete if there are any."""
    upload = uploads.begin(case.project, case.alice, "words.txt")
    for i, part in enumerate(parts):
        uploads.put(upload, str(i), ContentFile(part))
    if parts:
        named = [uploads.Named("Latest", str(i)) for i in range(len(parts))]
        uploads.commit(upload, named)
    return upload
