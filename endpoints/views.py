from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Case, F, Value, When
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from endpoints import course, keys, services, shown_once
from endpoints.forms import ChooseModelForm, RenameForm
from endpoints.frame import endpoint_for, here_for, page
from endpoints.models import Endpoint
from endpoints.sample_code import KEY_VARIABLE, Addresses, samples
from endpoints.serving import answering
from endpoints.tested import newest_test
from projects.access import project_for
from projects.downloads import download, encoded, file_name
from projects.listing import Filter, Listing
from projects.models import Role
from projects.rename import rename_page
from projects.requests import Request
from training.services import usable

_SUSPENDED = "Suspended"
_LISTING = Listing(
    sorts={
        "name": "name",
        "model": "model__name",
        "status": "state",
        "created": "created",
        "expires": "model__transcription_expires",
    },
    heads=[
        ("Name", "name"),
        ("Description", ""),
        ("Model", "model"),
        ("Status", "status"),
        ("Requests#", ""),
        ("Failed#", ""),
        ("Last used", ""),
        ("Created", "created"),
        ("Expiration", "expires"),
    ],
    searched=["name", "description", "model__name"],
    filters=[
        Filter("state", "Status", [*Endpoint.Status.choices, (_SUSPENDED, _SUSPENDED)])
    ],
)
# What people look for: a suspended endpoint answers nothing, however ready it is.
_STATE = Case(When(is_suspended=True, then=Value(_SUSPENDED)), default=F("status"))


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id)
    endpoints = project.endpoints.select_related("model", "serving")
    ctx = _LISTING.context(request, endpoints.annotate(state=_STATE)) | {
        "project": project,
        "room": "endpoints",
    }
    used = course.used_of(ctx["page"])
    ctx["rows"] = [(endpoint, used.get(endpoint.pk)) for endpoint in ctx["page"]]
    ctx["is_active"] = any(endpoint.is_active for endpoint in ctx["page"])
    if not ctx["is_filtered"] and not ctx["page"].object_list:
        ctx["can_deploy"] = bool(usable(project))
    part = "_table" if request.htmx else "list"
    return render(request, f"endpoints/{part}.html", ctx)


@require_safe
@never_cache
def detail(request: Request, endpoint_id: UUID) -> HttpResponse:
    """The endpoint's page; `?code=` is which program it shows.

    Keys in plain are on it once, after they were made.
    """
    endpoint = endpoint_for(request, endpoint_id)
    project = endpoint.project
    root = settings.RECOGNITION_URL or request.build_absolute_uri("/")[:-1]
    addresses = Addresses(root, str(endpoint.pk))
    programs = samples(addresses, project.locale)
    chosen = request.GET.get("code")
    ctx = _state(endpoint) | course.context(endpoint)
    ctx |= {
        "addresses": addresses,
        "samples": programs,
        "sample": next((p for p in programs if p.slug == chosen), programs[0]),
        "key_variable": KEY_VARIABLE,
    }
    if request.htmx:
        return render(request, "endpoints/_code.html", ctx)
    if project.can_edit:
        made = {key.number: key for key in endpoint.keys.all()}
        ctx["keys"] = [(number, made.get(number)) for number in keys.NUMBERS]
        # Asked for its head alone, the page shows nothing.
        if request.method == "GET":
            ctx["plain_keys"] = sorted(shown_once.take(request, endpoint).items())
    return render(request, "endpoints/detail.html", ctx)


@require_safe
def state(request: Request, endpoint_id: UUID) -> HttpResponse:
    """What changes on an endpoint's page while a model is being got ready."""
    ctx = _state(endpoint_for(request, endpoint_id))
    return render(request, "endpoints/_state.html", ctx)


@require_safe
def usage(request: Request, endpoint_id: UUID) -> HttpResponse:
    """The counters, while the page is open."""
    ctx = course.context(endpoint_for(request, endpoint_id))
    return render(request, "endpoints/_usage.html", ctx)


@require_safe
def usage_table(request: Request, endpoint_id: UUID) -> HttpResponseBase:
    """The counters of each hour, to take away."""
    endpoint = endpoint_for(request, endpoint_id)
    parts = [] if request.method == "HEAD" else encoded(course.table(endpoint))
    name = f"{file_name(endpoint.name)} requests.csv"
    return download(parts, "text/csv; charset=utf-8", name)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, endpoint_id: UUID) -> HttpResponse:
    endpoint = endpoint_for(request, endpoint_id, Role.EDITOR)
    form = RenameForm(request.POST or None, instance=endpoint)
    if request.method == "POST" and form.is_valid():
        services.rename(endpoint, **form.cleaned_data)
        return redirect(endpoint)
    ctx = {
        "project": endpoint.project,
        "room": "endpoints",
        "list_title": "Deploy models",
        "list_url": reverse("endpoint-list", args=[endpoint.project_id]),
    }
    return rename_page(request, endpoint, form, ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def change_model(request: Request, endpoint_id: UUID) -> HttpResponse:
    endpoint = endpoint_for(request, endpoint_id, Role.EDITOR)
    answers = request.POST if request.method == "POST" else None
    form = ChooseModelForm(answers, project=endpoint.project)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_model(endpoint, form.cleaned_data["model"])
        except services.Refused as e:
            form.add_error(None, str(e))
        else:
            return redirect(endpoint)
    ctx = {"form": form, "offers": form.offers}
    status = 422 if form.errors else 200
    return page(request, endpoint, "change_model", ctx, status)


@require_http_methods(["GET", "HEAD", "POST"])
def renew_key(request: Request, endpoint_id: UUID, number: int) -> HttpResponse:
    endpoint = here_for(request, endpoint_id, Role.EDITOR)
    if number not in keys.NUMBERS:
        raise Http404("There are two keys.")
    if request.method == "POST":
        shown_once.put(request, endpoint, {number: keys.renew(endpoint, number)})
        return redirect(endpoint)
    (other,) = set(keys.NUMBERS) - {number}
    return page(request, endpoint, "renew_key", {"number": number, "other": other})


@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: Request, endpoint_id: UUID) -> HttpResponse:
    endpoint = endpoint_for(request, endpoint_id, Role.EDITOR)
    if request.method == "POST":
        services.suspend(endpoint)
        return redirect(endpoint)
    return page(request, endpoint, "suspend", {})


@require_POST
def resume(request: Request, endpoint_id: UUID) -> HttpResponse:
    endpoint = endpoint_for(request, endpoint_id, Role.EDITOR)
    services.resume(endpoint)
    messages.success(request, "The endpoint answers again.")
    return redirect(endpoint)


@require_POST
def logging(request: Request, endpoint_id: UUID) -> HttpResponse:
    """Switched on or off, by `enabled` being there or not."""
    endpoint = endpoint_for(request, endpoint_id, Role.EDITOR)
    services.set_logging(endpoint, "enabled" in request.POST)
    return redirect(endpoint)


@require_POST
def retry(request: Request, endpoint_id: UUID) -> HttpResponse:
    endpoint = endpoint_for(request, endpoint_id, Role.EDITOR)
    services.retry(endpoint)
    return redirect(endpoint)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, endpoint_id: UUID) -> HttpResponse:
    endpoint = endpoint_for(request, endpoint_id, Role.EDITOR)
    if request.method == "POST":
        services.delete(endpoint)
        messages.success(request, f"“{endpoint.name}” was deleted.")
        return redirect("endpoint-list", endpoint.project_id)
    ctx = {"log_count": endpoint.log_entries.count()}
    return page(request, endpoint, "delete", ctx)


def _state(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "project": endpoint.project,
        "room": "endpoints",
        "endpoint": endpoint,
        "answering": answering(endpoint),
        "tested": newest_test(endpoint),
    }
