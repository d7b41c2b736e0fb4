"""One request, from its first byte to what is noted of it after the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from endpoints import usage
from recognition.access import Caller, Denied, Undecided, caller_of, credentials
from recognition.errors import Said, problem_of

T = TypeVar("T")

_GONE = 499  # nobody reads it; it stands in the server's log


class Visit:
    """What a request has come to so far."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.caller: Caller | None = None
        self._endpoint: UUID | None = None  # that was asked, even where it refuses
        self.audio_seconds = 0.0
        # What is to be closed when the answer is out, and logged.
        self.stack = AsyncExitStack()
        self.is_open = False  # the answer is still being sent
        self._began = time.monotonic()

    async def admitted(self) -> Caller | None:
        """Who asks; None for a key of the API that is good for several things, before
        the body says for which. Raises `Denied`."""
        try:
            return await self.authorise()
        except Undecided:
            return None

    async def authorise(self, cid: str = "", model: str = "") -> Caller:
        """Who asks, and for what. Raises `Denied`."""
        given = credentials(self.request.headers)
        try:
            self.caller = await caller_of(**given, cid=cid, model=model)
        except Denied as error:
            self._endpoint = error.endpoint
            raise
        self._endpoint = self.caller.endpoint
        return self.caller

    def received(self) -> None:
        """All of it is here: the time of the answer counts from now."""
        self._began = time.monotonic()

    def end(self, failed: bool) -> None:
        """The answer is complete."""
        if self._endpoint:
            milliseconds = 1000 * (time.monotonic() - self._began)
            usage.note(self._endpoint, self.audio_seconds, milliseconds, failed)

    async def attended(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this as long as somebody waits for it. Raises `ClientDisconnect`."""
        doing = asyncio.create_task(work)
        leaving = asyncio.create_task(self._left())
        try:
            await asyncio.wait([doing, leaving], return_when="FIRST_COMPLETED")
            if not doing.done():
                raise ClientDisconnect
            return doing.result()
        finally:
            doing.cancel()
            leaving.cancel()
            await asyncio.wait([doing, leaving])

    async def _left(self) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass


class Visited:
    """An address of the data plane, as an ASGI application: it does this work, and
    says in its protocol's own way what went wrong."""

    def __init__(
        self, work: Callable[[Visit], Awaitable[Response]], said: Said
    ) -> None:
        self._work = work
        self._said = said

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = Visit(Request(scope, receive, send))
        async with visit.stack:
            response = await self._answer(visit)
            await response(scope, receive, send)

    async def _answer(self, visit: Visit) -> Response:
        try:
            response = await self._work(visit)
        except ClientDisconnect:
            visit.end(failed=True)
            return Response(status_code=_GONE)
        # Whatever it is, the caller gets an answer; `problem_of` logs it.
        except Exception as error:
            visit.end(failed=True)
            return self._said(problem_of(error))
        if not visit.is_open:
            visit.end(failed=False)
        return response
