"""`studio model`."""

from __future__ import annotations

import os
from typing import Any

import click

from cli.naming import name_options
from cli.output import output_option
from cli.references import ENTITY, address_of, place, reference
from cli.session import Commands, Exit, Session, Stop, pass_session
from cli.verbs import Kind, add_verbs
from cli.wait import Waiting, finish, wait_options
from engines.azure.client import AzureClient


@click.group(cls=Commands, help="Models: custom ones, and those they are made from.")
def model() -> None:
    pass


@model.command("create")
@name_options
@click.option("--project", type=ENTITY)
@click.option("--language", help="The locale; that of the project by default.")
@click.option(
    "--dataset",
    "datasets",
    type=ENTITY,
    multiple=True,
    required=True,
    help="What it learns from; may be given several times.",
)
@click.option(
    "--base", type=ENTITY, required=True, help="See: studio model list --base."
)
@click.option(
    "--weight",
    type=click.IntRange(1, 100),
    help="Of the domain's language against the base model's, in percent.",
)
@wait_options
@output_option
@pass_session
def create_model(
    session: Session,
    body: dict[str, Any],
    project: str | None,
    language: str | None,
    datasets: tuple[str, ...],
    base: str,
    weight: int | None,
    waiting: Waiting,
    output: str,
) -> None:
    """Train a custom model. On Azure this is charged."""
    client = session.client
    body |= place(client, project, language)
    body["baseModel"] = reference(client, "models/base", base)
    body["datasets"] = [reference(client, "datasets", one) for one in datasets]
    if weight:
        body["properties"] = {"customModelWeightPercent": weight}
    made = client.post("models", body)
    finish(session, made, waiting, output)


@model.command("copy")
@click.argument("id", type=ENTITY)
@click.option("--to", "endpoint", required=True, help="The endpoint it is copied to.")
@click.option(
    "--source-resource",
    required=True,
    help="What the resource is called that it comes from; of Azure, its full ID.",
)
@wait_options
@output_option
@pass_session
def copy(
    session: Session,
    id: str,
    endpoint: str,
    source_resource: str,
    waiting: Waiting,
    output: str,
) -> None:
    """Copy a model to another resource, whose key is in STUDIO_TARGET_KEY.

    Shows the operation; with --wait its end, where the link is that of the copy.
    """
    key = os.environ.get("STUDIO_TARGET_KEY", "")
    if not key:
        raise Stop("Set STUDIO_TARGET_KEY to the key of the target.", Exit.USAGE)
    transport = session.target_transport
    with AzureClient(endpoint, key, session.version, transport) as target:
        asked = {"sourceResourceId": source_resource}
        permit = target.post("models:authorizecopy", asked)
    client = session.client
    address = address_of(client, "models", id)
    path, sign, query = address.partition("?")
    answer = client.ask("POST", f"{path}:copy{sign}{query}", permit)
    operation: dict[str, Any] = answer.body
    operation.setdefault("self", answer.operation)
    finish(session, operation, waiting, output)


add_verbs(
    model,
    Kind("model", "models", ("displayName", "locale", "status", "createdDateTime")),
)
