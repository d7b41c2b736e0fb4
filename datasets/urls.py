from __future__ import annotations

from django.urls import path

from datasets import guide, report_views, upload_views, views, wizard

urlpatterns = [
    path("guide/data/", guide.show, name="data-guide"),
    path("projects/<uuid:project_id>/datasets/", views.index, name="dataset-list"),
    path(
        "projects/<uuid:project_id>/datasets/new/", wizard.start, name="dataset-create"
    ),
    path(
        "projects/<uuid:project_id>/datasets/new/<slug:step>/",
        wizard.show,
        name="dataset-step",
    ),
    path("datasets/examples/<slug:kind>/", wizard.example, name="dataset-example"),
    path(
        "projects/<uuid:project_id>/uploads/",
        upload_views.begin,
        name="upload-begin",
    ),
    path("uploads/<uuid:upload_id>/", upload_views.show, name="upload-detail"),
    path("uploads/<uuid:upload_id>/blocks/", upload_views.blocks, name="upload-blocks"),
    path("uploads/<uuid:upload_id>/commit/", upload_views.commit, name="upload-commit"),
    path("uploads/<uuid:upload_id>/discard/", wizard.discard, name="upload-discard"),
    path("datasets/<uuid:dataset_id>/", views.detail, name="dataset-detail"),
    path(
        "datasets/<uuid:dataset_id>/report.json",
        report_views.as_json,
        name="dataset-report-json",
    ),
    path(
        "datasets/<uuid:dataset_id>/report.csv",
        report_views.as_csv,
        name="dataset-report-csv",
    ),
    path(
        "datasets/<uuid:dataset_id>/refused/",
        report_views.refused,
        name="dataset-refused",
    ),
    path("datasets/<uuid:dataset_id>/edit/", views.edit, name="dataset-edit"),
    path("datasets/<uuid:dataset_id>/delete/", views.delete, name="dataset-delete"),
    path("datasets/<uuid:dataset_id>/retry/", views.retry, name="dataset-retry"),
    path("datasets/<uuid:dataset_id>/source/", views.source, name="dataset-source"),
    path("utterances/<int:utterance_id>/audio/", views.audio, name="utterance-audio"),
    path(
        "utterances/<int:utterance_id>/text/",
        views.transcript,
        name="utterance-text",
    ),
]
