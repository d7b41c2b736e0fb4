from __future__ import annotations

from django.urls import path

from evaluations.export import views

urlpatterns = [
    path(
        "tests/<uuid:evaluation_id>/export/<slug:form>/",
        views.export,
        name="evaluation-export",
    ),
]
