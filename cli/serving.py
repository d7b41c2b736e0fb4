"""`studio endpoint` and `studio batch transcription`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from cli.naming import name_options
from cli.output import output_option, show
from cli.references import ENTITY, model_reference, place, reference
from cli.session import Commands, Exit, Session, Stop, pass_session
from cli.verbs import Kind, add_verbs
from cli.wait import Waiting, finish, must_have_succeeded, wait_options
from engines.azure.client import AzureClient


@click.group(cls=Commands, help="Endpoints: models that answer.")
def endpoint() -> None:
    pass


@endpoint.command("create")
@name_options
@click.option("--project", type=ENTITY)
@click.option("--language", help="The locale; that of the project by default.")
@click.option("--model", type=ENTITY, required=True)
@click.option("--logging/--no-logging", help="Keep audio and transcripts.")
@wait_options
@output_option
@pass_session
def create_endpoint(
    session: Session,
    body: dict[str, Any],
    project: str | None,
    language: str | None,
    model: str,
    logging: bool,
    waiting: Waiting,
    output: str,
) -> None:
    """Deploy a model. On Azure each hour of an endpoint is charged."""
    body |= place(session.client, project, language)
    body["model"] = model_reference(session.client, model)
    body["properties"] = {"loggingEnabled": logging}
    made = session.client.post("endpoints", body)
    finish(session, made, waiting, output)


@click.group(cls=Commands, help="What is done with many recordings at once.")
def batch() -> None:
    pass


@click.group(cls=Commands, help="Batch transcriptions.")
def transcription() -> None:
    pass


@transcription.command("create")
@name_options
@click.option("--project", type=ENTITY)
@click.option("--language", help="The locale; that of the project by default.")
@click.option("--url", "urls", multiple=True, help="A recording; up to 1,000 times.")
@click.option("--container", help="A container of blobs, with its SAS.")
@click.option("--dataset", type=ENTITY, help="The recordings of a dataset.")
@click.option("--model", type=ENTITY, help="A base model where none is given.")
@click.option(
    "--hours",
    type=click.IntRange(6, 744),
    default=48,
    show_default=True,
    help="How long the results are kept.",
)
@click.option("--words", is_flag=True, help="Times of words.")
@click.option(
    "--speakers", type=click.IntRange(2, 35), help="Tell up to so many apart."
)
@wait_options
@output_option
@pass_session
def create_transcription(
    session: Session,
    body: dict[str, Any],
    project: str | None,
    language: str | None,
    urls: tuple[str, ...],
    container: str | None,
    dataset: str | None,
    model: str | None,
    hours: int,
    words: bool,
    speakers: int | None,
    waiting: Waiting,
    output: str,
) -> None:
    """Transcribe recordings that the server can fetch, or that it has."""
    client = session.client
    if sum(map(bool, (urls, container, dataset))) != 1:
        raise click.UsageError("Say one of --url, --container and --dataset.")
    body |= place(client, project, language)
    if urls:
        body["contentUrls"] = list(urls)
    elif container:
        body["contentContainerUrl"] = container
    elif dataset:
        body["dataset"] = reference(client, "datasets", dataset)
    if model:
        body["model"] = model_reference(client, model)
    body["properties"] = _options(client.is_old, hours, words, speakers)
    path = "transcriptions" if client.is_old else "transcriptions:submit"
    made = waiting.end_of(session, client.post(path, body))
    show(made, output)
    must_have_succeeded(made)
    if waiting.is_wanted:
        _must_have_understood(client, made)


def _must_have_understood(client: AzureClient, made: dict[str, Any]) -> None:
    """A transcription succeeds although its recordings may fail, all of them even.
    Raises `Stop` in that case."""
    links = made.get("links") or {}
    for file in client.pages(str(links.get("files", ""))):
        if file.get("kind") != "TranscriptionReport":
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.json"
            client.download(str(file["links"]["contentUrl"]), path)
            report = json.loads(path.read_bytes())
        failed = int(report.get("failedTranscriptionsCount", 0))
        if failed and not report.get("successfulTranscriptionsCount"):
            raise Stop("None of the recordings could be transcribed.", Exit.FAILED)
        if failed:
            click.echo(f"Recordings that could not be transcribed: {failed}.", err=True)


def _options(
    is_old: bool, hours: int, words: bool, speakers: int | None
) -> dict[str, Any]:
    options: dict[str, Any] = {"wordLevelTimestampsEnabled": words}
    if is_old:
        options["timeToLive"] = f"PT{hours}H"
        if speakers:
            options["diarizationEnabled"] = True
            options["diarization"] = {"speakers": {"minCount": 1, "maxCount": speakers}}
        return options
    options["timeToLiveHours"] = hours
    if speakers:
        options["diarization"] = {"enabled": True, "maxSpeakers": speakers}
    return options


_COLUMNS = ("displayName", "status", "createdDateTime")
add_verbs(endpoint, Kind("endpoint", "endpoints", _COLUMNS))
batch.add_command(transcription)
add_verbs(transcription, Kind("transcription", "transcriptions", _COLUMNS))
