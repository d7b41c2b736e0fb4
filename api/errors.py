"""What is wrong with a call, and how the answer says so.

Reference: section 19 of the reference product: an outer code that stands for the
status, and an inner one that says what exactly it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import JsonResponse

_OUTER = {
    400: "InvalidRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "NotAllowed",
    409: "Conflict",
    413: "InvalidRequest",
    415: "UnsupportedMediaType",
    422: "UnprocessableEntity",
    429: "TooManyRequests",
    500: "InternalServerError",
    501: "NotAllowed",
    503: "ServiceUnavailable",
}


class ApiError(Exception):
    """The call cannot be carried out; the message is fit for its sender.

    `inner` is a detailed code of the contract, `target` the field or parameter that it
    is about, `details` whatever else names the cause.
    """

    def __init__(
        self,
        message: str,
        inner: str = "",
        target: str = "",
        status: int = 400,
        code: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or _OUTER[status]
        self.inner = inner
        self.target = target
        self.details = dict(details or {})


def invalid(
    message: str, target: str, inner: str = "InvalidParameterValue"
) -> ApiError:
    """A field or parameter has a value that it cannot have."""
    return ApiError(message, inner, target, code="InvalidArgument")


def envelope(error: ApiError) -> JsonResponse:
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.target:
        body["target"] = error.target
    if error.inner:
        body["innerError"] = {"code": error.inner, "message": str(error)}
        if error.details:
            body["innerError"]["details"] = error.details
    response = JsonResponse(body, status=error.status)
    if error.status in (429, 503):
        response.headers["Retry-After"] = "5"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.status == 413:
        # Nobody reads what is still on its way.
        response.headers["Connection"] = "close"
    return response
