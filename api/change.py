"""What can be changed of everything: name, description and custom properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.forms import BaseForm

from api.addresses import Addresses
from api.body import Fields, read_object
from api.errors import ApiError, invalid
from api.operation import Call

# What fields of our forms are called in the API.
_TARGETS = {"name": "displayName"}


def named(fields: Fields, row: Any = None) -> dict[str, str]:
    """Name and description as our forms take them; what is not given stays as it is in
    `row`. Raises `ApiError`."""
    name = row.name if row else ""
    if row is None or fields.has("displayName"):
        name = fields.required("displayName")
    description = row.description if row else ""
    if fields.has("description"):
        description = fields.text("description")
    return {"name": name, "description": description}


def checked(form: BaseForm, targets: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a form says of its data. Raises `ApiError`.

    `targets` are the names of its fields in the API, where they differ.
    """
    if form.is_valid():
        return form.cleaned_data
    field, errors = next(iter(form.errors.items()))
    target = {**_TARGETS, **(targets or {})}.get(field, field)
    raise invalid(str(errors[0]), "" if field == "__all__" else target)


def locale_of(fields: Fields, expected: str) -> None:
    """Raises `ApiError` when the call names another locale than that of its project."""
    given = fields.required("locale")
    if given.lower() != expected.lower():
        message = f"The project is in {expected}; “{given[:40]}” is another locale."
        raise invalid(message, "locale", "InvalidLocale")


def keep(row: Any, properties: Mapping[str, str]) -> None:
    """Store custom properties."""
    if properties != row.custom_properties:
        type(row).objects.filter(pk=row.pk).update(custom_properties=properties)
        row.custom_properties = properties


def stays(fields: Fields, row: Any, addresses: Addresses) -> None:
    """Raises `ApiError` when a call moves something into another project."""
    asked = fields.reference("project", addresses, "projects")
    if fields.has("project") and asked != row.project_id:
        message = "It belongs to its project for good. Make a copy in the other one."
        raise ApiError(message, "InvalidProject", "project", status=409)


def rename(
    call: Call,
    row: Any,
    form: Callable[[dict[str, str]], BaseForm],
    store: Callable[[Any, str, str], None],
) -> None:
    """Change name, description and custom properties, where a call changes no more.

    `store` is the service of the room. Raises `ApiError`.
    """
    fields = read_object(call.request)
    data = checked(form(named(fields, row)))
    stays(fields, row, call.addresses)
    properties = fields.custom_properties(row.custom_properties)
    fields.end()
    store(row, data["name"], data["description"])
    keep(row, properties)
