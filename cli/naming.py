"""Names, descriptions and properties, and the commit that something was made from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click

F = TypeVar("F", bound=Callable[..., Any])


def name_options(command: F) -> F:
    """Options of whatever is made. The command gets `body`, what they come to in the
    API's words."""

    @wraps(command)
    def named_command(
        *args: Any,
        name: str,
        description: str | None,
        properties: tuple[str, ...],
        commit: str | None,
        **more: Any,
    ) -> Any:
        body = named(name, description, properties, commit)
        return command(*args, body=body, **more)

    return _with_options(cast(F, named_command))


def _with_options(command: F) -> F:
    for option in (
        click.option(
            "--commit",
            envvar="STUDIO_COMMIT",
            help="The commit it is made from: it goes into the name, and whole into "
            "the custom property “commit”. Also STUDIO_COMMIT.",
        ),
        click.option(
            "--property",
            "properties",
            multiple=True,
            metavar="NAME=VALUE",
            help="A custom property; may be given up to ten times.",
        ),
        click.option("--description"),
        click.option("--name", required=True, help="What people see."),
    ):
        command = option(command)
    return command


def named(
    name: str, description: str | None, properties: tuple[str, ...], commit: str | None
) -> dict[str, Any]:
    """
    >>> named("Calls", None, ("team=a",), "0123456789abcdef")["displayName"]
    'Calls 0123456789'
    """
    body: dict[str, Any] = {"displayName": name}
    kept = pairs(properties)
    if commit:
        body["displayName"] = f"{name} {commit[:10]}"
        kept["commit"] = commit
    if description:
        body["description"] = description
    if kept:
        body["customProperties"] = kept
    return body


def pairs(properties: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in properties:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise click.UsageError(f"--property {one}: write NAME=VALUE.")
        found[name] = value
    return found
