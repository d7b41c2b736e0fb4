from __future__ import annotations

from typing import Any

from django.conf import settings

from api.addresses import Addresses
from api.shown.parts import course, described, model_reference, state
from endpoints import sample_code
from endpoints.models import Endpoint


def endpoint(row: Endpoint, addresses: Addresses) -> dict[str, Any]:
    """`model` is the one it is to answer with; until that has Succeeded, the former one
    goes on."""
    path = f"endpoints/{row.pk}"
    return {
        "self": addresses.of(path),
        **described(row),
        "locale": row.project.locale,
        "model": model_reference(row.model, addresses),
        "project": addresses.reference("projects", row.project_id),
        **state(row),
        "properties": {"loggingEnabled": row.logging_enabled, **course(row)},
        "links": _links(row, path, addresses),
    }


def _links(row: Endpoint, path: str, addresses: Addresses) -> dict[str, str]:
    """Where programs have speech recognised: one address, in version v3.2 six, and
    that of the logs."""
    root = settings.RECOGNITION_URL or addresses.base
    where = sample_code.Addresses(root, str(row.pk))
    if addresses.version != "v3.2":
        universal = f"{where.websocket_root}/stt/speech/universal/v2"
        return {"webSocket": f"{universal}?cid={row.pk}"}
    links = {f"rest{mode.title()}": address for mode, address in where.rest}
    links |= {f"webSocket{mode.title()}": address for mode, address in where.websocket}
    return links | {"logs": addresses.of(f"{path}/files/logs")}
