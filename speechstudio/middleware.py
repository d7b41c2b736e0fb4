from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from endpoints.sample_code import Addresses

# Everything a page needs comes from this server; nothing is inline. Django's
# own administration pages keep to the same rule.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Forbid scripts and styles from anywhere but this server, and talking to any but
    this one and the data plane, where that runs elsewhere."""
    policy = _POLICY
    if streams := Addresses(settings.RECOGNITION_URL).websocket_root:
        policy += f"; connect-src 'self' {streams}"

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = policy
        return response

    return middleware
