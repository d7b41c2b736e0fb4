from __future__ import annotations

from django.urls import path

from editor import desk, views, wizard

urlpatterns = [
    path("projects/<uuid:project_id>/editor/", views.index, name="editor-list"),
    path(
        "projects/<uuid:project_id>/editor/import/", wizard.start, name="editor-create"
    ),
    path(
        "projects/<uuid:project_id>/editor/import/<slug:step>/",
        wizard.show,
        name="editor-step",
    ),
    path("editor/<uuid:set_id>/", views.detail, name="editor-detail"),
    path("editor/<uuid:set_id>/edit/", views.edit, name="editor-edit"),
    path("editor/<uuid:set_id>/delete/", views.delete, name="editor-delete"),
    path("editor/<uuid:set_id>/retry/", views.retry, name="editor-retry"),
    path("editor/<uuid:set_id>/export/", views.export, name="editor-export"),
    path("editor/<uuid:set_id>/replace/", views.replace, name="editor-replace"),
    path(
        "editor/<uuid:set_id>/replace/<int:replacement_id>/undo/",
        views.undo_replace,
        name="editor-replace-undo",
    ),
    path("editor/<uuid:set_id>/<int:position>/", desk.show, name="editor-recording"),
    path("editor/recordings/<int:recording_id>/audio/", desk.audio, name="desk-audio"),
    path("editor/recordings/<int:recording_id>/news/", desk.news, name="desk-news"),
    path(
        "editor/recordings/<int:recording_id>/do/<slug:deed>/",
        desk.do,
        name="desk-do",
    ),
]
