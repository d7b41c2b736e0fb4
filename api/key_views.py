"""Pages for keys: a person's own, and for owners those of a project."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from api.key_forms import KeyForm
from api.key_services import NewKey, make_once
from api.models import ApiKey
from projects.access import project_for, projects_of
from projects.models import Role
from projects.requests import Request

_WAITING = "api_keys"  # in the session: new keys in plain, by their IDs


@require_safe
@never_cache
def index(request: Request) -> HttpResponse:
    """The keys of a person. A new one in plain is on it once, after it was made."""
    keys = list(request.user.api_keys.select_related("project"))
    ctx = {
        "keys": keys,
        "seen": set(projects_of(request.user).values_list("pk", flat=True)),
        # Asked for its head alone, the page shows nothing.
        "new_keys": _take(request, keys) if request.method == "GET" else [],
    }
    return render(request, "api/keys.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: Request) -> HttpResponse:
    form = KeyForm(request.POST or None, user=request.user, initial={"pk": uuid4()})
    if request.method == "POST" and form.is_valid():
        if made := make_once(request.user, **form.cleaned_data):
            key, plain = made
            _put(request, key, plain)
        return redirect("api-key-list")
    status = 422 if form.errors else 200
    return render(request, "api/keys_new.html", {"form": form}, status=status)


@require_safe
def renew(request: Request, key_id: UUID) -> HttpResponse:
    """The form for another key like this one, which goes on being good."""
    key = get_object_or_404(request.user.api_keys, pk=key_id)
    if key.project_id:
        # Another key would be one for all projects, where there is no choice of this.
        project_for(request.user, key.project_id)
    like = {
        "pk": uuid4(),
        "name": key.name,
        "project": key.project_id,
        "scopes": key.scopes,
    }
    ctx = {"form": KeyForm(user=request.user, initial=like), "former": key}
    return render(request, "api/keys_new.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, key_id: UUID) -> HttpResponse:
    key = get_object_or_404(request.user.api_keys, pk=key_id)
    if request.method == "POST":
        _delete(request, key)
        return redirect("api-key-list")
    return render(request, "api/keys_delete.html", {"key": key})


@require_http_methods(["GET", "HEAD", "POST"])
def delete_of_project(request: Request, project_id: UUID, key_id: UUID) -> HttpResponse:
    """An owner ends a member's key for this project."""
    project = project_for(request.user, project_id, Role.OWNER)
    key = get_object_or_404(project.api_keys.select_related("user"), pk=key_id)
    if request.method == "POST":
        _delete(request, key)
        return redirect("project-settings", project.pk)
    ctx = {"key": key, "project": project, "room": "settings"}
    return render(request, "api/keys_delete_of_project.html", ctx)


def _delete(request: Request, key: ApiKey) -> None:
    key.delete()
    messages.success(request, f"The key “{key.name}” was deleted.")


def _put(request: Request, key: ApiKey, plain: str) -> None:
    """Have it wait for the page that shows it, which is asked for at once."""
    # Beside what may wait already: the other key was made in another tab.
    request.session.setdefault(_WAITING, {})[str(key.pk)] = plain
    request.session.modified = True


def _take(request: Request, keys: list[ApiKey]) -> list[NewKey]:
    """Those of the keys that wait to be shown, for the only time."""
    waiting = request.session.pop(_WAITING, {})
    root = request.build_absolute_uri("/")[:-1]
    return [
        NewKey(key, waiting[str(key.pk)], root)
        for key in keys
        if str(key.pk) in waiting
    ]
