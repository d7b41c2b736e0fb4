"""Copies of models to other projects, in the contract's two steps."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpResponse, JsonResponse

from api import copies, shown
from api.body import Fields, read_object
from api.errors import invalid
from api.models import ModelCopy
from api.operation import Call
from api.project import named_project
from api.shown.parts import moment
from api.views.models import ready_model_for
from projects.models import Project

_REGION = "local"
_RETRY_SECONDS = "2"


def authorize(call: Call) -> HttpResponse:
    """`project` is an addition to the contract: where the copy is to come. Without it,
    it is that of the key, or the only one there can be."""
    fields = read_object(call.request)
    source = fields.required("sourceResourceId", 1000)
    project = _project(call, fields)
    fields.end()
    made, plain = copies.authorize(call.caller.user, project)
    return JsonResponse(
        {
            "id": plain,
            "sourceResourceId": source,
            "targetResourceId": urlsplit(call.addresses.base).netloc,
            "targetResourceEndpoint": call.addresses.base,
            "targetResourceRegion": _REGION,
            "expirationDateTime": moment(made.expires),
        }
    )


def copy(call: Call, id: UUID) -> HttpResponse:
    """The body is what the target has answered to `authorize`."""
    row = ready_model_for(call, id)
    fields = read_object(call.request)
    plain, endpoint = _authorization(fields)
    if urlsplit(endpoint).netloc != urlsplit(call.addresses.base).netloc:
        message = "Models are copied within one server only. Export the model there "
        message += "(models/ID/manifest, or its page), and import it on the other one."
        raise invalid(message, "targetResourceEndpoint")
    try:
        made = copies.start(row, plain)
    except copies.Refused as e:
        raise invalid(str(e), "id", e.code) from e
    body = shown.operation(made, call.addresses)
    response = JsonResponse(body, status=202)
    response.headers["Operation-Location"] = body["self"]
    response.headers["Retry-After"] = _RETRY_SECONDS
    return response


def operation(call: Call, id: UUID) -> HttpResponse:
    rows = ModelCopy.objects.select_related("made")
    row = call.caller.row(rows, id, collection="operations/models/copy")
    response = JsonResponse(shown.operation(row, call.addresses))
    if row.made.is_active:
        response.headers["Retry-After"] = _RETRY_SECONDS
    return response


def _project(call: Call, fields: Fields) -> Project | None:
    asked = fields.reference("project", call.addresses, "projects")
    key = asked or call.caller.key.project_id
    return named_project(call, key) if key else None


def _authorization(fields: Fields) -> tuple[str, str]:
    """Its ID, and where it is from. All of it has to be there, as in the contract; what
    holds is what was kept here. Raises `ApiError`."""
    for name in ("targetResourceRegion", "targetResourceId", "sourceResourceId"):
        fields.required(name)
    fields.required("expirationDateTime")
    plain, endpoint = fields.required("id"), fields.required("targetResourceEndpoint")
    fields.end()
    return plain, endpoint
