from __future__ import annotations

from django.urls import include, path

from endpoints import views, wizard

urlpatterns = [
    path("", include("endpoints.log_urls")),
    path("", include("endpoints.tryout_urls")),
    path("projects/<uuid:project_id>/endpoints/", views.index, name="endpoint-list"),
    path(
        "projects/<uuid:project_id>/endpoints/new/",
        wizard.start,
        name="endpoint-create",
    ),
    path(
        "projects/<uuid:project_id>/endpoints/new/<slug:step>/",
        wizard.show,
        name="endpoint-step",
    ),
    path("endpoints/<uuid:endpoint_id>/", views.detail, name="endpoint-detail"),
    path("endpoints/<uuid:endpoint_id>/state/", views.state, name="endpoint-state"),
    path("endpoints/<uuid:endpoint_id>/usage/", views.usage, name="endpoint-usage"),
    path(
        "endpoints/<uuid:endpoint_id>/usage.csv",
        views.usage_table,
        name="endpoint-usage-table",
    ),
    path("endpoints/<uuid:endpoint_id>/edit/", views.edit, name="endpoint-rename"),
    path(
        "endpoints/<uuid:endpoint_id>/model/",
        views.change_model,
        name="endpoint-model",
    ),
    path(
        "endpoints/<uuid:endpoint_id>/keys/<int:number>/",
        views.renew_key,
        name="endpoint-key",
    ),
    path(
        "endpoints/<uuid:endpoint_id>/logging/",
        views.logging,
        name="endpoint-logging",
    ),
    path(
        "endpoints/<uuid:endpoint_id>/suspend/",
        views.suspend,
        name="endpoint-suspend",
    ),
    path("endpoints/<uuid:endpoint_id>/resume/", views.resume, name="endpoint-resume"),
    path("endpoints/<uuid:endpoint_id>/retry/", views.retry, name="endpoint-retry"),
    path("endpoints/<uuid:endpoint_id>/delete/", views.delete, name="endpoint-delete"),
]
