"""The pipeline of docs/ci as a script, with an engine that hears what it is told to;
`test_pipeline.py` runs it with a real one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.contrib.auth.models import User
from django.test import LiveServerTestCase

from api import keys
from cli.session import Exit
from endpoints.models import Endpoint
from engines import registry
from engines.fake import FakeEngine
from projects.storage import delete_tree
from speechstudio.test import make_model, make_zip, tone
from speechstudio.tests.studio import ROOT
from training.models import SpeechModel

NUMBERS = ("one", "two", "three", "four", "five", "six")
TIMES = ("please", "later", "today")
TEXTS = [f"give number {number} now {time}" for time in TIMES for number in NUMBERS]

# It starts a process for each command.
pytestmark = pytest.mark.real


class ScriptTestCase(LiveServerTestCase):
    def setUp(self) -> None:
        self.addCleanup(delete_tree, "projects")
        user = User.objects.create_user("alice")
        self.key = keys.make(user, "ci")[1]
        make_model("tiny", engine="whisper", adapts_with="Acoustic")
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ("testing", "training"):
            clips = {f"{name}{i}.wav": tone(pitch_hz=300 + i) for i in range(18)}
            lines = (
                f"{clip}\t{text}\n" for clip, text in zip(clips, TEXTS, strict=True)
            )
            content = make_zip({**clips, "trans.txt": "".join(lines)})
            (self.folder / f"{name}.zip").write_bytes(content.read())

    def pipeline(
        self, what: str, given: str, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(ROOT / "docs" / "ci" / "pipeline.sh"), what, given],
            cwd=self.folder,
            env=os.environ
            | {
                "STUDIO": str(ROOT / "studio"),
                "STUDIO_ENDPOINT": self.live_server_url,
                "STUDIO_KEY": self.key,
                "STUDIO_COMMIT": "0123456789abcdef",
                "PROJECT": "Nurse's ward",
            }
            | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_only_what_is_better_is_deployed(self) -> None:
        wrong = {str(n): "nothing of the kind" for n in range(1, 19)}
        right = {str(n): text for n, text in enumerate(TEXTS, start=1)}
        engine = FakeEngine(wrong, custom_texts=right)
        with registry.replaced("whisper", engine):
            done = self.pipeline("benchmark", "testing.zip")
            assert done.returncode == 0, done.stderr
            done = self.pipeline("release", "training.zip")
            assert done.returncode == 0, done.stderr
            engine.custom_texts = wrong
            stopped = self.pipeline("release", "training.zip")
        assert stopped.returncode == Exit.GATE, stopped.stderr
        assert "The model is not better" in stopped.stderr
        better, worse = SpeechModel.objects.exclude(project=None).order_by("created")
        endpoint = Endpoint.objects.get()
        assert (endpoint.model, worse.name) == (better, "Model 0123456789")
        assert endpoint.name == "Endpoint 0123456789"

    def test_what_fails_ends_it(self) -> None:
        for what, given, more, code in (
            ("benchmark", "testing.zip", {"STUDIO_KEY": "wrong"}, Exit.KEY),
            ("benchmark", "missing.zip", {}, Exit.USAGE),
            ("train", "training.zip", {}, Exit.USAGE),
            ("dance", "testing.zip", {}, Exit.USAGE),
            ("deploy", "", {}, Exit.USAGE),
        ):
            with self.subTest(what=what, more=more):
                done = self.pipeline(what, given, **more)
                assert done.returncode == code, done.stderr
                assert done.stdout == ""
