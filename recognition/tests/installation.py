"""A whole installation that answers with a custom model: for the tests with the
clients that people already have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from speechstudio.tests.studio import ROOT, Studio, clean_environment, running

# The model is trained on a text and a rule, which shows in what it answers.
_DEPLOY = """
from uuid import uuid4
from endpoints import keys, services
from endpoints.models import Endpoint
from engines.base import Corpus, Recipe
from engines.display.rules import Rules
from engines.registry import get_engine
from projects.models import Project
from training.models import SpeechModel

project = Project.objects.get()
base = SpeechModel.objects.get(reference="tiny.en")
reference = f"custom:{uuid4()}"
corpus = Corpus(
    "en-US",
    texts=lambda: iter(["The patient takes metoprolol in the morning."] * 20),
    rules=Rules(rewrites=(("pulse", "heartbeat"),)),
)
engine = get_engine("whisper")
engine.train("tiny.en", corpus, Recipe(), reference, lambda progress: None)
model = SpeechModel.objects.create(
    name="Cardiology", reference=reference, project=project, base=base,
    status="Succeeded", languages="en",
)
endpoint = services.create(project, model, "Ward")
key = keys.renew(endpoint, 1)
print("deployed", endpoint.pk, key)
"""

_DEPLOY_BASE = """
from endpoints import keys, services
from projects.models import Project
from training.models import SpeechModel

model = SpeechModel.objects.get(reference={reference!r})
endpoint = services.create(Project.objects.get(), model, "Base")
print("deployed", endpoint.pk, keys.renew(endpoint, 1))
"""


@dataclass(frozen=True)
class Deployed:
    studio: Studio
    url: str
    endpoint: str
    key: str


@contextmanager
def deployed(folder: Path, **more: str) -> Iterator[Deployed]:
    with running(folder, **more) as studio:
        yield _deploy(studio, _DEPLOY, more)


def deploy_base(ward: Deployed, reference: str, **more: str) -> Deployed:
    """An endpoint of the same installation that answers with this base model; `more`
    is what the installation was started with."""
    return _deploy(ward.studio, _DEPLOY_BASE.format(reference=reference), more)


def _deploy(studio: Studio, script: str, more: Mapping[str, str]) -> Deployed:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--command", script],
        cwd=ROOT,
        env=clean_environment() | {"DATA_DIR": str(studio.folder), **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    words = done.stdout[done.stdout.index("deployed") :].split()
    return Deployed(studio, studio.url, words[1], words[2])
