"""Batch transcription at a resource, which fetches the recordings itself; the results
are brought home."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from datasets import fetch
from datasets.formats.base import FormatError, shown
from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from engines.base import EngineError
from jobs.models import Gone, Job
from projects.models import Project
from remote.course import Found, Work, stage_of
from remote.home import home_of
from remote.make import make
from remote.models import Remote
from remote.send import Say
from remote.talk import reference
from training.lifetime import check_recognises
from transcriptions.models import Transcription, TranscriptionFile
from transcriptions.results import TICKS
from transcriptions.stored import REPORT_NAME

_MAX_FILE_BYTES = 200 * 1024**2
_SHOWN_CHARACTERS = 300


def _make(client: AzureClient, row: Remote, batch: Transcription, say: Say) -> None:
    if row.address:
        return
    if batch.model is None:
        message = f"The model {batch.model_name} was deleted before it was used."
        raise EngineError(message, "InvalidModel")
    check_recognises(batch.model)
    home = home_of(client, batch.project)
    places = _places(batch)
    destination = places.pop("destination", "")
    body: dict[str, Any] = {
        "displayName": batch.name,
        "locale": batch.project.locale,
        "model": reference(client, batch.model.reference),
        "project": reference(client, home.address),
        "properties": _options(client, batch, destination),
        **places,
    }
    if batch.description:
        body["description"] = batch.description
    to = "transcriptions" if client.is_old else "transcriptions:submit"
    make(client, row, body, "transcriptions", to)


def _places(batch: Transcription) -> dict[str, Any]:
    """Where the recordings are and where the results go, with what opens them."""
    try:
        found = _recordings(batch)
        if batch.destination:
            found["destination"] = batch.destination_address
    except FormatError as e:
        raise EngineError(str(e), e.code) from e
    return found


def _recordings(batch: Transcription) -> dict[str, Any]:
    if batch.container:
        return {"contentContainerUrl": batch.container_address}
    files = list(batch.files.order_by("position"))
    if not all(file.url for file in files):
        message = "A Speech resource fetches recordings itself: give their addresses, "
        message += "or that of a container."
        raise EngineError(message, "InvalidRecordingsUri")
    for file in files:
        # Nobody here takes them up: they end with their transcription.
        if file.start():
            file.hand_over()
    return {"contentUrls": [file.address for file in files]}


def _options(
    client: AzureClient, batch: Transcription, destination: str
) -> dict[str, Any]:
    options: dict[str, Any] = {
        "wordLevelTimestampsEnabled": batch.has_word_times,
        "displayFormWordLevelTimestampsEnabled": batch.has_display_word_times,
        "punctuationMode": batch.punctuation,
        "profanityFilterMode": batch.profanity,
    }
    if batch.channels:
        options["channels"] = batch.channels
    if destination:
        options["destinationContainerUrl"] = destination
    if client.is_old:
        return options | {"timeToLive": f"PT{batch.hours}H"}
    return options | {"timeToLiveHours": batch.hours}


def _collect(
    client: AzureClient, row: Remote, batch: Transcription, found: Found
) -> None:
    """Each result by itself, so that who follows a dead worker has less to do."""
    files = str(found.get("links", {}).get("files") or "")
    report: Found = {}
    listed = list(client.pages(files, top=1000)) if files else []
    with tempfile.TemporaryDirectory() as folder:
        for one in listed:
            content = _fetched(client, one, Path(folder) / "file.json")
            if one.get("kind") == "Transcription":
                _keep(batch, content)
            elif one.get("kind") == "TranscriptionReport":
                report = content
    _fail_the_rest(batch, report, row.resource.name)
    total = batch.files.count()
    batch.report(total, total)
    name = default_storage.save(
        f"{batch.folder}/{REPORT_NAME}", ContentFile(_encoded(report))
    )
    if not batch.succeed(report_file=name, stage=""):
        default_storage.delete(name)
        raise Gone(f"{batch!r} is not ours any more")


def _fetched(client: AzureClient, one: Found, path: Path) -> Found:
    client.download(str(one["links"]["contentUrl"]), path, _MAX_FILE_BYTES)
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        message = "The resource gave a result that is no such file."
        raise AzureError(message, "NotAzure", kind=Kind.NOT_AZURE)
    return content


def _keep(batch: Transcription, result: Found) -> None:
    """A result beside the recording that it names: nothing else ties them together."""
    source = str(result.get("source") or "")
    file = _file_of(batch, source)
    if file is None:
        return
    name = f"{batch.folder}/results/{file.position:06}-{file.attempt}.json"
    default_storage.delete(name)  # of a try that died
    stored = default_storage.save(name, ContentFile(_encoded(result)))
    combined = result.get("combinedRecognizedPhrases") or []
    text = " ".join(str(one.get("display") or "") for one in combined)
    file.succeed(
        result=stored,
        text=text.strip()[:_SHOWN_CHARACTERS],
        seconds=float(result.get("durationInTicks") or 0) / TICKS,
        channels=[one.get("channel", 0) for one in combined],
        url_sealed="",
        stage="",
    )


def _file_of(batch: Transcription, source: str) -> TranscriptionFile | None:
    """The row of a recording that has no result yet; of a container it is made now."""
    plain = fetch.without_query(source)
    for file in batch.files.order_by("position"):
        if fetch.without_query(file.url) == plain:
            return file if file.status == Job.Status.RUNNING else None
    file = TranscriptionFile.objects.create(
        transcription=batch,
        position=batch.files.count(),
        name=shown(fetch.file_name(source))[-255:] or "recording",
        url=plain,
    )
    file.start()
    return file


def _fail_the_rest(batch: Transcription, report: Found, name: str) -> None:
    why = dict(_failures(report))
    for file in batch.files.filter(status=Job.Status.RUNNING):
        message = why.get(
            fetch.without_query(file.url), f"{name} gave no result and no reason."
        )
        file.fail(message, "InvalidRecordings")


def _failures(report: Found) -> Iterator[tuple[str, str]]:
    """Why recordings have failed, by their addresses."""
    for one in report.get("details") or []:
        if isinstance(one, dict) and one.get("status") != "Succeeded":
            error = one.get("error")
            said = error.get("message") if isinstance(error, dict) else None
            said = said or one.get("errorMessage") or "It could not be transcribed."
            yield fetch.without_query(str(one.get("source") or "")), str(said)


def _encoded(content: Found) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def _project(batch: Transcription) -> Project:
    return batch.project


def _tell(batch: Transcription, stage: str) -> None:
    if not batch.claimed().update(stage=stage):
        raise Gone(f"{batch!r} is not ours any more")


BATCHES = Work(
    Remote.Kind.TRANSCRIPTION,
    Transcription,
    _project,
    _make,
    _collect,
    _tell,
    stage_of(Transcription),
)
