"""`studio project` and `studio dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.naming import name_options
from cli.output import output_option, show
from cli.references import ENTITY, address_of, place
from cli.session import Commands, Session, pass_session
from cli.transfer import send
from cli.verbs import Kind, add_verbs
from cli.wait import Waiting, finish, wait_options

KINDS = (
    *("Acoustic", "AudioFiles", "Language", "LanguageMarkdown"),
    *("Pronunciation", "OutputFormatting"),
)


class _FullFile(click.Path):
    """A file with something in it: no server takes another one."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, readable=True, path_type=Path)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        if not path.stat().st_size:
            self.fail(f"{path} is empty.", param, ctx)
        return path


_FILE = _FullFile()


@click.group(cls=Commands, help="Projects: the speech and models of one domain.")
def project() -> None:
    pass


@project.command("create")
@name_options
@click.option("--language", required=True, help="The locale, such as en-US.")
@output_option
@pass_session
def create_project(
    session: Session,
    body: dict[str, Any],
    language: str,
    output: str,
) -> None:
    """Make a project. Its language cannot be changed later."""
    show(session.client.post("projects", body | {"locale": language}), output)


@click.group(cls=Commands, help="Datasets: what models learn from and are tested with.")
def dataset() -> None:
    pass


@dataset.command("create")
@name_options
@click.option("--project", type=ENTITY)
@click.option("--language", help="The locale; that of the project by default.")
@click.option(
    "--kind",
    type=click.Choice(KINDS, case_sensitive=False),
    required=True,
    help="Acoustic is audio with transcripts, AudioFiles audio alone, Language plain "
    "text, LanguageMarkdown structured text.",
)
@click.option("--file", type=_FILE, help="Sent from here, in blocks.")
@click.option("--url", help="The server fetches it from there.")
@wait_options
@output_option
@pass_session
def create_dataset(
    session: Session,
    body: dict[str, Any],
    project: str | None,
    language: str | None,
    kind: str,
    file: Path | None,
    url: str | None,
    waiting: Waiting,
    output: str,
) -> None:
    """Make a dataset of a file here, or of one that the server can fetch.

    \b
    studio dataset create --project ID --name Calls --kind Acoustic \\
        --file calls.zip --wait

    A file that broke off on its way is gone on with: studio dataset upload.
    """
    if bool(file) == bool(url):
        raise click.UsageError("Say --file or --url.")
    body |= place(session.client, project, language) | {"kind": kind}
    if url:
        body["contentUrl"] = url
    made = session.client.post("datasets", body)
    if file:
        send(session, str(made["self"]), file)
    finish(session, made, waiting, output)


@dataset.command("upload")
@click.argument("id", type=ENTITY)
@click.option("--file", type=_FILE, required=True)
@wait_options
@output_option
@pass_session
def upload(
    session: Session,
    id: str,
    file: Path,
    waiting: Waiting,
    output: str,
) -> None:
    """Send the file of a dataset that waits for it. What is there of the same file
    already is not sent again."""
    address = address_of(session.client, "datasets", id)
    send(session, address, file)
    finish(session, session.client.get(address), waiting, output)


add_verbs(
    project,
    Kind(
        "project",
        "projects",
        ("displayName", "locale", "createdDateTime"),
        has_status=False,
        has_files=False,
    ),
)
add_verbs(
    dataset,
    Kind("dataset", "datasets", ("displayName", "kind", "status", "createdDateTime")),
)
