"""The first account of a fresh installation.

Whoever opens the pages first on the machine itself may make it; from
elsewhere it takes the link that is printed at the start, which is worth
nothing once there is an account.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from projects.forms import OwnerForm

_LOCK = 0x5350_4545_4348  # any number, the same in every process


def is_fresh() -> bool:
    return not User.objects.exists()


def setup_path() -> str | None:
    """The address with the one-time token; None once there is an account."""
    if not is_fresh():
        return None
    return f"{reverse('setup')}?{urlencode({'token': _token()})}"


def create_owner(username: str, password: str) -> User | None:
    """Make the first account; None when somebody else just did."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # SQLite's writers take turns anyway.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if not is_fresh():
            return None
        return User.objects.create_superuser(username, password=password)


@login_not_required
@sensitive_post_parameters("password", "repeat")
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    if not is_fresh():
        return redirect("login")
    if not _may_set_up(request):
        raise PermissionDenied(
            "The first account is made on the machine itself, or with the link "
            "that speechstudio prints when it starts."
        )
    form = OwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = create_owner(
            form.cleaned_data["username"], form.cleaned_data["password"]
        )
        if user is None:
            return redirect("login")
        login(request, user)
        return redirect("project-list")
    return render(request, "registration/setup.html", {"form": form})


def _may_set_up(request: HttpRequest) -> bool:
    token = request.GET.get("token", "")
    return hmac.compare_digest(token.encode(), _token().encode()) or _is_local(request)


def _is_local(request: HttpRequest) -> bool:
    """True for a browser on this machine; a proxy in between is no proof."""
    if settings.BEHIND_HTTPS_PROXY:
        return False
    if any(h in request.headers for h in ("Forwarded", "X-Forwarded-For", "Via")):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _token() -> str:
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"speechstudio.setup", sha256).hexdigest()[:32]
