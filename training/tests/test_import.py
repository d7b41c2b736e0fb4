from __future__ import annotations

import stat
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings
from django.urls import reverse

from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from speechstudio.test import BaseTestCase, fake_engine, make_model, make_zip
from training import unpack as verb
from training.models import SpeechModel
from training.unpack import unpack

GOOD: dict[str, bytes | str] = {"model.bin": b"weights", "config.json": "{}"}


class ImportTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = make_model()
        self.url = reverse("model-import", args=[self.project.pk])

    def send(
        self, file: ContentFile, engine: FakeEngine | None = None, **answers: object
    ) -> SpeechModel:
        values = {"base": self.base.pk, "name": "Maple", "file": file} | answers
        with fake_engine(engine or FakeEngine()), self.on_commit():
            page = self.client.post(self.url, values)
        assert page.status_code == 302, page.content
        return SpeechModel.objects.get(project=self.project)

    def test_it_works(self) -> None:
        engine = FakeEngine()
        model = self.send(make_zip(GOOD, "maple.zip"), engine)
        assert model.status == Job.Status.SUCCEEDED
        assert (model.origin, model.base) == ("imported", self.base)
        assert model.recipe["imported_from"] == {"file": "maple.zip"}
        assert model.transcription_expires is not None
        assert model.reference in engine.trained
        assert not default_storage.exists(f"{model.folder}/import.zip")
        self.assertContains(self.client.get(model.get_absolute_url()), "maple.zip")

    def test_a_model_that_is_none_says_why_and_leaves_nothing(self) -> None:
        model = self.send(make_zip({"README.md": "hello"}))
        assert (model.status, model.error_code) == (Job.Status.FAILED, "BadModel")
        assert not default_storage.exists(f"{model.folder}/import.zip")

    def test_a_form_that_is_sent_twice_makes_one_model(self) -> None:
        key = str(uuid4())
        for _ in range(2):
            self.send(make_zip(GOOD), key=key)
        assert self.project.models.count() == 1

    def test_a_try_that_died_can_be_made_again(self) -> None:
        class Dying(FakeEngine):
            def take_in(self, folder: Path, reference: str, locale: str) -> None:
                raise OSError("The machine stumbled.")

        model = self.send(make_zip(GOOD), Dying())
        assert model.status == Job.Status.FAILED
        assert default_storage.exists(f"{model.folder}/import.zip")

    def test_a_model_that_was_deleted_meanwhile_leaves_no_files(self) -> None:
        class Slow(FakeEngine):
            def take_in(self, folder: Path, reference: str, locale: str) -> None:
                super().take_in(folder, reference, locale)
                SpeechModel.objects.filter(reference=reference).delete()

        engine = Slow()
        values = {"base": self.base.pk, "name": "Maple", "file": make_zip(GOOD)}
        with fake_engine(engine), self.on_commit():
            self.client.post(self.url, values)
        assert len(engine.removed) == 1

    def test_what_is_missing_in_the_form_is_said(self) -> None:
        cases = [
            ({"file": ContentFile(b"x", name="model.tar")}, "into one .zip"),
            ({"base": uuid4()}, "Select a valid choice"),
            ({"name": ""}, "This field is required"),
        ]
        for answers, said in cases:
            file = make_zip(GOOD)
            values = {"base": self.base.pk, "name": "Maple", "file": file} | answers
            page = self.client.post(self.url, values)
            assert page.status_code == 422
            self.assertContains(page, said, status_code=422)
        assert not self.project.models.exists()

    def test_a_full_disk_is_said_before_anything_is_stored(self) -> None:
        with override_settings(MIN_FREE_DISK_MB=10**9):
            values = {"base": self.base.pk, "name": "Maple", "file": make_zip(GOOD)}
            page = self.client.post(self.url, values)
        self.assertContains(page, "has no room", status_code=422)
        assert not self.project.models.exists()

    def test_without_a_base_model_of_the_language_it_says_what_to_do(self) -> None:
        SpeechModel.objects.update(languages="de")
        self.assertContains(self.client.get(self.url), "BASE_MODELS")

    def test_strangers_and_viewers(self) -> None:
        self.assert_stranger_gets_404(self.url)
        self.assert_viewer_gets_403(self.url)
        self.assert_viewer_gets_403(self.url, "get")


def packed(tmp_path: Path, members: dict[str, bytes | str]) -> Path:
    path = tmp_path / "model.zip"
    path.write_bytes(make_zip(members).read())
    return path


def refusal(tmp_path: Path, path: Path) -> str:
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(EngineError) as caught:
        unpack(path, target, lambda done, total: None)
    assert caught.value.code == "BadArchive"
    assert not [file for file in tmp_path.iterdir() if file not in (path, target)]
    return str(caught.value)


def test_a_folder_in_the_archive_is_taken_out_of_it(tmp_path: Path) -> None:
    members = {f"maple/{name}": content for name, content in GOOD.items()}
    path = packed(tmp_path, {**members, "__MACOSX/maple/._x": b"", "maple/": b""})
    (tmp_path / "target").mkdir()
    seen: list[tuple[int, int]] = []
    unpack(path, tmp_path / "target", lambda *step: seen.append(step))
    assert {f.name for f in (tmp_path / "target").iterdir()} == GOOD.keys()
    assert seen == [(0, 9), (7, 9), (9, 9)]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "holds no files"),
        ({"../model.bin": b"x"}, "no name of a model's file"),
        ({"/etc/model.bin": b"x"}, "no name of a model's file"),
        ({"a\\model.bin": b"x"}, "no name of a model's file"),
        ({"mod\nel.bin": b"x"}, "no name of a model's file"),
        ({"a/model.bin": b"x", "b/config.json": b"x"}, "several folders"),
        ({"model.bin": b"x", "MODEL.BIN": b"y"}, "same name"),
        ({"pytorch_model.bin": b"x"}, "safetensors"),
        ({"pytorch_model-00001-of-2.bin": b"x"}, "safetensors"),
        ({"training_args.bin": b"x"}, "safetensors"),
        ({"model.pt": b"x"}, "safetensors"),
        ({"model.py": b"x"}, "safetensors"),
        ({"model.bin": b"PK\x03\x04..."}, "pickle"),
        ({"model.bin": b"\x80\x02..."}, "pickle"),
        ({"config.json": b" " * 2_000_000}, "which no model does"),
        ({f"{n}.json": b"" for n in range(201)}, "more than 200 files"),
    ],
)
def test_what_no_model_holds_is_refused(
    tmp_path: Path, members: dict[str, bytes | str], said: str
) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.filename = name  # as it was meant, whatever the system
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    assert said in refusal(tmp_path, path)


def test_a_list_of_files_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.json", "")
    assert "more than 200 files" in refusal(tmp_path, path)


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("model.bin")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert "link" in refusal(tmp_path, path)


def test_an_archive_that_would_fill_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "MAX_BYTES", 5)
    assert "at most 5 bytes" in refusal(tmp_path, packed(tmp_path, GOOD))


def test_a_header_that_lies_is_stopped_short(tmp_path: Path) -> None:
    path = packed(tmp_path, {"model.bin": b"12345678"})
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = (4).to_bytes(4, "little")  # its size, unpacked
    path.write_bytes(content)
    assert "damaged" in refusal(tmp_path, path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"Rar!"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.zip"
    path.write_bytes(content)
    assert "no zip archive" in refusal(tmp_path, path)


def test_damaged_content_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, {"model.bin": b"12345678"})
    path.write_bytes(path.read_bytes().replace(b"12345678", b"12345679"))
    assert "damaged" in refusal(tmp_path, path)
