"""The way from a row to the resource that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from engines.azure.retry import Patience
from resources.models import Resource
from resources.vault import Sealed, unseal

_replaced: dict[str, httpx.BaseTransport] = {}


def client_of(
    resource: Resource,
    patience: Patience | None = None,
    links: httpx.BaseTransport | None = None,
) -> AzureClient:
    """A client of the resource, to be closed after use; see `AzureClient`.

    Raises `AzureError` when its key cannot be read any more.
    """
    try:
        key = unseal(resource.sealed_key)
    except Sealed as e:
        raise AzureError(str(e), "KeySealed", kind=Kind.KEY) from e
    return AzureClient(
        resource.endpoint,
        key,
        resource.version,
        _replaced.get(resource.endpoint),
        patience,
        links,
    )


@contextmanager
def replaced(endpoint: str, transport: httpx.BaseTransport) -> Iterator[None]:
    """Have what is asked of this endpoint go elsewhere for a while: for tests."""
    _replaced[endpoint] = transport
    try:
        yield
    finally:
        del _replaced[endpoint]
