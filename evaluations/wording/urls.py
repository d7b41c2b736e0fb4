from __future__ import annotations

from django.urls import path

from evaluations.wording import views

urlpatterns = [
    path(
        "projects/<uuid:project_id>/settings/words/",
        views.settings,
        name="project-words",
    ),
    path("tests/<uuid:evaluation_id>/words/", views.words, name="evaluation-words"),
    path("tests/<uuid:evaluation_id>/terms/", views.terms, name="evaluation-terms"),
]
