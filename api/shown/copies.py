from __future__ import annotations

from typing import Any

from api.addresses import Addresses
from api.models import ModelCopy
from api.shown.parts import course, state


def operation(row: ModelCopy, addresses: Addresses) -> dict[str, Any]:
    """A copy of a model; the result is the model, once it is ready."""
    made = row.made
    shown: dict[str, Any] = {
        "id": str(row.pk),
        "self": addresses.of(f"operations/models/copy/{row.pk}"),
        **state(made),
        **course(made),
    }
    if made.status == made.Status.SUCCEEDED:
        shown["result"] = {"link": addresses.of(f"models/{made.pk}")}
    return shown
