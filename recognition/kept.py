"""Content logs of what was said: kept behind the answers, so that nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from endpoints import logs, writing
from recognition.access import Caller
from recognition.errors import Refused

# Sessions of a connection that wait, each with its sound; then it is heard no further.
_MOST_WAITING = 4


@dataclass(frozen=True)
class Session:
    """What was said in one go. `answer` is the detailed one, `pcm` 16 kHz mono, 16
    bits."""

    endpoint: UUID
    pcm: bytes
    answer: dict[str, Any]
    seconds: float


def is_kept(caller: Caller, is_asked: bool = False) -> bool:
    """Whether the endpoint or the client wants it."""
    return caller.endpoint is not None and (caller.logging or is_asked)


def check_asked(caller: Caller, is_asked: bool) -> None:
    """Raises `Refused` where a client wants it, and nothing could be kept."""
    if is_asked and caller.endpoint is None:
        message = "Only what is said to an endpoint is logged: name one by cid, or "
        message += "leave storeAudio out."
        raise Refused(message, "EndpointLoggingNotSupported", "storeAudio")


async def keep(session: Session) -> None:
    best: Sequence[dict[str, Any]] = session.answer.get("NBest", ())
    await writing.behind(
        logs.keep,
        session.endpoint,
        session.pcm,
        session.answer,
        session.answer.get("DisplayText", ""),
        best[0]["Confidence"] if best else None,
        session.seconds,
    )


class Keeping:
    """Of a connection: its sessions, one after the other, while it goes on."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Session | None] = asyncio.Queue(_MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    async def put(self, session: Session) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        await self._waiting.put(session)

    async def end(self) -> None:
        """Until all is kept."""
        if self._task:
            await self._waiting.put(None)
            await self._task

    async def _work(self) -> None:
        while session := await self._waiting.get():
            await keep(session)
