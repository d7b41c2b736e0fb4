"""What goes wrong with a request, and how each protocol says so.

Reference: section 19 of the reference for `speechtotext`; OpenAI's are
https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse

from datasets.formats.base import AudioError, FormatError
from editor.disk import DiskFull
from engines.base import EngineError
from recognition.access import Denied
from recognition.recogniser import Busy

logger = logging.getLogger(__name__)

_OUTER = {
    404: "NotFound",
    408: "InvalidRequest",
    413: "InvalidRequest",
    415: "UnsupportedMediaType",
    503: "ServiceUnavailable",
}
# When it may be otherwise.
_MEMORY_SECONDS = 30
_ROOM_SECONDS = 60


class Refused(Exception):
    """The request cannot be answered as it is; the message is fit for its sender.

    `code` is an inner code of the contract, `target` the parameter it is about.
    """

    def __init__(
        self,
        message: str,
        code: str = "InvalidParameterValue",
        target: str = "",
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.target = target
        self.status = status


@dataclass(frozen=True)
class Problem:
    status: int
    message: str
    code: str = "InvalidArgument"  # an outer code of the contract
    inner: str = ""
    target: str = ""
    retry_after: int | None = None  # seconds

    @property
    def headers(self) -> dict[str, str]:
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status in (408, 413):
            # Nobody reads what is still on its way.
            headers["Connection"] = "close"
        return headers


Said = Callable[[Problem], JSONResponse]


def problem_of(error: Exception) -> Problem:
    """What the caller is told. What nobody expected is logged, and told as such."""
    match error:
        case Denied() if error.status == 400:
            return Problem(400, str(error), inner=error.code)
        case Denied():
            return Problem(error.status, str(error), error.code)
        case Busy():
            message = "Too many requests at once. Ask again in a moment."
            retry = error.retry_after
            return Problem(429, message, "TooManyRequests", retry_after=retry)
        case DiskFull():
            retry = _ROOM_SECONDS
            return Problem(503, str(error), "ServiceUnavailable", retry_after=retry)
        case Refused():
            code = _OUTER.get(error.status, "InvalidArgument")
            return Problem(error.status, str(error), code, error.code, error.target)
        case AudioError():
            message = f"The audio {error}."
            return Problem(400, message, "InvalidArgument", "InvalidAudio", "audio")
        case FormatError():
            return Problem(
                400, str(error), "InvalidArgument", "InvalidRecordingsUri", "audioUrl"
            )
        case EngineError() if error.code == "BadAudio":
            return Problem(400, str(error), "InvalidArgument", "InvalidAudio", "audio")
        case EngineError() if error.code == "LanguageNotSupported":
            return Problem(400, str(error), inner="UnsupportedLanguageCode")
        case EngineError() if error.code == "NotAllowed":
            return Problem(400, str(error), inner=error.code, target="model")
        case EngineError() if error.code == "OutOfMemory":
            logger.error("There is not enough memory for a model", exc_info=error)
            message = "The server has no memory left for this model. Ask again later."
            retry = _MEMORY_SECONDS
            return Problem(503, message, "ServiceUnavailable", retry_after=retry)
    logger.error("A request failed", exc_info=error)
    message = "The recognition failed. The administrator finds the reason in the log."
    return Problem(500, message, "InternalServerError")


def envelope(problem: Problem) -> JSONResponse:
    """As `speechtotext` says it."""
    body: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.target:
        body["target"] = problem.target
    if problem.inner:
        body["innerError"] = {"code": problem.inner, "message": problem.message}
    return _response(problem, body)


def short(problem: Problem) -> JSONResponse:
    """As the short-audio addresses say it: with a status of recognition where it was
    that which failed."""
    if problem.status == 500:
        return JSONResponse({"RecognitionStatus": "Error", "Offset": 0, "Duration": 0})
    code = problem.inner or problem.code
    return _response(problem, {"error": {"code": code, "message": problem.message}})


def openai(problem: Problem) -> JSONResponse:
    """As OpenAI's clients expect it."""
    kind = "invalid_request_error"
    if problem.status >= 500:
        kind = "server_error"
    elif problem.status == 429:
        kind = "rate_limit_error"
    body = {
        "message": problem.message,
        "type": kind,
        "param": "file" if problem.target == "audio" else problem.target or None,
        "code": problem.inner or problem.code,
    }
    return _response(problem, {"error": body})


def _response(problem: Problem, body: dict[str, Any]) -> JSONResponse:
    return JSONResponse(body, problem.status, headers=problem.headers)
