"""Sending a file to a dataset, with a bar on a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli.session import Session


def send(session: Session, dataset: str, path: Path) -> None:
    size = path.stat().st_size
    is_live = sys.stderr.isatty()
    with (
        path.open("rb") as file,
        click.progressbar(
            length=size,
            label=path.name,
            file=sys.stderr,
            hidden=not is_live,
        ) as bar,
    ):
        session.client.upload(
            dataset, file, size, lambda done, total: bar.update(done - bar.pos)
        )
