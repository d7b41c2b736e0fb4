"""`studio`: projects, datasets, models, tests, endpoints and transcriptions from the
command line, of this server or of a Speech resource of Azure."""

from __future__ import annotations

import click

from cli import config
from cli.config import Config
from cli.data import dataset, project
from cli.serving import batch, endpoint
from cli.session import Commands, Session, pass_session
from cli.testing import evaluation
from cli.training import model
from engines.azure.address import endpoint_of, is_loopback
from engines.azure.client import NEWEST, OLD, AzureClient


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--api-version",
    envvar="STUDIO_API_VERSION",
    type=click.Choice([NEWEST, "2024-11-15", OLD]),
    default=NEWEST,
    show_default=True,
    help="What the server speaks. Also STUDIO_API_VERSION.",
)
@click.pass_context
def studio(ctx: click.Context, api_version: str) -> None:
    """Work with a speech server: this project's own, or a Speech resource of Azure.

    \b
    Say first which one it is, or set STUDIO_ENDPOINT and STUDIO_KEY:
      studio config
    Then, for example:
      studio project create --name Clinic --language en-US
      studio dataset create --project ID --name Calls --kind Acoustic \\
          --file calls.zip --wait
      studio model list --base
      studio model create --project ID --name Ours --base ID --dataset ID --wait
      studio evaluation create --project ID --name Test --dataset ID \\
          --model ID --wait --fail-if-worse-than 12.5%

    \b
    Exit codes:
      0  done                         5  the key is wrong, or may not do this
      1  the job has failed           6  the server was not reached, or has an error
      2  the command is wrong         7  the figure of a test is not good enough
      3  the server refuses this      8  --timeout has passed, and the job goes on
      4  it is not there
    """
    session = ctx.ensure_object(Session)
    session.version = api_version


@studio.command("config")
@click.option("--endpoint", help="An address, or the name of a region of Azure.")
@click.option(
    "--key", help="Better left out: it is asked for, or read from standard input."
)
@pass_session
def configure(session: Session, endpoint: str | None, key: str | None) -> None:
    """Say which server is asked, and with which key.

    Both are kept in ~/.config/speechstudio/config.json, which only you can read. They
    are tried at once. On this project's own server a key is made on the page API keys,
    in the menu of your account.
    """
    endpoint = endpoint or click.prompt("Endpoint or region", err=True)
    key = key or click.prompt("Key", hide_input=True, err=True)
    where = endpoint_of(str(endpoint))
    if where.startswith("http:") and not is_loopback(where):
        click.echo("Over http:// anybody on the way can read the key.", err=True)
    transport = session.transport
    with AzureClient(where, str(key), session.version, transport) as client:
        client.get("datasets", top=1)
    config.save(Config(where, str(key).strip()))
    click.echo(f"{where} answers. Kept in {config.path()}.", err=True)


for group in (project, dataset, model, evaluation, endpoint, batch):
    studio.add_command(group)


def main() -> None:
    studio(prog_name="studio")
