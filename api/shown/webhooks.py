from __future__ import annotations

from typing import Any

from api.addresses import Addresses
from api.models import Delivery, WebHook
from api.shown.parts import course, described, moment, state


def web_hook(row: WebHook, addresses: Addresses) -> dict[str, Any]:
    """Its secret is not shown again."""
    path = f"webhooks/{row.pk}"
    return {
        "self": addresses.of(path),
        **described(row),
        "webUrl": row.url,
        "events": dict.fromkeys(row.events, True),
        **state(row),
        "properties": {"apiVersion": row.version, **course(row)},
        "links": {
            "ping": addresses.of(f"{path}:ping"),
            "test": addresses.of(f"{path}:test"),
            "deliveries": addresses.of(f"{path}/deliveries"),
        },
    }


def delivery(row: Delivery) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(row.pk),
        "event": row.event,
        "createdDateTime": moment(row.created),
        "state": row.state,
        "tries": row.tries,
    }
    if row.row:
        shown["entityId"] = str(row.row)
    if row.last_try:
        shown["lastTryDateTime"] = moment(row.last_try)
    if row.state == Delivery.State.WAITING and row.tries:
        shown["nextTryDateTime"] = moment(row.due)
    if row.problem:
        shown["problem"] = row.problem
    return shown
