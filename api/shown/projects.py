from __future__ import annotations

from typing import Any

from api.addresses import Addresses
from api.shown.parts import described, moment
from projects.models import Project

_LISTS = ("evaluations", "datasets", "models", "endpoints", "transcriptions")


def project(row: Project, addresses: Addresses) -> dict[str, Any]:
    path = f"projects/{row.pk}"
    return {
        "self": addresses.of(path),
        **described(row),
        "locale": row.locale,
        "createdDateTime": moment(row.created),
        "links": {name: addresses.of(f"{path}/{name}") for name in _LISTS},
    }
