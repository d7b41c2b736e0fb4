from __future__ import annotations

from django.urls import path

from remote import views

urlpatterns = [
    path("resources/<uuid:resource_id>/", views.there, name="remote-there"),
    path(
        "resources/<uuid:resource_id>/bring-in/", views.bring_in, name="remote-bring-in"
    ),
    path("resources/<uuid:resource_id>/connect/", views.connect, name="remote-connect"),
    path(
        "resources/<uuid:resource_id>/base-models/",
        views.refresh_bases,
        name="remote-bases",
    ),
    path(
        "resources/<uuid:resource_id>/left/<uuid:key>/", views.left, name="remote-left"
    ),
    path("projects/<uuid:project_id>/arrival/", views.arrival, name="project-arrival"),
    path("projects/<uuid:project_id>/refresh/", views.refresh, name="project-refresh"),
]
