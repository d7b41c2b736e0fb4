"""The verbs that all kinds of things have: list, show, status, update, delete and
download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.naming import pairs
from cli.output import output_option, plain, show, show_all, value_at
from cli.references import ENTITY, address_of, model_reference
from cli.session import Commands, Exit, Session, Stop, pass_session
from cli.wait import Waiting, must_have_succeeded, wait_options
from engines.azure.address import below
from engines.azure.errors import AzureError
from engines.azure.errors import Kind as ErrorKind

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Kind:
    """One kind of thing: what it is called, and where the API has it."""

    word: str  # in the singular
    collection: str  # in the API
    columns: tuple[str, ...]
    has_status: bool = True
    has_files: bool = True

    @property
    def one(self) -> str:
        """
        >>> Kind("endpoint", "endpoints", ()).one
        'an endpoint'
        """
        return f"{'an' if self.word[0] in 'aeiou' else 'a'} {self.word}"


def add_verbs(group: Commands, kind: Kind) -> None:
    """Add to a group what can be done with each of a kind."""
    group.add_command(_list(kind))
    group.add_command(_show(kind))
    group.add_command(_update(kind))
    group.add_command(_delete(kind))
    if kind.has_status:
        group.add_command(_status(kind))
    if kind.has_files:
        group.add_command(_download(kind))


def _list(kind: Kind) -> click.Command:
    @click.option(
        "--filter",
        "asked",
        metavar="EXPRESSION",
        help="Such as: status eq 'Succeeded' and createdDateTime gt 2026-01-31.",
    )
    @click.option("--top", type=click.IntRange(1), help="At most so many.")
    @output_option
    @pass_session
    def command(
        session: Session,
        asked: str | None,
        top: int | None,
        output: str,
        project: str | None = None,
        base: bool = False,
    ) -> None:
        path = kind.collection
        if base:
            path = f"{path}/base"
        elif project:
            path = below(address_of(session.client, "projects", project), path)
        found = session.client.pages(path, filter=asked)
        show_all(islice(found, top), kind.columns, output)

    if kind.word != "project":
        command = click.option("--project", type=ENTITY, help="Of this project only.")(
            command
        )
    if kind.word == "model":
        command = click.option("--base", is_flag=True, help="The base models.")(command)
    return click.command("list", help=f"List {kind.word}s, oldest first.")(command)


def _show(kind: Kind) -> click.Command:
    @click.command("show", help=f"Show what is known of {kind.one}.")
    @click.argument("id", type=ENTITY)
    @click.option(
        "--field",
        help="Print this alone: model gives its ID, properties.error.code a value.",
    )
    @output_option
    @pass_session
    def command(session: Session, id: str, field: str | None, output: str) -> None:
        entity = _entity(session, kind, id)
        if field:
            click.echo(plain(entity, field))
        else:
            show(entity, output)

    return command


def _status(kind: Kind) -> click.Command:
    @click.command(
        "status",
        help=f"Print the status of {kind.one}: NotStarted, Running, Succeeded or "
        "Failed. Exit code 1 when it has failed.",
    )
    @click.argument("id", type=ENTITY)
    @wait_options
    @pass_session
    def command(session: Session, id: str, waiting: Waiting) -> None:
        entity = waiting.end_of(session, _entity(session, kind, id))
        click.echo(entity.get("status", ""))
        must_have_succeeded(entity)

    return command


def _update(kind: Kind) -> click.Command:
    @click.argument("id", type=ENTITY)
    @click.option("--name")
    @click.option("--description")
    @click.option(
        "--property",
        "properties",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set a custom property; without a value it is taken away.",
    )
    @output_option
    @pass_session
    def command(
        session: Session,
        /,
        id: str,
        name: str | None,
        description: str | None,
        properties: tuple[str, ...],
        output: str,
        **more: Any,
    ) -> None:
        body: dict[str, Any] = {}
        if name is not None:
            body["displayName"] = name
        if description is not None:
            body["description"] = description
        if properties:
            given = pairs(properties)
            body["customProperties"] = {n: v or None for n, v in given.items()}
        body |= _endpoint_changes(session, **more)
        if not body:
            raise click.UsageError("Say what is to be changed.")
        address = address_of(session.client, kind.collection, id)
        show(session.client.patch(address, body), output)

    if kind.word == "endpoint":
        command = _deployment_options(command)
    return click.command("update", help=f"Change {kind.one}.")(command)


def _deployment_options(command: F) -> F:
    command = click.option("--model", type=ENTITY, help="Serve this model.")(command)
    return click.option(
        "--logging/--no-logging", default=None, help="Keep audio and transcripts."
    )(command)


def _delete(kind: Kind) -> click.Command:
    @click.command(
        "delete",
        help=f"Delete {kind.one} for good, without asking again. Exit code 3 while "
        "something uses it, and 4 when it is not there.",
    )
    @click.argument("id", type=ENTITY)
    @pass_session
    def command(session: Session, id: str) -> None:
        session.client.delete(address_of(session.client, kind.collection, id))

    return command


def _download(kind: Kind) -> click.Command:
    what = "the logs" if kind.word == "endpoint" else "the files"

    @click.command(
        "download",
        help=f"Fetch {what} of {kind.one}; prints where each one lies.",
    )
    @click.argument("id", type=ENTITY)
    @click.option(
        "--to",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(),
        help="The folder; by default this one.",
    )
    @pass_session
    def command(session: Session, id: str, to: Path) -> None:
        client = session.client
        entity = _entity(session, kind, id)
        listed = below(str(entity["self"]), "files")
        if kind.word == "endpoint":
            # Logs are in v3.2 of the API only.
            listed = f"v3.2/endpoints/{listed.split('/endpoints/')[1].split('/')[0]}"
            listed = client.address(f"{listed}/files/logs")
        for file in client.pages(listed):
            link = value_at(file, "links.contentUrl")
            if isinstance(link, str):
                target = _free(to, str(file.get("name", "")))
                client.download(link, target)
                click.echo(target)

    return command


def _entity(session: Session, kind: Kind, id: str) -> dict[str, Any]:
    """A model may be a base model: an ID does not tell."""
    try:
        return session.client.get(address_of(session.client, kind.collection, id))
    except AzureError as e:
        if kind.word != "model" or e.kind is not ErrorKind.GONE or "://" in id:
            raise
    return session.client.get(f"{kind.collection}/base/{id}")


def _endpoint_changes(
    session: Session, model: str | None = None, logging: bool | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if model:
        body["model"] = model_reference(session.client, model)
    if logging is not None:
        body["properties"] = {"contentLoggingEnabled": logging}
    return body


def _free(folder: Path, name: str) -> Path:
    """Where a file of this name goes; a server cannot name another folder, or what
    is there already."""
    parts = [part for part in name.replace("\\", "/").split("/") if part.strip(". ")]
    safe = "_".join("".join(s for s in part if s.isprintable()) for part in parts)
    target = folder / (safe[-200:].lstrip(".") or "file")
    if target.exists():
        raise Stop(f"{target} is there already. Say --to.", Exit.USAGE)
    return target
