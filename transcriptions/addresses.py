"""Addresses that may hold a key, such as the SAS of a container.

Of each, the place is stored as it is, for people to see; all of it is stored sealed,
and only until it was used.
"""

from __future__ import annotations

from datasets import fetch
from datasets.formats.base import FormatError
from resources.vault import Sealed, seal, unseal


def sealed(**addresses: str) -> dict[str, str]:
    """The fields of a row for these addresses, each called after its place: `name` and
    `name_sealed`. Raises `FormatError`."""
    fields = {}
    for name, address in addresses.items():
        place = fetch.without_query(address) if address else ""
        fields[name] = place
        # What holds no more than the place needs no seal.
        fields[f"{name}_sealed"] = seal(address) if "?" in address else ""
    return fields


def whole(secret: str, place: str) -> str:
    """The address with what opens it, while that is kept. Raises `FormatError`."""
    try:
        return unseal(secret) or place
    except Sealed as e:
        message = "The address was stored under another SECRET_KEY. Give it again."
        raise FormatError(message, "address.sealed") from e
