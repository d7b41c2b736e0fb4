from __future__ import annotations

from django.urls import path

from api import key_views

urlpatterns = [
    path("keys/", key_views.index, name="api-key-list"),
    path("keys/new/", key_views.create, name="api-key-create"),
    path("keys/<uuid:key_id>/renew/", key_views.renew, name="api-key-renew"),
    path("keys/<uuid:key_id>/delete/", key_views.delete, name="api-key-delete"),
    path(
        "projects/<uuid:project_id>/keys/<uuid:key_id>/delete/",
        key_views.delete_of_project,
        name="project-key-delete",
    ),
]
