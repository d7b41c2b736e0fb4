from __future__ import annotations

from django.urls import path

from endpoints import tryout

urlpatterns = [
    path("projects/<uuid:project_id>/try/", tryout.show, name="project-try"),
    path("projects/<uuid:project_id>/try/token/", tryout.token, name="project-token"),
]
