"""Train a custom model at a resource."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.dateparse import parse_datetime

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from engines.base import EngineError
from jobs.models import Gone
from projects.models import Project
from remote.course import Found, Work, stage_of
from remote.home import home_of
from remote.make import make
from remote.models import Remote
from remote.send import Say, sent
from remote.talk import reference
from training.lifetime import check_trains
from training.models import SpeechModel

_MAX_REPORT_BYTES = 50 * 1024**2


def _make(client: AzureClient, row: Remote, model: SpeechModel, say: Say) -> None:
    if row.address:
        return
    project, base = model.project, model.base
    assert project is not None and base is not None
    check_trains(base)
    home = home_of(client, project)
    datasets = [sent(client, one, home, say) for one in model.datasets.all()]
    body: dict[str, Any] = {
        "displayName": model.name,
        "locale": project.locale,
        "baseModel": reference(client, base.reference),
        "datasets": [reference(client, one.address) for one in datasets],
        "project": reference(client, home.address),
    }
    if model.description:
        body["description"] = model.description
    if model.takes_text:
        body["properties"] = {"customModelWeightPercent": model.text_weight}
    make(client, row, body, "models")


def _collect(
    client: AzureClient, row: Remote, model: SpeechModel, found: Found
) -> None:
    report = keep_report(client, row, model, found)
    done = model.succeed(
        stage="",
        reference=row.address,
        recipe=recipe_of(row, model),
        transcription_expires=expiry_of(found, "transcriptionDateTime"),
        report_file=report,
    )
    if not done:
        raise Gone(f"{model!r} is not ours any more")


def keep_report(
    client: AzureClient, row: Remote, model: SpeechModel, found: Found
) -> str:
    """Store the report of the training beside the model; its name on the storage,
    empty where the resource has none."""
    name = f"{model.folder}/report.json"
    link = report_link(client, found)
    if not link:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        client.download(link, path, _MAX_REPORT_BYTES)
        default_storage.delete(name)  # of a try that died
        with path.open("rb") as file:
            return default_storage.save(name, File(file))


def report_link(client: AzureClient, found: Found) -> str:
    """Where the report is; empty where there is none, as with models that are old."""
    files = found.get("links", {}).get("files")
    try:
        listed = list(client.pages(files)) if files else []
    except AzureError as e:
        if e.kind is not Kind.GONE:
            raise
        listed = []
    for one in listed:
        if one.get("kind") == "ModelReport":
            return str(one.get("links", {}).get("contentUrl") or "")
    return ""


def expiry_of(found: Found, name: str) -> datetime | None:
    """A date of expiry, as the resource has it: it is read, never worked out."""
    dates = found.get("properties", {}).get("deprecationDates", {})
    try:
        return parse_datetime(str(dates.get(name) or ""))
    except ValueError:
        return None


def recipe_of(row: Remote, model: SpeechModel) -> dict[str, Any]:
    """What is known of how it was made: the rest is the resource's own business."""
    assert model.base is not None
    return {
        "base": {
            "id": str(model.base.pk),
            "name": model.base.name,
            "reference": model.base.reference,
            "released": model.base.released and model.base.released.isoformat(),
        },
        "data": [],
        "text_weight": model.text_weight,
        "settings": {"resource": row.resource.name, "address": row.address},
    }


def _project(model: SpeechModel) -> Project:
    if model.project is None:
        raise EngineError("A base model is not trained.", "InvalidBaseModel")
    return model.project


def _tell(model: SpeechModel, stage: str) -> None:
    if not model.claimed().update(stage=stage):
        raise Gone(f"{model!r} is not ours any more")


TRAINING = Work(
    Remote.Kind.MODEL,
    SpeechModel,
    _project,
    _make,
    _collect,
    _tell,
    stage_of(SpeechModel),
)
