"""The pipeline of docs/ci from an empty server to a deployed, better model, and to a
worse one that stops it. Everything is real: server, worker, trainer and shell.

It trains twice, which takes many minutes: TRY_PIPELINE=1 asks for it. `test_script.py`
runs the same script with an engine that does not train.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from cli.session import Exit
from speechstudio.tests.studio import (
    OWNER,
    ROOT,
    Studio,
    clean_environment,
    running,
)

SAMPLE = ROOT / "speechstudio" / "sample"
COMMITS = ("a" * 40, "b" * 40, "c" * 40)

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not os.environ.get("TRY_PIPELINE"), reason="trains: set TRY_PIPELINE=1"
    ),
]


class Server(NamedTuple):
    """`folder` is where the pipeline runs, and leaves its reports."""

    studio: Studio
    folder: Path
    key: str

    def run(self, *command: str, commit: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=clean_environment()
            | {
                "STUDIO": str(ROOT / "studio"),
                "STUDIO_ENDPOINT": self.studio.url,
                "STUDIO_KEY": self.key,
                "STUDIO_COMMIT": commit,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def pipeline(
        self, what: str, file: Path, commit: str
    ) -> subprocess.CompletedProcess[str]:
        script = str(ROOT / "docs" / "ci" / "pipeline.sh")
        return self.run("sh", script, what, str(file), commit=commit)

    def list(self, *kind: str) -> list[dict[str, object]]:
        done = self.run(str(ROOT / "studio"), *kind, "list", "--output", "json")
        assert done.returncode == 0, done.stderr
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    with running(folder, SAMPLE_PROJECT="false") as studio:
        made = subprocess.run(
            [sys.executable, "manage.py", "createapikey", "--user", OWNER[0]],
            cwd=ROOT,
            env=clean_environment() | {"DATA_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=True,
        )
        key = made.stdout.splitlines()[-1]
        yield Server(studio, tmp_path_factory.mktemp("repository"), key)


def with_wrong_transcripts(archive: Path, target: Path, clips: int = 12) -> Path:
    """Some of the clips, each with what is said in the next one."""
    with zipfile.ZipFile(archive) as source:
        texts = source.read("trans.txt").decode("utf-8-sig").splitlines()[:clips]
        names, said = zip(*(line.split("\t", 1) for line in texts), strict=True)
        wrong = [*said[1:], said[0]]
        lines = "".join(f"{n}\t{t}\n" for n, t in zip(names, wrong, strict=True))
        with zipfile.ZipFile(target, "w") as planted:
            planted.writestr("trans.txt", lines)
            for name in names:
                planted.writestr(name, source.read(name))
    return target


def test_from_an_empty_server_to_a_better_model_and_no_worse_one(
    server: Server,
) -> None:
    first, second, third = COMMITS
    early = server.pipeline("train", SAMPLE / "training.zip", first)
    assert (early.returncode, early.stdout) == (Exit.USAGE, ""), early.stderr
    assert "no test data yet" in early.stderr

    done = server.pipeline("benchmark", SAMPLE / "testing.zip", first)
    assert done.returncode == 0, done.stderr
    report = ElementTree.parse(server.folder / "speech.xml").getroot()
    assert report.attrib["name"] == f"Benchmark {first[:10]}"

    done = server.pipeline("release", SAMPLE / "training.zip", second)
    assert done.returncode == 0, done.stderr
    (endpoint,) = server.list("endpoint")
    (model,) = server.list("model")
    assert endpoint["status"] == "Succeeded"
    assert model["displayName"] == f"Model {second[:10]}"
    assert endpoint["model"] == {"self": model["self"]}

    wrong = with_wrong_transcripts(SAMPLE / "training.zip", server.folder / "x.zip")
    stopped = server.pipeline("release", wrong, third)
    assert stopped.returncode == Exit.GATE, stopped.stderr
    assert "The model is not better" in stopped.stderr
    report = ElementTree.parse(server.folder / "speech.xml").getroot()
    assert report.attrib["failures"] == "1"
    (after,) = server.list("endpoint")
    assert after["model"] == endpoint["model"]
