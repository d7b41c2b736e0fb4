"""Send the data of a dataset to the resource, once: when work there first needs it."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.utils.timezone import now

from datasets.models import Dataset
from datasets.versions import is_version
from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from engines.base import EngineError
from projects.storage import local_copy
from remote.make import begin, make, row_of
from remote.models import Remote
from remote.talk import NotYet, failure_of, reference

Say = Callable[[str], None]


def sent(client: AzureClient, dataset: Dataset, home: Remote, say: Say) -> Remote:
    """Where the dataset is there, imported and ready to be used.

    Raises `NotYet` while the resource imports it, `EngineError` when it cannot be used,
    and `AzureError`.
    """
    if dataset.status != Dataset.Status.SUCCEEDED:
        message = f"“{dataset.name}” could not be imported, so it cannot be sent."
        raise EngineError(message, "InvalidDataset")
    row = row_of(Remote.Kind.DATASET, dataset.pk, dataset.project)
    found = _there(client, row)
    if found is None:
        row.row.delete()
        row = row_of(Remote.Kind.DATASET, dataset.pk, dataset.project)
        make(client, row, _body(client, dataset, home), "datasets")
        found = {"status": "NotStarted"}
    status = found.get("status")
    name = home.resource.name
    if status == "Failed":
        message, code = failure_of(found)
        row.leave()  # the next try sends it again
        raise EngineError(f"{name} refuses “{dataset.name}”. {message}", code)
    if status == "NotStarted" and row.is_ours and not row.state.get("is_sent"):
        _upload(client, row, dataset, say)
        status = "Running"
    if status != "Succeeded":
        raise NotYet(f"{name} imports “{dataset.name}”")
    return row


def _there(client: AzureClient, row: Remote) -> dict[str, Any] | None:
    """What the resource says of it; None when it is not there."""
    if not row.address:
        return None
    try:
        return client.get(row.address)
    except AzureError as e:
        if e.kind is Kind.GONE:
            return None
        raise


def _body(client: AzureClient, dataset: Dataset, home: Remote) -> dict[str, Any]:
    is_spoken = dataset.kind == Dataset.Kind.TRANSCRIPT
    kind = Dataset.Kind.ACOUSTIC if is_spoken else Dataset.Kind(dataset.kind)
    body: dict[str, Any] = {
        "displayName": dataset.name,
        "locale": dataset.project.locale,
        "kind": kind.value,
        "project": reference(client, home.address),
    }
    if dataset.description:
        body["description"] = dataset.description
    if dataset.text_normalization != Dataset.Normalization.DEFAULT:
        body["properties"] = {"textNormalizationKind": dataset.text_normalization}
    return body


def _upload(client: AzureClient, row: Remote, dataset: Dataset, say: Say) -> None:
    begin(row)
    title = f"Sending “{dataset.name}” to {row.resource.name}"[:180]

    def report(done: int, total: int) -> None:
        row.change(intended=now())
        say(f"{title}: {100 * done // max(total, 1)} %")

    say(title)
    try:
        with _file_of(dataset) as path, path.open("rb") as file:
            client.upload(row.address, file, path.stat().st_size, report)
    except FileNotFoundError as e:
        message = f"The file of “{dataset.name}” is not on the server any more."
        raise EngineError(message, "InvalidDataset") from e
    finally:
        row.change(intended=None)
    row.keep(is_sent=True)


@contextmanager
def _file_of(dataset: Dataset) -> Iterator[Path]:
    """The file as it came; of what was made here, one of the recordings."""
    is_made = dataset.kind == Dataset.Kind.TRANSCRIPT or is_version(dataset)
    if not is_made:
        with local_copy(dataset.source.name) as path:
            yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.zip"
        _pack(dataset, path)
        yield path


def _pack(dataset: Dataset, target: Path) -> None:
    """Recordings and their transcripts, as section 3.5 of the reference has them."""
    lines = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for one in dataset.utterances.order_by("position").iterator(1000):
            name = f"{one.position:06}.wav"
            with local_copy(one.audio.name) as path:
                archive.write(path, name)
            lines.append(f"{name}\t{' '.join(one.transcript.split())}\n")
        if dataset.has_transcripts:
            archive.writestr("trans.txt", "\ufeff" + "".join(lines))
