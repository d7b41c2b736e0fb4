"""The command line against this project's own API."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from click.testing import CliRunner, Result

from api.tests.case import ApiTestCase
from api.tests.transport import ENDPOINT, ApiTransport
from cli.main import studio
from cli.session import Exit, Session
from datasets.models import Dataset
from engines.fake import FakeEngine
from speechstudio.test import fake_engine, make_dataset, make_model, make_zip, tone


class ServerTestCase(ApiTestCase):
    def studio(self, *args: str, **more: Any) -> Result:
        """One command; what it starts has ended when the next one begins."""
        env = {"STUDIO_ENDPOINT": ENDPOINT, "STUDIO_KEY": self.key, **more}
        session = Session(transport=ApiTransport(), sleep=lambda seconds: None)
        with mock.patch.dict("os.environ", env), self.on_commit():
            return CliRunner().invoke(studio, args, obj=session)

    def test_a_project_lives_its_life(self) -> None:
        made = self.studio(
            *("project", "create", "--name", "Ward", "--language", "de-DE"),
            *("--commit", "0123456789abcdef", "--output", "id"),
        )
        key = made.stdout.strip()
        shown = json.loads(self.studio("project", "show", key, "--output=json").stdout)
        assert shown["displayName"] == "Ward 0123456789"
        assert shown["customProperties"] == {"commit": "0123456789abcdef"}
        self.studio("project", "update", key, "--name", "W", "--property", "commit=")
        shown = json.loads(self.studio("project", "show", key, "--output=json").stdout)
        assert (shown["displayName"], "customProperties" in shown) == ("W", False)
        assert self.studio("project", "delete", key).exit_code == 0
        assert self.studio("project", "show", key).exit_code == Exit.NOT_FOUND

    def test_a_dataset_is_sent_in_blocks_and_imported(self) -> None:
        content = {"a.wav": tone(), "b.wav": tone(), "trans.txt": "a\tone\nb\ttwo\n"}
        with TemporaryDirectory() as folder:
            file = Path(folder) / "calls.zip"
            file.write_bytes(make_zip(content).read())
            made = self.studio(
                *("dataset", "create", "--name", "Calls", "--kind", "Acoustic"),
                *("--project", str(self.project.pk), "--file", str(file)),
                *("--output", "id"),
            )
        assert made.exit_code == 0, made.output
        key = made.stdout.strip()
        status = self.studio("dataset", "status", key, "--wait")
        assert status.stdout == "Succeeded\n", status.output
        assert Dataset.objects.get(pk=key).accepted == 2
        with TemporaryDirectory() as folder:
            fetched = self.studio("dataset", "download", key, "--to", folder)
            assert fetched.exit_code == 0, fetched.output
            assert any("report" in one.name for one in Path(folder).iterdir())
        listed = self.studio("dataset", "list", "--filter", "kind eq 'Acoustic'")
        assert "Calls" in listed.stdout
        assert self.studio("dataset", "delete", key).exit_code == 0

    def test_from_training_to_transcribing(self) -> None:
        texts = [f"give number {number} now" for number in range(12)]
        dataset = make_dataset(self.project, texts)
        base = make_model("tiny", adapts_with="Acoustic")
        place = ("--project", str(self.project.pk), "--output", "id")
        right = {str(n): text for n, text in enumerate(texts, start=1)}
        with fake_engine(FakeEngine(custom_texts=right)):
            model = self.made(
                *("model", "create", "--name", "Ours", "--base", str(base.pk)),
                *("--dataset", str(dataset.pk), *place),
            )
            test = self.made(
                *("evaluation", "create", "--name", "Test", "--model", model),
                *("--model2", str(base.pk), "--dataset", str(dataset.pk), *place),
            )
            endpoint = self.made(
                *("endpoint", "create", "--name", "Live", "--model", model, *place),
            )
            batch = self.made(
                *("batch", "transcription", "create", "--name", "Many"),
                *("--dataset", str(dataset.pk), "--model", model, *place),
            )
        for field, value in (("Rate1", "0.0"), ("Rate2", "1.0")):
            path = f"properties.wordError{field}"
            shown = self.studio("evaluation", "show", test, "--field", path)
            assert shown.stdout == f"{value}\n"
        shown = self.studio("endpoint", "show", endpoint, "--field", "model")
        assert shown.stdout == f"{model}\n"
        in_use = self.studio("model", "delete", model)
        assert in_use.exit_code == Exit.REFUSED
        for kind, key in ((("endpoint",), endpoint), (("evaluation",), test)):
            assert self.studio(*kind, "delete", key).exit_code == 0
        status = self.studio("batch", "transcription", "status", batch)
        assert status.stdout == "Succeeded\n", status.output

    def made(self, *args: str) -> str:
        """The ID of what a command has made."""
        result = self.studio(*args)
        assert result.exit_code == 0, result.output
        return result.stdout.strip()

    def test_failures_have_their_exit_codes(self) -> None:
        bad = self.studio("project", "create", "--name", "x", "--language", "xx-XX")
        assert bad.exit_code == Exit.REFUSED
        assert "InvalidLocale, locale" in bad.stderr
        wrong = self.studio("dataset", "list", STUDIO_KEY="wrong")
        assert wrong.exit_code == Exit.KEY
        filtered = self.studio("dataset", "list", "--filter", "nothing")
        assert filtered.exit_code == Exit.REFUSED
