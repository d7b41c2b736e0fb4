from __future__ import annotations

from django.urls import include, path

from evaluations import model_views, views, wizard

urlpatterns = [
    path("", include("evaluations.wording.urls")),
    path("", include("evaluations.analysis.urls")),
    path("", include("evaluations.corrections.urls")),
    path("", include("evaluations.overview.urls")),
    path("projects/<uuid:project_id>/tests/", views.index, name="evaluation-list"),
    path(
        "projects/<uuid:project_id>/tests/new/",
        wizard.start,
        name="evaluation-create",
    ),
    path(
        "projects/<uuid:project_id>/tests/new/<slug:step>/",
        wizard.show,
        name="evaluation-step",
    ),
    path("tests/<uuid:evaluation_id>/", views.detail, name="evaluation-detail"),
    path(
        "tests/<uuid:evaluation_id>/utterances/<int:position>/",
        views.utterance,
        name="evaluation-utterance",
    ),
    path("tests/<uuid:evaluation_id>/edit/", views.edit, name="evaluation-edit"),
    path(
        "tests/<uuid:evaluation_id>/levels/<slug:level>/",
        model_views.level,
        name="evaluation-level",
    ),
    path(
        "tests/<uuid:evaluation_id>/models/",
        model_views.add,
        name="evaluation-add-models",
    ),
    path(
        "tests/<uuid:evaluation_id>/models/<int:candidate_id>/remove/",
        model_views.remove,
        name="evaluation-remove-model",
    ),
    path(
        "tests/<uuid:evaluation_id>/again/",
        model_views.again,
        name="evaluation-again",
    ),
    path("tests/<uuid:evaluation_id>/retry/", views.retry, name="evaluation-retry"),
    path("tests/<uuid:evaluation_id>/delete/", views.delete, name="evaluation-delete"),
    path("", include("evaluations.review.urls")),
    path("", include("evaluations.export.urls")),
]
