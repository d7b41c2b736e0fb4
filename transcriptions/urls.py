from __future__ import annotations

from django.urls import path

from transcriptions import downloads, views

_PROJECT = "projects/<uuid:project_id>/transcriptions/"
_ONE = "transcriptions/<uuid:transcription_id>/"
_FILE = f"{_ONE}files/<int:position>/"

urlpatterns = [
    path(_PROJECT, views.index, name="transcription-list"),
    path(f"{_PROJECT}new/", views.create, name="transcription-create"),
    path(_ONE, views.detail, name="transcription-detail"),
    path(f"{_ONE}edit/", views.edit, name="transcription-edit"),
    path(f"{_ONE}again/", views.again, name="transcription-again"),
    path(f"{_ONE}delete/", views.delete, name="transcription-delete"),
    path(f"{_ONE}report.json", downloads.report, name="transcription-report"),
    path(f"{_ONE}all/<slug:form>/", downloads.all_of, name="transcription-all"),
    path(_FILE, views.file, name="transcription-file"),
    path(f"{_FILE}audio/", views.audio, name="transcription-audio"),
    path(f"{_FILE}as/<slug:form>/", downloads.one, name="transcription-download"),
]
