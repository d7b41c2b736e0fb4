"""Web hooks: a person's own. A key of one project sees and makes those of that one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse

from api import change, shown
from api.body import Fields, read_object
from api.errors import ApiError, invalid
from api.filters import Property
from api.models import Delivery, WebHook
from api.operation import Call, nothing
from api.paging import CREATED, NAMES, STATUS, page
from api.webhooks import deliver, services
from api.webhooks.forms import NameForm
from api.webhooks.kinds import EVENTS
from api.webhooks.post import reason
from datasets.fetch import MAX_ADDRESS_CHARACTERS, check_public
from datasets.formats.base import FormatError

_PROPERTIES = {**NAMES, **CREATED, **STATUS, "webUrl": Property("url")}
_OF_DELIVERIES = {
    **CREATED,
    "event": Property("event"),
    "state": Property("state", choices=tuple(Delivery.State.values)),
}
# They are sent when somebody asks for them, and to each new address.
_ALWAYS = ("ping", "challenge")


def index(call: Call) -> HttpResponse:
    return page(
        call.request,
        call.addresses,
        "webhooks",
        _hooks(call),
        _PROPERTIES,
        lambda row: shown.web_hook(row, call.addresses),
    )


@transaction.atomic
def create(call: Call) -> HttpResponse:
    fields = read_object(call.request)
    data = change.checked(NameForm(change.named(fields)))
    values = _values(fields, None)
    custom = fields.custom_properties({})
    fields.end()
    try:
        row = services.create(
            call.caller.user,
            call.caller.key.project,
            secret=values.pop("secret") or "",
            **data,
            **values,
            custom_properties=custom,
            base=call.addresses.base,
            version=call.version,
        )
    except services.Refused as e:
        raise ApiError(str(e), "QuotaViolation", status=409) from e
    return call.created(shown.web_hook(row, call.addresses))


def show(call: Call, id: UUID) -> HttpResponse:
    row = _hook_for(call, id)
    return call.of_job(row, shown.web_hook(row, call.addresses))


@transaction.atomic
def update(call: Call, id: UUID) -> HttpResponse:
    row = _hook_for(call, id)
    fields = read_object(call.request)
    data = change.checked(NameForm(change.named(fields, row)))
    values = _values(fields, row)
    custom = fields.custom_properties(row.custom_properties)
    fields.end()
    try:
        services.change(row, **data, **values, custom_properties=custom)
    except services.Refused as e:
        raise ApiError(str(e), target="webUrl", status=409) from e
    return JsonResponse(shown.web_hook(_hook_for(call, id), call.addresses))


def delete(call: Call, id: UUID) -> HttpResponse:
    _hook_for(call, id).delete()
    return nothing()


def ping(call: Call, id: UUID) -> HttpResponse:
    row = _hook_for(call, id)
    try:
        services.ping(row)
    except services.Refused as e:
        raise ApiError(str(e), target="id", status=409) from e
    return HttpResponse(status=202)


def test(call: Call, id: UUID) -> HttpResponse:
    row = _hook_for(call, id)
    try:
        sent = services.test(row)
    except services.Refused as e:
        raise ApiError(str(e), target="id", status=409) from e
    return HttpResponse(status=202) if sent else nothing()


def deliveries(call: Call, id: UUID) -> HttpResponse:
    row = _hook_for(call, id)
    return page(
        call.request,
        call.addresses,
        f"webhooks/{id}/deliveries",
        row.deliveries.all(),
        _OF_DELIVERIES,
        shown.delivery,
    )


def send_again(call: Call, id: UUID) -> HttpResponse:
    """What was given up."""
    sent = deliver.send_again(_hook_for(call, id))
    return HttpResponse(status=202) if sent else nothing()


def _hooks(call: Call) -> QuerySet[WebHook]:
    found = WebHook.objects.filter(user=call.caller.user)
    if call.caller.key.project_id:
        found = found.filter(project=call.caller.key.project_id)
    return found


def _hook_for(call: Call, key: UUID) -> WebHook:
    """Raises `ApiError`."""
    row = _hooks(call).filter(pk=key).first()
    if row is None:
        raise ApiError(f"There is no webhooks/{key}.", status=404, target="id")
    return row


def _values(fields: Fields, row: WebHook | None) -> dict[str, Any]:
    """Address, secret and events; what is not given stays as it is in `row`, a secret
    as None. Raises `ApiError`."""
    url = row.url if row else ""
    if row is None or fields.has("webUrl"):
        url = fields.required("webUrl", MAX_ADDRESS_CHARACTERS).strip()
        try:
            check_public(url, settings.FETCH_ALLOWED_HOSTS)
        except FormatError as e:
            raise invalid(reason(e), "webUrl") from e
    return {"url": url, "secret": _secret(fields), "events": _events(fields, row)}


def _secret(fields: Fields) -> str | None:
    """None when none is given; empty when it is to be taken away."""
    properties = fields.fields("properties")
    secret = properties.text("secret", 200) if properties.has("secret") else None
    properties.get("apiVersion")
    properties.get("error")
    properties.end()
    return secret


def _events(fields: Fields, row: WebHook | None) -> list[str]:
    given = fields.fields("events")
    chosen = set(row.events) if row else set()
    for event in EVENTS:
        if given.flag(event, event in chosen):
            chosen.add(event)
        else:
            chosen.discard(event)
    for event in _ALWAYS:
        if not given.flag(event, True):
            message = f"“{event}” is always sent."
            raise invalid(message, given.target(event), "InvalidWebHookEventKind")
    given.end("InvalidWebHookEventKind")
    if not chosen:
        message = "“events” names at least one event, such as modelCompletion."
        raise invalid(message, "events", "InvalidWebHookEventKind")
    return [event for event in EVENTS if event in chosen]
