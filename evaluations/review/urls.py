from __future__ import annotations

from django.urls import path

from evaluations.review import views

_UTTERANCE = "tests/<uuid:evaluation_id>/utterances/<int:position>"

urlpatterns = [
    path(
        "tests/<uuid:evaluation_id>/review/changes/",
        views.changes,
        name="review-changes",
    ),
    path(f"{_UTTERANCE}/verdict/", views.verdict, name="review-verdict"),
    path(f"{_UTTERANCE}/comments/", views.comment, name="review-comment"),
    path(
        f"{_UTTERANCE}/comments/delete/",
        views.delete_comment,
        name="review-delete-comment",
    ),
]
