from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from speechstudio import views
from speechstudio.health import healthz
from speechstudio.setup import setup
from speechstudio.sign_in import sign_in

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("setup/", setup, name="setup"),
    path("jobs/", views.job_menu, name="job-menu"),
    path("sign-in/", sign_in, name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path(
        "password/",
        auth.PasswordChangeView.as_view(success_url="/"),
        name="password_change",
    ),
    path("admin/", admin.site.urls),
    path("", include("projects.urls")),
    path("", include("datasets.urls")),
    path("", include("evaluations.urls")),
]
