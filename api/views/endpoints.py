from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse

from api import change, shown
from api.body import Fields, read_object
from api.errors import ApiError, invalid
from api.operation import Call, nothing
from api.paging import ENTITIES, page
from api.project import project_of
from api.references import bases_here, model_in
from endpoints import services
from endpoints.forms import RenameForm
from endpoints.models import Endpoint
from projects.locales import LOCALES
from projects.models import Role
from training.models import SpeechModel


def locales(call: Call) -> HttpResponse:
    return JsonResponse(spoken(), safe=False)


def index(call: Call) -> HttpResponse:
    rows = Endpoint.objects.filter(project__in=call.caller.projects())
    return _list(call, "endpoints", rows)


def of_project(call: Call, id: UUID) -> HttpResponse:
    project = call.caller.project_for(id)
    return _list(call, f"projects/{id}/endpoints", project.endpoints.all())


@transaction.atomic
def create(call: Call) -> HttpResponse:
    fields = read_object(call.request)
    project = project_of(call, fields)
    data = change.checked(RenameForm(change.named(fields)))
    model = _model(call, fields)
    is_logged = _logging(fields, False)
    properties = fields.custom_properties({})
    fields.end()
    if model is None:
        raise invalid("“model” is needed: the one to deploy.", "model")
    try:
        row = services.create(project, model, **data, logging_enabled=is_logged)
    except services.Refused as e:
        raise _refusal(e) from e
    change.keep(row, properties)
    return call.created(shown.endpoint(row, call.addresses))


def show(call: Call, id: UUID) -> HttpResponse:
    row = endpoint_for(call, id)
    return call.of_job(row, shown.endpoint(row, call.addresses))


@transaction.atomic
def update(call: Call, id: UUID) -> HttpResponse:
    """With a `model`, have the endpoint answer with that one; with the same one, after
    it has failed, try again."""
    row = endpoint_for(call, id, Role.EDITOR)
    fields = read_object(call.request)
    data = change.checked(RenameForm(change.named(fields, row)))
    change.stays(fields, row, call.addresses)
    model = _model(call, fields)
    is_logged = _logging(fields, row.logging_enabled)
    properties = fields.custom_properties(row.custom_properties)
    fields.end()
    services.rename(row, data["name"], data["description"])
    services.set_logging(row, is_logged)
    change.keep(row, properties)
    if model and (model != row.model or row.status == Endpoint.Status.FAILED):
        try:
            services.change_model(row, model)
        except services.Refused as e:
            raise _refusal(e) from e
    return JsonResponse(shown.endpoint(endpoint_for(call, id), call.addresses))


def delete(call: Call, id: UUID) -> HttpResponse:
    services.delete(endpoint_for(call, id, Role.EDITOR))
    return nothing()


def endpoint_for(call: Call, key: UUID, role: Role = Role.VIEWER) -> Endpoint:
    """Raises `ApiError`."""
    rows = Endpoint.objects.select_related("model")
    return call.caller.row(rows, key, role, "endpoints")


def spoken() -> list[str]:
    """The locales that a base model on offer recognises."""
    bases = list(bases_here())
    return [tag for tag, _ in LOCALES if any(base.speaks(tag) for base in bases)]


def _list(call: Call, path: str, rows: QuerySet[Endpoint]) -> HttpResponse:
    return page(
        call.request,
        call.addresses,
        path,
        rows.select_related("project", "model"),
        ENTITIES,
        lambda row: shown.endpoint(row, call.addresses),
    )


def _model(call: Call, fields: Fields) -> SpeechModel | None:
    """None when the call names none. Whether it can be deployed is the service's to
    say. Raises `ApiError`."""
    key = fields.reference("model", call.addresses, "models", "models/base")
    return model_in(call, key, "model") if key else None


def _logging(fields: Fields, before: bool) -> bool:
    """The reference calls it `loggingEnabled` where an endpoint is made and shown, and
    `contentLoggingEnabled` where it is changed: here both are good for both."""
    properties = fields.fields("properties")
    shown_as = properties.flag("loggingEnabled", before)
    wanted = properties.flag("contentLoggingEnabled", shown_as)
    properties.get("error")
    properties.end()
    return wanted


def _refusal(error: services.Refused) -> ApiError:
    if error.code == "EndpointNotUpdatable":
        return ApiError(str(error), error.code, "id", status=409)
    return invalid(str(error), "model", error.code)
