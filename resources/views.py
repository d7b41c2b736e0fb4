"""Settings of the installation: for its administrators only."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from resources import services
from resources.forms import KeyForm, ResourceForm
from resources.models import Resource


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    _administrators_only(request)
    ctx = {"resources": Resource.objects.all()}
    return render(request, "resources/list.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    _administrators_only(request)
    form = ResourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        resource = services.add(**form.cleaned_data)
        _check(request, resource)
        return redirect("resource-list")
    status = 422 if form.errors else 200
    return render(request, "resources/new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def replace_key(request: HttpRequest, resource_id: UUID) -> HttpResponse:
    resource = _resource_for(request, resource_id)
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.replace_key(resource, form.cleaned_data["key"])
        _check(request, resource)
        return redirect("resource-list")
    ctx = {"resource": resource, "form": form}
    status = 422 if form.errors else 200
    return render(request, "resources/key.html", ctx, status=status)


@require_POST
def check(request: HttpRequest, resource_id: UUID) -> HttpResponse:
    _check(request, _resource_for(request, resource_id))
    return redirect("resource-list")


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, resource_id: UUID) -> HttpResponse:
    resource = _resource_for(request, resource_id)
    if request.method == "POST":
        try:
            services.delete(resource)
        except services.ResourceInUse as e:
            messages.error(request, str(e))
        else:
            messages.success(request, f"“{resource.name}” was taken away.")
        return redirect("resource-list")
    ctx = {"resource": resource, "project_count": resource.projects.count()}
    return render(request, "resources/delete.html", ctx)


def _check(request: HttpRequest, resource: Resource) -> None:
    problem = services.check(resource)
    if problem:
        messages.error(request, f"“{resource.name}” cannot be used yet. {problem}")
    else:
        said = f"“{resource.name}” answers, in version {resource.version} of the API."
        messages.success(request, said)


def _resource_for(request: HttpRequest, resource_id: UUID) -> Resource:
    _administrators_only(request)
    return get_object_or_404(Resource, pk=resource_id)


def _administrators_only(request: HttpRequest) -> None:
    if not request.user.is_superuser:
        raise Http404("There is nothing here.")
