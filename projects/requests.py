from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """What a view gets behind the middleware: somebody who has signed in."""

    user: User
    htmx: HtmxDetails
