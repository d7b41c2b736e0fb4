"""What all pages of an endpoint share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from endpoints.models import Endpoint
from projects.access import project_for
from projects.models import Role
from projects.requests import Request


def endpoint_for(
    request: Request, endpoint_id: UUID, role: Role = Role.VIEWER
) -> Endpoint:
    """The endpoint, with its models, for somebody who has this role in its project."""
    rows = Endpoint.objects.select_related("model", "serving")
    endpoint = get_object_or_404(rows, pk=endpoint_id)
    endpoint.project = project_for(request.user, endpoint.project_id, role)
    return endpoint


def here_for(request: Request, endpoint_id: UUID, role: Role = Role.VIEWER) -> Endpoint:
    """The same for what only an endpoint has that answers here: keys and logs."""
    endpoint = endpoint_for(request, endpoint_id, role)
    if endpoint.project.is_remote:
        raise Http404("The endpoint is at a Speech resource, with its keys and logs.")
    return endpoint


def page(
    request: Request,
    endpoint: Endpoint,
    name: str,
    ctx: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    ctx |= {"project": endpoint.project, "room": "endpoints", "endpoint": endpoint}
    return render(request, f"endpoints/{name}.html", ctx, status=status)
