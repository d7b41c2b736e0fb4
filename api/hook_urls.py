from __future__ import annotations

from django.urls import path

from api import hook_views as views

urlpatterns = [
    path("webhooks/", views.index, name="web-hook-list"),
    path("webhooks/new/", views.create, name="web-hook-create"),
    path("webhooks/<uuid:hook_id>/", views.detail, name="web-hook-detail"),
    path("webhooks/<uuid:hook_id>/edit/", views.edit, name="web-hook-edit"),
    path("webhooks/<uuid:hook_id>/delete/", views.delete, name="web-hook-delete"),
    path(
        "webhooks/<uuid:hook_id>/challenge/", views.challenge, name="web-hook-challenge"
    ),
    path("webhooks/<uuid:hook_id>/ping/", views.ping, name="web-hook-ping"),
    path("webhooks/<uuid:hook_id>/test/", views.test, name="web-hook-test"),
    path("webhooks/<uuid:hook_id>/again/", views.send_all_again, name="web-hook-again"),
    path(
        "webhooks/<uuid:hook_id>/deliveries/<uuid:delivery_id>/again/",
        views.send_again,
        name="web-hook-delivery-again",
    ),
]
