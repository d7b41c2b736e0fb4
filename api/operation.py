"""What all operations share: who calls, which version, and how failures are told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
)
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt

from api.addresses import Addresses, version_of
from api.caller import Caller, caller_of
from api.errors import ApiError, envelope
from api.models import Scope
from jobs.models import Job

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One call of an operation, by somebody who is known."""

    request: HttpRequest
    caller: Caller
    addresses: Addresses

    @property
    def version(self) -> str:
        return self.addresses.version

    def of_job(self, row: Job, made: dict[str, Any]) -> HttpResponse:
        """The answer for a row with a job. While that is under way, it says when to ask
        again."""
        response = JsonResponse(made)
        if row.is_active:
            response.headers["Retry-After"] = "2"
        return response

    def created(self, made: dict[str, Any]) -> HttpResponse:
        """The answer that something new is there."""
        response = JsonResponse(made, status=201)
        response.headers["Location"] = made["self"]
        return response


Work = Callable[..., HttpResponseBase]


def at(**works: Work) -> Callable[..., HttpResponseBase]:
    """The view of one path: what is done by each method, such as `at(GET=show)`.

    A work takes a `Call` and what is in the path; it may raise `ApiError`.
    """
    return open_to_all(partial(_carry_out, works))


def open_to_all(work: Work) -> Callable[..., HttpResponseBase]:
    """The view that does this for whoever asks, and tells what goes wrong."""

    @csrf_exempt  # a browser's cookie counts for nothing here
    @login_not_required
    def view(request: HttpRequest, **inside: Any) -> HttpResponseBase:
        try:
            return work(request, **inside)
        except ApiError as e:
            return envelope(e)
        except Http404 as e:
            return envelope(ApiError(str(e) or "Not found.", status=404))
        except PermissionDenied as e:
            return envelope(ApiError(str(e), "InvalidPermissions", status=403))
        except TooManyFieldsSent:
            return envelope(ApiError("These are too many parameters.", status=400))
        except (RequestDataTooBig, RawPostDataException):
            message = "The body is too large, or it broke off."
            return envelope(ApiError(message, "InvalidRequestBodyFormat", status=413))
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            message = "Internal error. The server's log has the details."
            return envelope(ApiError(message, status=500))

    return view


def _carry_out(
    works: dict[str, Work], request: HttpRequest, **inside: Any
) -> HttpResponseBase:
    caller = caller_of(request)
    version = version_of(request.path, request.META.get("QUERY_STRING", ""))
    method = "GET" if request.method == "HEAD" else str(request.method)
    if method not in works:
        message = f"{method} is not among {', '.join(works)}."
        response = envelope(ApiError(message, status=405))
        response.headers["Allow"] = ", ".join(works)
        return response
    caller.must(Scope.READ if method == "GET" else Scope.WRITE)
    base = f"{request.scheme}://{request.get_host()}"
    try:
        return works[method](Call(request, caller, Addresses(base, version)), **inside)
    except ApiError as e:
        # As in the reference: what is not there need not be deleted.
        if method == "DELETE" and e.status == 404:
            return nothing()
        raise


def nothing() -> HttpResponse:
    return HttpResponse(status=204)


def unknown(request: HttpRequest, path: str) -> HttpResponse:
    """The answer where there is no operation."""
    return envelope(ApiError(f"There is no {path}.", status=404, target="path"))
