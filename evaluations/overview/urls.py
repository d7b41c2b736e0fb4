from __future__ import annotations

from django.urls import path

from evaluations.overview import views

urlpatterns = [
    path("projects/<uuid:project_id>/", views.project, name="project-detail"),
    path(
        "projects/<uuid:project_id>/compare/",
        views.compare,
        name="evaluation-compare",
    ),
    path("tests/<uuid:evaluation_id>/report/", views.report, name="evaluation-report"),
]
