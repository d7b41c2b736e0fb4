"""Datasets of every kind and a model of them, for the tests of training."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from datasets.content import Writer
from datasets.formats.base import Entry
from datasets.models import Dataset, Utterance
from engines.base import Corpus
from engines.fake import FakeEngine
from jobs.models import Job
from projects.models import Project
from speechstudio.test import make_dataset, make_model
from training.corpus import corpus_of
from training.models import SpeechModel
from training.used import Bookkeeping

EVERY_KIND = " ".join(Dataset.Kind.values)


def make_speech(
    project: Project,
    texts: Sequence[str],
    speakers: Sequence[str] = (),
    **fields: object,
) -> Dataset:
    """Recordings with these texts; each sounds different from the others."""
    dataset = make_dataset(project, texts, **fields)
    rows = list(dataset.utterances.all())
    for number, row in enumerate(rows):
        row.audio_hash = hash((str(dataset.pk), number)) >> 1
        row.speaker = speakers[number] if speakers else ""
    Utterance.objects.bulk_update(rows, ["audio_hash", "speaker"])
    return dataset


def make_text(
    project: Project, entries: Sequence[Entry], kind: str = Dataset.Kind.PLAIN_TEXT
) -> Dataset:
    """A text dataset that holds these entries."""
    dataset = Dataset.objects.create(
        project=project,
        kind=kind,
        name=f"{kind} data",
        source_name="rules.md",
        accepted=len(entries),
        status=Job.Status.SUCCEEDED,
    )
    with tempfile.TemporaryDirectory() as folder, Writer(Path(folder)) as out:
        for entry in entries:
            out.add(entry)
        out.finish(Path(folder, "content"))
        data = Path(folder, "content").read_bytes()
    name = f"{dataset.folder}/content"
    dataset.content_file.name = default_storage.save(name, ContentFile(data))
    dataset.save()
    return dataset


def sentences(*texts: str) -> list[Entry]:
    return [Entry("sentence", n, text) for n, text in enumerate(texts, start=1)]


def make_base(**fields: object) -> SpeechModel:
    return make_model("tiny", **{"adapts_with": EVERY_KIND} | fields)


def make_custom(
    project: Project, datasets: Sequence[Dataset], **fields: object
) -> SpeechModel:
    """A custom model that waits to be trained on these."""
    base = fields.pop("base", None) or SpeechModel.objects.filter(project=None).first()
    model = SpeechModel(
        engine="fake",
        project=project,
        name="Clinic",
        base=base or make_base(),
        status=Job.Status.NOT_STARTED,
        **fields,
    )
    model.reference = f"custom:{model.pk}"
    model.save()
    model.datasets.set(datasets)
    return model


def gather(
    model: SpeechModel, engine: FakeEngine | None = None
) -> tuple[Corpus, Bookkeeping]:
    with corpus_of(model, engine or FakeEngine(), lambda stage: None) as (corpus, book):
        return corpus, book
