"""Streams of the Speech SDK: a connection, and its turns one after the other.

A turn begins with `speech.context`, has sound, and ends with `turn.end`. What goes
wrong closes the connection with a reason, which the SDK hands to its program: 1007 for
what nobody can make sense of, 1011 for our own failures, and from 4400 on 4000 and the
HTTP status that fits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from endpoints import tokens, usage
from recognition.access import Caller, Denied, caller_of, credentials, renewed, spoken
from recognition.ear import Ear
from recognition.errors import Refused, problem_of
from recognition.inlet import Inlet
from recognition.kept import Keeping, check_asked
from recognition.messages import (
    Asked,
    Malformed,
    Message,
    Mode,
    asked_by,
    read_binary,
    read_text,
    told_by,
    turn_start,
    write,
)
from recognition.phrases import nothing
from recognition.places import Places
from recognition.stream import Event, Phrase, Stream
from recognition.swap import swap
from recognition.telling import count, message_of, session_of

logger = logging.getLogger(__name__)

_PROTOCOL = "USP"
# Of one process: each may hold a phrase, and some seconds that wait.
_streams = Places(256)
_LONGEST_MESSAGE = 1024**2
# When nobody has sent anything for so long, the connection is given up.
_IDLE_SECONDS = 180.0
_MOST_REASON_BYTES = 120  # a closing frame has no more room

Current = Callable[[], Awaitable[Caller]]


async def recognise(websocket: WebSocket) -> None:
    with ExitStack() as stack:
        try:
            connection = await _admitted(websocket, stack)
        # Whatever it is, the client gets an answer; `problem_of` logs it.
        except Exception as error:
            await _refuse(websocket, error)
            return
        offered = websocket.scope.get("subprotocols", [])
        try:
            await websocket.accept(_PROTOCOL if _PROTOCOL in offered else None)
            await connection.run()
        except WebSocketDisconnect:
            logger.debug("A client went away")


async def _admitted(websocket: WebSocket, stack: ExitStack) -> Connection:
    """It has its place until the stack is closed. Raises `Busy`, `Denied`,
    `EngineError` and `Refused`."""
    query = websocket.query_params
    # Browsers cannot set headers.
    given = credentials(websocket.headers) or credentials(
        {name.lower(): value for name, value in query.items()}
    )
    caller = await caller_of(**given, cid=query.get("cid", ""))
    try:
        mode = Mode(websocket.path_params.get("mode", Mode.CONVERSATION))
        asked = asked_by(mode, query, caller.locale)
    except Malformed as e:
        raise Refused(str(e)) from e
    except ValueError as e:
        raise Refused("There is no such mode.", "NotFound", status=404) from e
    check_asked(caller, asked.is_stored)
    spoken(caller, asked.locale)
    stack.enter_context(_streams.taken())
    # It is in memory before somebody speaks.
    await swap.model_for(caller)
    return Connection(websocket, asked, caller, _who(caller))


def _who(caller: Caller) -> Current:
    """Who is served, asked anew. What was begun with a key, or with a token for one,
    goes on as long as that key is good. A page of ours has tokens without a key:
    nobody asks again whether who opened it may still use it, so the stream ends when
    any such token has ended."""
    until = time.monotonic() + tokens.GOOD_FOR.total_seconds()

    async def current() -> Caller:
        if not caller.key and time.monotonic() > until:
            raise Denied("A page's stream ends after ten minutes. Begin another one.")
        return await renewed(caller)

    return current


async def _refuse(websocket: WebSocket, error: Exception) -> None:
    if isinstance(error, Denied) and error.endpoint:
        usage.note(error.endpoint, 0.0, 0.0, failed=True)
    problem = problem_of(error)
    body = {"error": {"code": problem.code, "message": problem.message}}
    await websocket.send_denial_response(JSONResponse(body, problem.status))
    # Uvicorn takes a handshake for ended when the connection is closed, and reports an
    # error when we return before.
    await asyncio.sleep(0)


class Connection:
    def __init__(
        self, websocket: WebSocket, asked: Asked, caller: Caller, current: Current
    ) -> None:
        self._websocket = websocket
        self._caller = caller
        self._asked = asked
        self._current = current
        self._inlet = Inlet()
        self._keeping = Keeping()
        self._request = ""  # of the turn
        self._stream: Stream | None = None
        self._turn: asyncio.Task[None] | None = None
        self._over: deque[str] = deque(maxlen=8)  # turns whose sound may still come

    async def run(self) -> None:
        """Until either side has had enough."""
        try:
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._take(message.get("text"), message.get("bytes"))
        except TimeoutError:
            await self._close(1000, "Nothing came for some minutes.")
        except Malformed as e:
            await self._close(1007, str(e))
        except WebSocketDisconnect:
            raise
        except Exception as error:
            await self._fail(error)
        finally:
            await self._end_turn()
            await self._keeping.end()

    async def _take(self, text: str | None, data: bytes | None) -> None:
        """Raises `Malformed`, and `Denied` for another language."""
        if len(text or data or "") > _LONGEST_MESSAGE:
            raise Malformed("A message is longer than a megabyte.")
        message = read_text(text) if text is not None else read_binary(data or b"")
        if message.path == "speech.context":
            await self._begin(message.request, told_by(message, self._asked))
        elif message.path == "audio":
            await self._hear(message)

    async def _hear(self, message: Message) -> None:
        if message.request in self._over:
            return
        await self._begin(message.request, self._asked)
        assert self._stream is not None and isinstance(message.body, bytes)
        if not message.body:
            self._stream.end()
            return
        # While this waits for room, whatever the client sends next waits as well.
        await self._stream.put(self._inlet.take(message.body))

    async def _begin(self, request: str, asked: Asked) -> None:
        """A turn, unless it is the one that runs. Raises `Malformed` and `Denied`."""
        if not request:
            raise Malformed("A message has no X-RequestId.")
        if request == self._request or request in self._over:
            return
        await self._end_turn()
        self._inlet.begin()
        self._stream = Stream(
            Ear(self._caller, self._current, asked),
            asked.timing,
            asked.locale,
            asked.is_one_phrase,
            partial(self._say, request, asked),
        )
        self._request = request
        self._turn = asyncio.create_task(self._run(request, self._stream, asked))

    async def _end_turn(self) -> None:
        if self._turn is None:
            return
        self._over.append(self._request)
        self._turn.cancel()
        await asyncio.wait([self._turn])
        self._request, self._stream, self._turn = "", None, None

    async def _run(self, request: str, stream: Stream, asked: Asked) -> None:
        """A turn, from its start to its end; whatever goes wrong, the client knows."""
        try:
            await self._send(request, "turn.start", turn_start())
            await stream.run()
            if not asked.is_one_phrase:
                over = nothing("EndOfDictation", stream.seconds, stream.seconds)
                await self._send(request, "speech.phrase", over)
            await self._send(request, "turn.end", {})
        except WebSocketDisconnect:
            logger.debug("A client went away in the middle of a turn")
        except Exception as error:
            await self._fail(error)

    async def _fail(self, error: Exception) -> None:
        problem = problem_of(error)
        if self._caller.endpoint:
            usage.note(self._caller.endpoint, 0.0, 0.0, failed=True)
        code = 1011 if problem.status == 500 else 4000 + problem.status
        await self._close(code, problem.message)

    async def _say(self, request: str, asked: Asked, event: Event) -> None:
        await self._send(request, *message_of(event, asked))
        if isinstance(event, Phrase):
            count(event)
            if session := session_of(event, asked):
                await self._keeping.put(session)

    async def _send(self, request: str, path: str, body: Mapping[str, Any]) -> None:
        await self._websocket.send_text(write(request, path, body))

    async def _close(self, code: int, reason: str) -> None:
        short = reason.encode()[:_MOST_REASON_BYTES].decode(errors="ignore")
        try:
            await self._websocket.close(code, short)
        except (WebSocketDisconnect, RuntimeError):
            logger.debug("A client went away before it was told: %s", reason)


routes: list[BaseRoute] = [
    WebSocketRoute("/speech/recognition/{mode}/cognitiveservices/v1", recognise),
    # The mode is in `speech.context`.
    WebSocketRoute("/speech/universal/v2", recognise),
    # Where the SDK turns to for translation, which is refused when it asks for that.
    WebSocketRoute("/stt/speech/universal/v2", recognise),
]
