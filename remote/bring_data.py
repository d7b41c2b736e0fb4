"""The data of a dataset that is brought in: imported as any file, where the resource
gives it away."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID

from django.core.files.base import File

from datasets import services
from datasets.kinds import BY_VALUE
from datasets.models import Dataset
from engines.azure.client import AzureClient
from projects.models import Project
from remote.course import Found

# The kinds of files that a dataset is made of; others are its report.
_DATA = frozenset(
    {
        *("Audio", "LanguageData", "PronunciationData", "OutputFormattingData"),
        *("AcousticDataArchive", "AcousticDataTranscriptionV2"),
    }
)


def bring_dataset(client: AzureClient, project: Project, key: UUID, one: Found) -> None:
    """Make the dataset of this key. Raises `AzureError`."""
    if Dataset.objects.filter(pk=key).exists():
        return
    files = str(one.get("links", {}).get("files") or "")
    found = [
        each
        for each in (client.pages(files) if files else ())
        if each.get("kind") in _DATA and each.get("links", {}).get("contentUrl")
    ]
    if len(found) != 1:
        _without_data(project, key, one)
        return
    kind = BY_VALUE[str(one["kind"])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        client.download(found[0]["links"]["contentUrl"], path, kind.max_bytes)
        name = str(found[0].get("name") or f"data{kind.suffixes[0]}")
        with path.open("rb") as file:
            services.upload(
                project,
                _name(one),
                File(file, name=name),
                description=str(one.get("description") or "")[:2000],
                key=key,
                kind=kind.value,
            )


def _without_data(project: Project, key: UUID, one: Found) -> None:
    """It can train there, and has nothing to be seen here: its page says so."""
    properties = one.get("properties", {})
    dataset = Dataset(
        pk=key,
        project=project,
        kind=str(one["kind"]),
        name=_name(one),
        description=str(one.get("description") or "")[:2000],
        accepted=int(properties.get("acceptedLineCount") or 0),
        rejected=int(properties.get("rejectedLineCount") or 0),
        seconds=float(properties.get("durationMilliseconds") or 0) / 1000,
    )
    dataset.save(force_insert=True)
    if dataset.start():
        dataset.succeed()


def _name(one: Found) -> str:
    return str(one.get("displayName") or "Without a name")[:200]
