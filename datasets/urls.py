from __future__ import annotations

from django.urls import path

from datasets import views

urlpatterns = [
    path("projects/<uuid:project_id>/datasets/", views.index, name="dataset-list"),
    path(
        "projects/<uuid:project_id>/datasets/new/", views.create, name="dataset-create"
    ),
    path("datasets/<uuid:dataset_id>/", views.detail, name="dataset-detail"),
    path("datasets/<uuid:dataset_id>/edit/", views.edit, name="dataset-edit"),
    path("datasets/<uuid:dataset_id>/delete/", views.delete, name="dataset-delete"),
    path("datasets/<uuid:dataset_id>/retry/", views.retry, name="dataset-retry"),
    path("datasets/<uuid:dataset_id>/source/", views.source, name="dataset-source"),
    path("utterances/<int:utterance_id>/audio/", views.audio, name="utterance-audio"),
]
