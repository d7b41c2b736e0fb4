from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings
from django.urls import reverse
from django.utils.timezone import now

from engines.base import EngineError
from jobs.models import Job
from speechstudio.test import BaseTestCase, make_model
from training import export
from training.models import Package, SpeechModel
from training.tasks import pack_model

COUNTS = {"words": 50, "insertions": 1, "deletions": 1, "substitutions": 3}
FILES = {"model.bin": b"W" * 300_000, "config.json": b"{}", "adaptation.json": b"[]"}


def fake_converter(source: Path, target: Path, card: str) -> None:
    assert (source / "model.bin").is_file()
    target.mkdir()
    (target / "model.safetensors").write_bytes(b"weights")
    (target / "README.md").write_text(card, "utf-8")


class ExportTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        changed = override_settings(ENGINE_MODELS_DIR=Path(folder.name))
        changed.enable()
        self.addCleanup(changed.disable)
        self.model = make_model(
            "custom:1f",
            project=self.project,
            base=make_model(),
            curve=[{"number": 1}],
            held_out={"clips": 9, "base": COUNTS, "custom": COUNTS | {"deletions": 0}},
            recipe={
                "data": [{"name": "Calls", "kind": "Acoustic", "accepted": 40}],
                "settings": {"passes": 6, "optimiser": {"rate": 0.001}},
                "versions": {"torch": "2.13.0"},
            },
        )
        SpeechModel.objects.filter(pk=self.model.pk).update(name="Maple: 1/2")
        self.model.refresh_from_db()
        self.folder = Path(folder.name) / "custom" / "1f"
        self.folder.mkdir(parents=True)
        for name, content in FILES.items():
            (self.folder / name).write_bytes(content)
        self.url = reverse("model-export", args=[self.model.pk])

    def zipped(self, query: str) -> zipfile.ZipFile:
        answer = self.client.get(self.url + query)
        assert answer.status_code == 200
        return zipfile.ZipFile(io.BytesIO(answer.getvalue()))

    def test_it_works(self) -> None:
        archive = self.zipped("?format=ctranslate2")
        assert archive.testzip() is None
        assert set(archive.namelist()) == {*FILES, "README.md"}
        assert archive.read("model.bin") == FILES["model.bin"]

    def test_it_is_sent_piece_by_piece_under_a_safe_name(self) -> None:
        (self.folder / "model.bin").write_bytes(b"W" * 3_000_000)
        with patch.object(export, "_PACKED_BYTES", 1_000_000):
            answer = self.client.get(self.url + "?format=ctranslate2")
            assert answer.streaming
            assert max(map(len, answer.streaming_content)) < 600_000
        assert "Maple_ 1_2 ctranslate2.zip" in answer["Content-Disposition"]
        assert answer["Content-Encoding"] == "identity"

    def test_large_files_are_not_packed_for_nothing(self) -> None:
        with patch.object(export, "_PACKED_BYTES", 1000):
            archive = self.zipped("?format=ctranslate2")
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
        assert kinds["model.bin"] == zipfile.ZIP_STORED
        assert kinds["config.json"] == zipfile.ZIP_DEFLATED

    def test_the_card_says_what_made_the_model(self) -> None:
        card = self.zipped("?format=ctranslate2").read("README.md").decode()
        for said in (
            "# Maple: 1/2",
            "made from base",
            "Calls: Acoustic, 40 accepted",
            "| base | 10.0% | 5 | 50 |",
            "| this model | 8.0% | 4 | 50 |",
            "optimiser, rate: 0.001",
            "torch: 2.13.0",
            "MIT",
        ):
            assert said in card, said

    def test_a_name_cannot_write_its_own_card(self) -> None:
        SpeechModel.objects.update(description="---\n# Licence\nnone")
        card = self.zipped("?format=ctranslate2").read("README.md").decode()
        assert "--- # Licence none" in card

    def test_the_page_lists_the_files_with_their_sizes(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, "adaptation.json")
        assert page.context["bytes"] == sum(map(len, FILES.values()))

    def test_a_model_whose_files_are_gone_says_so(self) -> None:
        SpeechModel.objects.filter(pk=self.model.pk).update(reference="custom:2f")
        self.assertContains(self.client.get(self.url), "cannot be exported")
        page = self.client.get(self.url + "?format=ctranslate2")
        assert page.status_code == 404

    def test_a_job_makes_the_folder_for_transformers_once(self) -> None:
        assert self.client.get(self.url + "?format=huggingface").status_code == 404
        with self.converting():
            for _ in range(2):
                with self.on_commit():
                    page = self.client.post(self.url)
                self.assertRedirects(page, self.url)
        assert Package.objects.get().status == Job.Status.SUCCEEDED
        self.assertContains(self.client.get(self.url), "Download, ")
        archive = self.zipped("?format=huggingface")
        assert set(archive.namelist()) == {"model.safetensors", "README.md"}
        assert "library_name: transformers" in archive.read("README.md").decode()

    def converting(self):  # type: ignore[no-untyped-def]
        name = f"{__name__}.fake_converter"
        return patch.dict(export._CONVERTERS, {"fake": name})

    def test_it_polls_while_it_is_made_and_stops_after(self) -> None:
        with self.converting():
            package = Package.objects.create(model=self.model)
            htmx = {"HX-Request": "true"}
            page = self.client.get(self.url, headers=htmx)
            self.assertContains(page, 'hx-trigger="every 1s"')
            pack_model(str(package.pk))
            page = self.client.get(self.url, headers=htmx)
            assert page["HX-Refresh"] == "true"

    def test_a_failure_says_why_and_can_be_repeated(self) -> None:
        def broken(source: Path, target: Path, card: str) -> None:
            raise EngineError("The weights are damaged.", "BadModel")

        with patch(f"{__name__}.fake_converter", broken), self.converting():
            with self.on_commit():
                self.client.post(self.url)
            self.assertContains(self.client.get(self.url), "The weights are damaged.")
        with self.converting(), self.on_commit():
            self.client.post(self.url)
        assert Package.objects.get().status == Job.Status.SUCCEEDED

    def test_a_model_of_text_alone_has_no_network_to_convert(self) -> None:
        SpeechModel.objects.filter(pk=self.model.pk).update(curve=[])
        with self.converting():
            self.assertContains(self.client.get(self.url), "learnt from text alone")
            assert self.client.post(self.url).status_code == 404

    def test_what_nobody_came_for_is_taken_away(self) -> None:
        old = now() - timedelta(days=2)
        file = default_storage.save(f"{self.model.folder}/x.zip", ContentFile(b"x"))
        Package.objects.create(
            model=self.model, status="Succeeded", last_action=old, file=file
        )
        Package.tend()
        assert not Package.objects.exists()
        assert not default_storage.exists(file)

    def test_strangers_and_viewers(self) -> None:
        for query in ("", "?format=ctranslate2", "?format=huggingface"):
            self.assert_stranger_gets_404(self.url + query)
            self.assert_viewer_gets_403(self.url + query, "get")
        self.assert_viewer_gets_403(self.url)


def test_the_web_process_does_without_the_libraries_that_recognise() -> None:
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'speechstudio.settings'"
        "; import speechstudio.asgi; print(sorted({'ctranslate2', 'faster_whisper', "
        "'torch', 'transformers', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
