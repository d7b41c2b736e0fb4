from __future__ import annotations

from django.urls import path

from resources import views

urlpatterns = [
    path("resources/", views.index, name="resource-list"),
    path("resources/new/", views.create, name="resource-create"),
    path("resources/<uuid:resource_id>/key/", views.replace_key, name="resource-key"),
    path("resources/<uuid:resource_id>/check/", views.check, name="resource-check"),
    path("resources/<uuid:resource_id>/delete/", views.delete, name="resource-delete"),
]
