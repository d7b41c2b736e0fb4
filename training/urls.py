from __future__ import annotations

from django.urls import path

from training import transfer_views, views, wizard

urlpatterns = [
    path("projects/<uuid:project_id>/models/", views.index, name="model-list"),
    path("projects/<uuid:project_id>/models/new/", wizard.start, name="model-create"),
    path(
        "projects/<uuid:project_id>/models/new/<slug:step>/",
        wizard.show,
        name="model-step",
    ),
    path(
        "projects/<uuid:project_id>/models/import/",
        transfer_views.import_,
        name="model-import",
    ),
    path("models/<uuid:model_id>/", views.detail, name="model-detail"),
    path("models/<uuid:model_id>/status/", views.status, name="model-status"),
    path("models/<uuid:model_id>/edit/", views.edit, name="model-rename"),
    path("models/<uuid:model_id>/retry/", views.retry, name="model-retry"),
    path("models/<uuid:model_id>/delete/", views.delete, name="model-delete"),
    path("models/<uuid:model_id>/report/", views.report, name="model-report"),
    path("models/<uuid:pk>/copy/", transfer_views.copy, name="model-copy"),
    path("models/<uuid:pk>/export/", transfer_views.export, name="model-export"),
]
