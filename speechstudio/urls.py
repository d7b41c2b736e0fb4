from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path
from django.views.generic import RedirectView

from speechstudio import views
from speechstudio.health import healthz
from speechstudio.password import change_password
from speechstudio.setup import setup
from speechstudio.sign_in import sign_in

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("setup/", setup, name="setup"),
    path("jobs/", views.job_menu, name="job-menu"),
    path("sign-in/", sign_in, name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("password/", change_password, name="password_change"),
    # The administration's own sign-in would go round the limit to guessing.
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    # One page for it is enough.
    path(
        "admin/password_change/", RedirectView.as_view(pattern_name="password_change")
    ),
    path("admin/", admin.site.urls),
    path("", include("resources.urls")),
    path("", include("projects.urls")),
    path("", include("datasets.urls")),
    path("", include("training.urls")),
    path("", include("editor.urls")),
    path("", include("evaluations.urls")),
    path("", include("endpoints.urls")),
    path("", include("transcriptions.urls")),
    path("", include("remote.urls")),
    path("", include("api.urls")),
]
