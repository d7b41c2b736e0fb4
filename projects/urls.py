from __future__ import annotations

from django.urls import path

from projects import views

urlpatterns = [
    path("projects/", views.index, name="project-list"),
    path("projects/new/", views.create, name="project-create"),
    path(
        "projects/<uuid:project_id>/settings/", views.settings, name="project-settings"
    ),
    path("projects/<uuid:project_id>/members/", views.add_member, name="member-create"),
    path(
        "projects/<uuid:project_id>/members/<int:member_id>/",
        views.change_member,
        name="member-change",
    ),
    path("projects/<uuid:project_id>/delete/", views.delete, name="project-delete"),
]
