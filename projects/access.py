"""Who may see and do what: the one place that decides.

A stranger is told that the thing does not exist (404); a member whose role
is too low is told so (403). Superusers run the installation and own every
project. Every view of every room begins with a call to `project_for`.
"""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import User as Account
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from projects.models import Member, Project, Role

User: TypeAlias = Account | AnonymousUser


def projects_of(user: User, role: Role = Role.VIEWER) -> QuerySet[Project]:
    """The projects that this person may see, or act in as `role`."""
    if not user.is_active:
        return Project.objects.none()
    if user.is_superuser:
        return Project.objects.all()
    roles = [one for one in Role if one.may_act_as(role)]
    return Project.objects.filter(
        memberships__user__pk=user.pk, memberships__role__in=roles
    )


def people_of(project_id: UUID) -> QuerySet[Account]:
    """Those who may see the project: `projects_of`, asked from the other side."""
    is_there = Q(is_superuser=True) | Q(memberships__project=project_id)
    return Account.objects.filter(is_there, is_active=True).distinct()


def project_for(
    user: User, project_id: UUID | str, role: Role = Role.VIEWER
) -> Project:
    """The project, if this person may act in it as `role`.

    Raises `Http404` for a stranger and `PermissionDenied` for a member whose
    role does not go so far. `project.role` tells the page what to offer.
    """
    project = projects_of(user).filter(pk=project_id).first()
    if project is None:
        raise Http404("No such project.")
    project.role = _role_of(user, project)
    if not project.role.may_act_as(role):
        raise PermissionDenied(
            f"This takes the role of {role.label.lower()}; "
            f"yours here is {project.role.label.lower()}."
        )
    return project


def _role_of(user: User, project: Project) -> Role:
    if user.is_superuser:
        return Role.OWNER
    assert isinstance(user, Account)  # nobody else got a project
    return Role(Member.objects.get(project=project, user=user).role)
