from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from projects import engines, services
from projects.access import project_for, projects_of
from projects.forms import MemberForm, NewProjectForm, ProjectForm, RoleForm
from projects.listing import Listing
from projects.models import Member, Project, Role
from projects.requests import Request

_LISTING = Listing(
    sorts={"name": "name", "language": "locale", "created": "created"},
    heads=[
        ("Name", "name"),
        ("Language", "language"),
        ("Datasets#", ""),
        ("Tests#", ""),
        ("Created", "created"),
    ],
    searched=["name", "description"],
)


@require_safe
def index(request: Request) -> HttpResponse:
    projects = projects_of(request.user).annotate(
        dataset_count=_count_of("datasets"),
        evaluation_count=_count_of("evaluations"),
    )
    ctx = _LISTING.context(request, projects)
    ctx["has_any"] = ctx["is_filtered"] or projects_of(request.user).exists()
    return render(request, "projects/list.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: Request) -> HttpResponse:
    form = NewProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project = services.create(request.user, **form.cleaned_data)
        return redirect(project)
    status = 422 if form.errors else 200
    return render(request, "projects/form.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id)
    if request.method == "POST":
        project_for(request.user, project_id, Role.OWNER)
    form = ProjectForm(request.POST or None, instance=project)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "The project was saved.")
        return redirect("project-settings", project.pk)
    if form.errors:
        # The form has written what is wrong into the row that the page shows.
        project.refresh_from_db(fields=list(form.fields))
    return _settings_page(request, project, form, MemberForm())


@require_POST
def add_member(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id, Role.OWNER)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, project, ProjectForm(instance=project), form)
    _change_members(
        request, project, form.cleaned_data["username"].pk, form.cleaned_data["role"]
    )
    return redirect("project-settings", project.pk)


@require_POST
def change_member(request: Request, project_id: UUID, member_id: int) -> HttpResponse:
    """Change a role, or take the member out with the button named `remove`."""
    project = project_for(request.user, project_id, Role.OWNER)
    member = get_object_or_404(Member, pk=member_id, project=project)
    form = RoleForm(request.POST)
    if "remove" in request.POST:
        _change_members(request, project, member.user_id, "")
    elif form.is_valid():
        _change_members(request, project, member.user_id, form.cleaned_data["role"])
    else:
        messages.error(request, "That is not a role.")
    return redirect("project-settings", project.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id, Role.OWNER)
    if request.method == "POST":
        services.delete(project)
        messages.success(request, f"“{project.name}” was deleted.")
        return redirect("project-list")
    ctx = {
        "project": project,
        "room": "settings",
        "dataset_count": project.datasets.count(),
        "model_count": project.models.count(),
        "evaluation_count": project.evaluations.count(),
        "endpoint_count": project.endpoints.count(),
        "transcription_count": project.transcriptions.count(),
    }
    return render(request, "projects/delete.html", ctx)


def _count_of(related: str) -> Subquery:
    """A count of its own: two joins would multiply each other's rows."""
    counted = Project.objects.filter(pk=OuterRef("pk")).order_by()
    return Subquery(counted.values("pk").annotate(n=Count(related)).values("n"))


def _change_members(
    request: Request, project: Project, user_id: int, role: str
) -> None:
    try:
        if role:
            services.set_role(project, user_id, role)
        else:
            services.remove_member(project, user_id)
    except services.LastOwner as e:
        messages.error(request, str(e))
    else:
        messages.success(request, "The members were changed.")


def _settings_page(
    request: Request, project: Project, form: ProjectForm, member_form: MemberForm
) -> HttpResponse:
    ctx = {
        "project": project,
        "room": "settings",
        "engine": engines.name_of(project.engine),
        "form": form,
        "member_form": member_form,
        "members": project.memberships.select_related("user"),
        "roles": Role.choices,
        "api_keys": project.api_keys.select_related("user"),
    }
    status = 422 if form.errors or member_form.errors else 200
    return render(request, "projects/settings.html", ctx, status=status)
