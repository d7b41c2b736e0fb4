"""What an ID or an address on the command line stands for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import click

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind


class EntityType(click.ParamType):
    """An ID, or the address that the API gives something."""

    name = "id"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value).strip()
        if text.startswith(("http://", "https://")):
            return text
        try:
            return str(UUID(text))
        except ValueError:
            self.fail(f"“{text}” is no ID, such as studio ... list gives.", param, ctx)


ENTITY = EntityType()


def address_of(client: AzureClient, collection: str, given: str) -> str:
    return client.address(given if "://" in given else f"{collection}/{given}")


def reference(client: AzureClient, collection: str, given: str) -> dict[str, str]:
    return {"self": address_of(client, collection, given)}


def model_reference(client: AzureClient, given: str) -> dict[str, str]:
    """A custom model or a base model: an ID does not tell which."""
    if "://" not in given:
        try:
            client.get(f"models/{given}")
        except AzureError as e:
            if e.kind is not Kind.GONE:
                raise
            return reference(client, "models/base", given)
    return reference(client, "models", given)


def place(
    client: AzureClient, project: str | None, language: str | None
) -> dict[str, Any]:
    """Project and locale of something new; the locale is the project's own where
    nobody names one."""
    body: dict[str, Any] = {}
    if project:
        body["project"] = reference(client, "projects", project)
        language = language or str(client.get(body["project"]["self"])["locale"])
    if not language:
        raise click.UsageError("Say --project, or --language, such as en-US.")
    return {**body, "locale": language}
