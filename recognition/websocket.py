"""Streams of the Speech SDK: a connection, and its turns one after the other.

A turn begins with `speech.context`, has sound, and ends with `turn.end`. What goes
wrong closes the connection with a reason, which the SDK hands to its program: 1007 for
what nobody can make sense of, 1011 for our own failures, and from 4400 on 4000 and the
HTTP status that fits.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from endpoints import tokens, usage
from engines.base import EngineError
from recognition.access import Caller, Denied, caller_of, credentials, spoken
from recognition.ear import Ear
from recognition.errors import Refused, problem_of
from recognition.inlet import Inlet
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
from recognition.recogniser import Busy
from recognition.stream import Event, Phrase, Stream
from recognition.swap import swap
from recognition.telling import message_of, note

logger = logging.getLogger(__name__)

_PROTOCOL = "USP"
# Of one process: each may hold a phrase, and some seconds that wait.
MOST_STREAMS = 256
_LONGEST_MESSAGE = 1024**2
# When nobody has sent anything for so long, the connection is given up.
_IDLE_SECONDS = 180.0
_MOST_REASON_BYTES = 120  # a closing frame has no more room

Current = Callable[[], Awaitable[Caller]]
_open: set[WebSocket] = set()


async def recognise(websocket: WebSocket) -> None:
    try:
        connection = await _admitted(websocket)
    except (Busy, Denied, EngineError, Refused) as error:
        await _refuse(websocket, error)
        return
    offered = websocket.scope.get("subprotocols", [])
    _open.add(websocket)
    try:
        await websocket.accept(_PROTOCOL if _PROTOCOL in offered else None)
        await connection.run()
    except WebSocketDisconnect:
        logger.debug("A client went away")
    finally:
        _open.discard(websocket)


async def _admitted(websocket: WebSocket) -> Connection:
    """Raises `Busy`, `Denied`, `EngineError` and `Refused`."""
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
    spoken(caller, asked.locale)
    if len(_open) >= MOST_STREAMS:
        raise Busy
    # It is in memory before somebody speaks.
    await swap.model_for(caller)
    return Connection(websocket, asked, caller, _who(caller, given))


def _who(caller: Caller, given: Mapping[str, str]) -> Current:
    """Who is served, asked anew: a key may have been renewed, or a model replaced. A
    token ends after minutes, but not what was begun with it."""
    endpoint = caller.endpoint

    async def current() -> Caller:
        if "key" in given:
            return await caller_of(**given)
        if endpoint is None:
            return caller
        return await caller_of(token=tokens.for_endpoint(endpoint, caller.key))

    return current


async def _refuse(websocket: WebSocket, error: Exception) -> None:
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
        finally:
            await self._end_turn()

    async def _take(self, text: str | None, data: bytes | None) -> None:
        """Raises `Malformed`."""
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
        """A turn, unless it is the one that runs. Raises `Malformed`."""
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
            self._over.append(request)
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
            await note(event, asked)

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
