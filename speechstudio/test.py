"""The cast and the makers that the tests of all rooms share."""

from __future__ import annotations

import io
import math
import struct
import wave
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TestCase

from datasets.models import Dataset, Loudness, Utterance
from engines import registry
from engines.fake import FakeEngine
from evaluations import services as evaluations
from evaluations.models import Evaluation
from jobs.models import Job
from projects import services as projects
from projects.models import Project, Role
from projects.storage import delete_tree
from speechstudio.celery import app
from training.models import SpeechModel

# A web process sends tasks by name; here they are to run where they are sent.
app.autodiscover_tasks(force=True)


class BaseTestCase(TestCase):
    """alice owns `self.project`, bob views it, charlie is a stranger."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.alice = User.objects.create_user("alice", password="pw-of-alice")
        cls.bob = User.objects.create_user("bob", password="pw-of-bob")
        cls.charlie = User.objects.create_user("charlie", password="pw-of-charlie")
        cls.project = projects.create(cls.alice, "Clinic", "en-US")
        Project.objects.filter(pk=cls.project.pk).update(engine="fake")
        cls.project.refresh_from_db()
        projects.set_role(cls.project, cls.bob.pk, Role.VIEWER)

    def setUp(self) -> None:
        # Requests close connections that are old. That of a test is in a transaction,
        # which is nobody else's to end.
        kept = "close_if_unusable_or_obsolete"
        self.enterContext(patch.object(BaseDatabaseWrapper, kept))
        self.addCleanup(delete_tree, "projects")
        self.client.force_login(self.alice)

    @contextmanager
    def on_commit(self) -> Iterator[None]:
        """Do what is to be done after the commit, jobs among it."""
        with self.captureOnCommitCallbacks(execute=True):
            yield

    def assert_stranger_gets_404(self, url: str, method: str = "get") -> None:
        self.client.force_login(self.charlie)
        assert getattr(self.client, method)(url).status_code == 404

    def assert_viewer_gets_403(self, url: str, method: str = "post") -> None:
        self.client.force_login(self.bob)
        assert getattr(self.client, method)(url).status_code == 403


def tone(seconds: float = 0.5, rate_hz: int = 16_000, pitch_hz: int = 440) -> bytes:
    """A mono 16-bit WAV file."""
    count = int(seconds * rate_hz)
    turn = 2 * math.pi * pitch_hz / rate_hz
    samples = [int(8000 * math.sin(turn * i)) for i in range(count)]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(struct.pack(f"<{count}h", *samples))
    return file.getvalue()


def make_zip(members: dict[str, bytes | str], name: str = "speech.zip") -> ContentFile:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return ContentFile(file.getvalue(), name=name)


def make_dataset(
    project: Project, texts: Sequence[str] = ("one two three",), **fields: Any
) -> Dataset:
    """An imported dataset with a tone for each text: 001.wav, 002.wav, ..."""
    values = {
        "name": "Calls",
        "source_name": "calls.zip",
        "source_bytes": 4,
        "accepted": len(texts),
        "seconds": 0.5 * len(texts),
        "status": Job.Status.SUCCEEDED,
    }
    dataset = Dataset.objects.create(project=project, **values | fields)
    folder = dataset.folder
    dataset.source.name = default_storage.save(
        f"{folder}/source.zip", ContentFile(b"PK\5\6")
    )
    dataset.save()
    sound = tone()
    rows = Utterance.objects.bulk_create(
        Utterance(
            dataset=dataset,
            position=i,
            name=f"{i:03}.wav",
            audio=default_storage.save(f"{folder}/audio/{i}.wav", ContentFile(sound)),
            transcript=text,
            seconds=0.5,
            words=len(text.split()),
        )
        for i, text in enumerate(texts, start=1)
    )
    Loudness.objects.bulk_create(
        Loudness(utterance=row, peaks=bytes(range(0, 250, 5))) for row in rows
    )
    return dataset


def make_model(name: str = "base", **fields: Any) -> SpeechModel:
    values = {"engine": "fake", "reference": name, "status": Job.Status.SUCCEEDED}
    return SpeechModel.objects.create(name=name, **values | fields)


def make_evaluation(
    project: Project,
    dataset: Dataset | None = None,
    models: Sequence[SpeechModel] = (),
    name: str = "Test of March",
) -> Evaluation:
    """A test that waits to be run."""
    dataset = dataset or make_dataset(project)
    return evaluations.create(project, dataset, models or [make_model()], name)


@contextmanager
def fake_engine(engine: FakeEngine) -> Iterator[FakeEngine]:
    """Have this engine asked for all models of the engine named "fake"."""
    with registry.replaced("fake", engine):
        yield engine
