from __future__ import annotations

from django.urls import path

from evaluations.analysis import views

urlpatterns = [
    path("tests/<uuid:evaluation_id>/slices/", views.slices, name="evaluation-slices"),
    path(
        "tests/<uuid:evaluation_id>/confidence/",
        views.confidence,
        name="evaluation-confidence",
    ),
]
