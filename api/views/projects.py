from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, JsonResponse

from api import change, shown
from api.body import Fields, read_object
from api.errors import invalid
from api.filters import Property
from api.operation import Call, nothing
from api.paging import CREATED, NAMES, page
from projects import services
from projects.engines import EMBEDDED
from projects.forms import NewProjectForm, ProjectForm
from projects.locales import LOCALES
from projects.models import Role

_PROPERTIES = {**NAMES, **CREATED, "locale": Property("locale")}
_LOCALES = {tag.lower(): tag for tag, _ in LOCALES}


def locales(call: Call) -> HttpResponse:
    return JsonResponse([tag for tag, _ in LOCALES], safe=False)


def index(call: Call) -> HttpResponse:
    return page(
        call.request,
        call.addresses,
        "projects",
        call.caller.projects(),
        _PROPERTIES,
        lambda row: shown.project(row, call.addresses),
    )


@transaction.atomic
def create(call: Call) -> HttpResponse:
    call.caller.must_see_all()
    fields = read_object(call.request)
    locale = _locale(fields)
    form = NewProjectForm(
        {**change.named(fields), "locale": locale, "engine": EMBEDDED}
    )
    data = change.checked(form)
    properties = fields.custom_properties({})
    fields.end()
    row = services.create(call.caller.user, data["name"], locale, data["description"])
    change.keep(row, properties)
    return call.created(shown.project(row, call.addresses))


def show(call: Call, id: UUID) -> HttpResponse:
    row = call.caller.project_for(id)
    return JsonResponse(shown.project(row, call.addresses))


@transaction.atomic
def update(call: Call, id: UUID) -> HttpResponse:
    row = call.caller.project_for(id, Role.OWNER)
    fields = read_object(call.request)
    form = ProjectForm(change.named(fields, row), instance=row)
    change.checked(form)
    properties = fields.custom_properties(row.custom_properties)
    fields.end()
    form.save()
    change.keep(row, properties)
    return JsonResponse(shown.project(row, call.addresses))


def delete(call: Call, id: UUID) -> HttpResponse:
    services.delete(call.caller.project_for(id, Role.OWNER))
    return nothing()


def _locale(fields: Fields) -> str:
    given = fields.required("locale")
    if given.lower() not in _LOCALES:
        message = f"“{given[:40]}” is none of the locales at projects/locales."
        raise invalid(message, "locale", "InvalidLocale")
    return _LOCALES[given.lower()]
