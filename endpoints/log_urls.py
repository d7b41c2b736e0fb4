from __future__ import annotations

from django.urls import path

from endpoints import log_views

urlpatterns = [
    path(
        "endpoints/<uuid:endpoint_id>/logs/", log_views.index, name="endpoint-log-list"
    ),
    path(
        "endpoints/<uuid:endpoint_id>/logs/download/",
        log_views.download_chosen,
        name="endpoint-log-download",
    ),
    path(
        "endpoints/<uuid:endpoint_id>/logs/delete/",
        log_views.delete_chosen,
        name="endpoint-log-delete",
    ),
    path(
        "endpoints/<uuid:endpoint_id>/logs/correct/",
        log_views.correct_chosen,
        name="endpoint-log-correct",
    ),
    path(
        "endpoints/<uuid:endpoint_id>/logs/<uuid:entry_id>/audio/",
        log_views.audio,
        name="endpoint-log-audio",
    ),
    path(
        "endpoints/<uuid:endpoint_id>/logs/<uuid:entry_id>/transcript/",
        log_views.transcript,
        name="endpoint-log-transcript",
    ),
]
