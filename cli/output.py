"""How results are printed: for people as a table, for programs as JSON or IDs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from engines.azure.address import key_of

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("table", "json", "id")
_WIDEST = 48


class NewFile(click.Path):
    """A file that can be written: nobody is to hear after hours that it cannot."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        folder = Path(value).absolute().parent
        if not os.access(folder, os.W_OK | os.X_OK):
            self.fail(f"Nothing can be written into the folder {folder}.", param, ctx)
        return super().convert(value, param, ctx)


def output_option(command: F) -> F:
    return click.option(
        "--output",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="table for people; json is what the API answers; id is the ID alone.",
    )(command)


def show(entity: dict[str, Any], output: str) -> None:
    if output == "json":
        click.echo(json.dumps(entity, indent=2, ensure_ascii=False))
    elif output == "id":
        click.echo(id_of(entity))
    else:
        _print_table(list(_facts(entity)))


def show_all(
    entities: Iterable[dict[str, Any]], columns: Sequence[str], output: str
) -> None:
    """A table, a JSON list, or an ID a line."""
    if output == "id":
        for entity in entities:
            click.echo(id_of(entity))
    elif output == "json":
        click.echo(json.dumps(list(entities), indent=2, ensure_ascii=False))
    else:
        heads = ["ID", *(column.upper() for column in columns)]
        rows = [
            [id_of(entity), *(_cell(value_at(entity, name)) for name in columns)]
            for entity in entities
        ]
        _print_table([heads, *rows])


def id_of(entity: dict[str, Any]) -> str:
    return key_of(str(entity.get("self", "")))


def value_at(entity: dict[str, Any], path: str) -> Any:
    """
    >>> value_at({"properties": {"error": {"code": "x"}}}, "properties.error.code")
    'x'
    >>> value_at({}, "properties.error")
    """
    found: Any = entity
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def plain(entity: dict[str, Any], path: str) -> str:
    """One value, for a script: a reference as its ID; empty where there is none."""
    value = value_at(entity, path)
    if isinstance(value, dict) and "self" in value:
        return id_of(value)
    return "" if value is None else _text(value)


def _facts(entity: dict[str, Any]) -> Iterable[list[str]]:
    """Name and value of each; links are for programs."""
    yield ["id", id_of(entity)]
    for name, value in entity.items():
        if name in ("self", "links"):
            continue
        if isinstance(value, dict) and "self" in value:
            value = key_of(str(value["self"]))
        if name == "properties" and isinstance(value, dict):
            yield from ([one, _text(inner)] for one, inner in value.items())
        else:
            yield [name, _text(value)]


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return _cell(value, 10_000)


def _cell(value: Any, widest: int = _WIDEST) -> str:
    if value is None:
        return "-"
    text = " ".join(str(value).split())
    # What a server sends must not steer the terminal.
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
