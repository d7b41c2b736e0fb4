"""Sign in, with a limit to guessing."""

from __future__ import annotations

from hashlib import sha256

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from speechstudio.setup import is_fresh

MAX_FAILURES = 10
PAUSE_SECONDS = 300


@login_not_required
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """After ten wrong passwords for one name, its next tries must wait.

    The count is kept for each name and address, so that a stranger elsewhere
    cannot lock a person out.
    """
    if is_fresh():
        return redirect("setup")
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    if request.method != "POST":
        return _page(request)
    key = _key(request)
    if cache.get(key, 0) >= MAX_FAILURES:
        return _wait(request)
    response = _page(request)
    if response.status_code == 200:
        cache.add(key, 0, PAUSE_SECONDS)
        cache.incr(key)
    else:
        cache.delete(key)
    return response


def _page(request: HttpRequest) -> HttpResponseBase:
    return LoginView.as_view()(request)


def _wait(request: HttpRequest) -> HttpResponse:
    minutes = PAUSE_SECONDS // 60
    return render(request, "registration/wait.html", {"minutes": minutes}, status=429)


def _key(request: HttpRequest) -> str:
    # As the form reads it: other spellings of a name are the same name.
    name = User.normalize_username(request.POST.get("username", "").strip())
    address = request.META.get("REMOTE_ADDR", "")
    return f"sign-in:{sha256(f'{address} {name.casefold()}'.encode()).hexdigest()}"
