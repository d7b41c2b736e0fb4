"""What is at a resource, for the administrators, who have its key; and how a project
comes from there, for its members."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from engines.azure.errors import AzureError
from engines.azure.retry import Patience
from projects.access import project_for
from projects.models import Project, Role
from projects.requests import Request
from remote import bases, services
from remote.leave import stuck
from remote.models import Arrival, Remote
from remote.talk import opened, reason
from resources.models import Resource
from training.models import SpeechModel

# Somebody waits for the answer.
_PATIENCE = Patience(tries=2, total=20.0, silence=10.0)


@require_safe
def there(request: Request, resource_id: UUID) -> HttpResponse:
    """`?loose=1` asks for what belongs to no project as well, which takes longer."""
    resource = _resource_for(request, resource_id)
    ctx: dict[str, Any] = {
        "resource": resource,
        "bases": SpeechModel.objects.filter(engine=resource.key, project=None).count(),
        "stuck": stuck().filter(resource=resource),
        "is_loose_asked": "loose" in request.GET,
        "targets": Project.objects.filter(remotes__in=_homes(resource)),
    }
    try:
        with opened(resource, _PATIENCE) as client:
            ctx["there"] = services.projects_there(client, resource)
            if ctx["is_loose_asked"]:
                ctx["loose"] = list(services.loose_there(client))
    except AzureError as e:
        ctx["problem"] = reason(resource, e)
    return render(request, "remote/there.html", ctx)


@require_POST
def bring_in(request: Request, resource_id: UUID) -> HttpResponse:
    resource = _resource_for(request, resource_id)
    address = request.POST.get("address", "")
    try:
        arrival = services.bring_in(request.user, resource, address)
    except (AzureError, services.Refused) as e:
        messages.error(request, _said(resource, e))
        return redirect("remote-there", resource.pk)
    return redirect(arrival)


@require_POST
def connect(request: Request, resource_id: UUID) -> HttpResponse:
    resource = _resource_for(request, resource_id)
    projects = Project.objects.filter(remotes__in=_homes(resource))
    key = request.POST.get("project", "")
    project = next((one for one in projects if str(one.pk) == key), None)
    if project is None:
        messages.error(request, "Choose the project that it is to belong to.")
        return redirect("remote-there", resource.pk)
    try:
        arrival = services.connect(project, request.POST.get("address", ""))
    except (AzureError, services.Refused) as e:
        messages.error(request, _said(resource, e))
        return redirect("remote-there", resource.pk)
    return redirect(arrival)


@require_POST
def refresh_bases(request: Request, resource_id: UUID) -> HttpResponse:
    resource = _resource_for(request, resource_id)
    try:
        count = bases.refresh(resource)
    except AzureError as e:
        messages.error(request, reason(resource, e))
    else:
        models = "base model" if count == 1 else "base models"
        messages.success(request, f"{resource.name} offers {count:,} {models}.")
    return redirect("remote-there", resource.pk)


@require_POST
def left(request: Request, resource_id: UUID, key: UUID) -> HttpResponse:
    """Something that could not be deleted there: once more, or never mind."""
    resource = _resource_for(request, resource_id)
    row = get_object_or_404(Remote, pk=key, resource=resource, is_leaving=True)
    if "forget" in request.POST:
        services.forget(row)
    else:
        services.try_again(row)
        messages.success(request, "It is tried again within a minute or two.")
    return redirect("remote-there", resource.pk)


@require_safe
def arrival(request: Request, project_id: UUID) -> HttpResponse:
    """How a project comes from its resource. The live part ends in a whole page."""
    project = project_for(request.user, project_id)
    found = _arrival_of(project)
    ctx = {"project": project, "room": "settings", "arrival": found}
    if request.htmx:
        if found is None or not found.is_active:
            return HttpResponseClientRefresh()
        return render(request, "remote/_arrival.html", ctx)
    return render(request, "remote/arrival.html", ctx)


@require_POST
def refresh(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id, Role.OWNER)
    _arrival_of(project)
    return redirect(services.again(project))


def _arrival_of(project: Project) -> Arrival | None:
    if not project.is_remote:
        raise Http404("This project is on no resource.")
    return Arrival.objects.filter(project=project).first()


def _homes(resource: Resource) -> Any:
    return Remote.objects.filter(resource=resource, kind=Remote.Kind.PROJECT)


def _said(resource: Resource, error: Exception) -> str:
    return reason(resource, error) if isinstance(error, AzureError) else str(error)


def _resource_for(request: Request, resource_id: UUID) -> Resource:
    if not request.user.is_superuser:
        raise Http404("There is nothing here.")
    return get_object_or_404(Resource, pk=resource_id)
