"""Who calls, and what they may see and do.

A key acts for the person it belongs to: what they may not see is not there for it
either. A key of one project sees only that project.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from api import keys
from api.errors import ApiError
from api.models import ApiKey, Scope
from endpoints import tokens
from projects import access
from projects.models import Project, Role

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Caller:
    key: ApiKey

    @property
    def user(self) -> User:
        return self.key.user

    def projects(self, role: Role = Role.VIEWER) -> QuerySet[Project]:
        found = access.projects_of(self.user, role)
        if self.key.project_id:
            found = found.filter(pk=self.key.project_id)
        return found

    def project_for(self, key: UUID, role: Role = Role.VIEWER) -> Project:
        """Raises `ApiError`: 404 for what they may not see, 403 for what they may not
        do."""
        if self.key.project_id not in (None, key):
            raise _not_found("projects", key)
        try:
            return access.project_for(self.user, key, role)
        except Http404 as e:
            raise _not_found("projects", key) from e
        except PermissionDenied as e:
            raise ApiError(str(e), "InvalidPermissions", status=403) from e

    def row(
        self,
        rows: QuerySet[M],
        key: UUID,
        role: Role = Role.VIEWER,
        collection: str = "",
    ) -> M:
        """The row of this key in one of their projects, with the project's role on it.

        Raises `ApiError` as `project_for` does.
        """
        found = rows.filter(pk=key, project__in=self.projects()).first()
        if found is None:
            raise _not_found(collection, key)
        # For the role, and what the row says of its project.
        found.project = self.project_for(  # type: ignore[attr-defined]
            found.project_id,  # type: ignore[attr-defined]
            role,
        )
        return found

    def must_see_all(self) -> None:
        """Raises `ApiError` for a key of one project."""
        if self.key.project_id:
            message = "The key is one of a single project."
            raise ApiError(message, "InvalidPermissions", status=403)

    def must(self, scope: Scope) -> None:
        """Raises `ApiError` when the key is not for this."""
        if not self.key.may(scope):
            message = f"This key may not be used to {scope.value}."
            raise ApiError(message, "InvalidPermissions", status=403)


def caller_of(request: HttpRequest) -> Caller:
    """Raises `ApiError` (401) without a key or a token that is good."""
    key = _key_of(request)
    if key is None:
        raise ApiError(
            "A key is needed in the header Ocp-Apim-Subscription-Key, or a token as "
            "Authorization: Bearer. It is missing, wrong, or has expired.",
            status=401,
        )
    return Caller(key)


def _key_of(request: HttpRequest) -> ApiKey | None:
    if plain := request.headers.get("Ocp-Apim-Subscription-Key", ""):
        return keys.find(plain)
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        return None
    value = value.strip()
    if "." not in value:
        return keys.find(value)
    grant = tokens.read(value)
    if grant is None or grant.endpoint or grant.model:
        return None
    return keys.find_by_digest(grant.key)


def _not_found(collection: str, key: UUID) -> ApiError:
    what = f"{collection}/{key}" if collection else str(key)
    return ApiError(f"There is no {what}.", status=404, target="id")
