from __future__ import annotations

from django.urls import path

from evaluations.corrections import views

urlpatterns = [
    path(
        "tests/<uuid:evaluation_id>/references/",
        views.index,
        name="evaluation-references",
    ),
    path(
        "tests/<uuid:evaluation_id>/references/state/",
        views.state,
        name="evaluation-references-state",
    ),
    path(
        "tests/<uuid:evaluation_id>/references/version/",
        views.make_version,
        name="evaluation-new-version",
    ),
    path(
        "tests/<uuid:evaluation_id>/references/<int:position>/",
        views.correct,
        name="evaluation-correct",
    ),
]
