"""How this server speaks with a Speech resource, and what it makes of failures."""

from __future__ import annotations

from engines.azure.address import asking
from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from engines.azure.retry import Patience
from resources.connection import client_of
from resources.models import Resource

# A worker that makes something there may wait a little; who polls asks again later.
WORKING = Patience(tries=3, total=60.0, silence=60.0)
POLLING = Patience(tries=1, total=20.0, silence=15.0)
# These pass, by themselves or when somebody sees to it: the job goes on waiting.
PASSING = frozenset(
    {Kind.NETWORK, Kind.KEY, Kind.THROTTLED, Kind.SERVER, Kind.NOT_AZURE}
)
# With these the answer to a POST is not known: it may have been carried out.
UNCERTAIN = frozenset({Kind.NETWORK, Kind.SERVER, Kind.NOT_AZURE})
_NOTE = 200
ENDED = ("Succeeded", "Failed")


class NotYet(Exception):
    """Something has to be waited for; the message says what, for the user."""


def opened(resource: Resource, patience: Patience | None = None) -> AzureClient:
    """Raises `AzureError` when the key cannot be read."""
    return client_of(resource, patience or WORKING)


def reason(resource: Resource, error: AzureError) -> str:
    """Why a job waits, as its stage: what happened, and whether anybody has to act."""
    said = {
        Kind.NETWORK: f"{resource.name} cannot be reached; trying again. {error}",
        Kind.KEY: f"{resource.name} refuses its key. Replace it in the settings of "
        "the resource; this goes on then.",
        Kind.FORBIDDEN: f"{resource.name} does not let its key do this. {error}",
        Kind.THROTTLED: f"{resource.name} asks for patience: too many requests.",
        Kind.SERVER: f"{resource.name} has trouble of its own; trying again. {error}",
        Kind.NOT_AZURE: f"{resource.name} does not answer as a Speech resource; "
        f"trying again. {error}",
    }
    return noted(said.get(error.kind, str(error)))


def noted(text: str) -> str:
    """
    >>> len(noted("x" * 500))
    200
    """
    return text if len(text) <= _NOTE else f"{text[: _NOTE - 1]}…"


def bare(address: str) -> str:
    """An address as it is kept, without the version that was asked for.

    >>> bare("https://a.example/speechtotext/models/7?api-version=2025-10-15")
    'https://a.example/speechtotext/models/7'
    """
    return address.partition("?")[0]


def reference(client: AzureClient, address: str) -> dict[str, str]:
    """What stands in a body for something that is there."""
    version = None if client.is_old else client.version
    return {"self": asking(address, **{"api-version": version})}


def failure_of(found: dict[str, object]) -> tuple[str, str]:
    """Why something failed there: a message and a code."""
    properties = found.get("properties")
    error = properties.get("error") if isinstance(properties, dict) else None
    if not isinstance(error, dict):
        return "The resource does not say why.", "Failed"
    message, code = error.get("message"), error.get("code")
    return str(message or "The resource does not say why."), str(code or "Failed")[:64]
