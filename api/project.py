"""Which project something new belongs to."""

from __future__ import annotations

from uuid import UUID

from api.body import Fields
from api.change import locale_of
from api.errors import ApiError, invalid
from api.operation import Call
from projects.models import Project, Role


def project_of(call: Call, fields: Fields, role: Role = Role.EDITOR) -> Project:
    """The project of a call that makes something, with its role on it.

    It is the one that the call names; that of the key, when it is one of a single
    project; or the only one in the call's locale that the caller may change. The
    locale must be that of the project. Raises `ApiError`.
    """
    asked = fields.reference("project", call.addresses, "projects")
    key = asked or call.caller.key.project_id
    if key is None:
        return _only_one(call, fields, role)
    project = named_project(call, key, role)
    locale_of(fields, project.locale)
    return project


def named_project(call: Call, key: UUID, role: Role = Role.EDITOR) -> Project:
    """The project that a body names, with the caller's role. Raises `ApiError`."""
    try:
        return call.caller.project_for(key, role)
    except ApiError as e:
        if e.status != 404:
            raise
        # Not the address of the call is wrong, but what its body says.
        message = f"There is no projects/{key}."
        raise invalid(message, "project", "InvalidProject") from e


def _only_one(call: Call, fields: Fields, role: Role) -> Project:
    locale = fields.required("locale")
    found = call.caller.projects(role).filter(locale__iexact=locale)[:2]
    if len(found) != 1:
        count = "more than one" if found else "no"
        message = f"“project” is needed: you may change {count} project in "
        raise invalid(f"{message}{locale[:40]}.", "project")
    return call.caller.project_for(found[0].pk, role)
