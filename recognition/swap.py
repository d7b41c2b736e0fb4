"""The model that an endpoint answers with, in this process.

When an endpoint's model is changed, the former one answers here until the new one is
in memory: while requests come, none waits for it, and none fails. After a pause the
first one does wait, so that nobody who tries a change hears the former model again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from engines.registry import get_engine
from recognition.access import Caller

logger = logging.getLogger(__name__)

# How long after a failure it is tried again.
_AGAIN_SECONDS = 10.0
# Without a request for so long, the next one waits for a new model.
_PAUSE_SECONDS = 5.0
# Of their own, and one for each model that is read at a time: who has theirs in memory
# is not to wait for those of others.
_THREADS = ThreadPoolExecutor(16, thread_name_prefix="load")

Model = tuple[str, str]  # the engine, and what that calls it


class Swap:
    """Of one process."""

    def __init__(self) -> None:
        self._current: dict[UUID, Model] = {}
        self._loading: dict[UUID, asyncio.Task[None]] = {}
        self._failed: dict[UUID, float] = {}
        self._asked: dict[UUID, float] = {}
        self._reading: dict[Model, asyncio.Task[None]] = {}

    async def model_for(self, caller: Caller) -> Model:
        """A model that is in memory, to answer this caller.

        Raises `EngineError` when there is none.
        """
        wanted = (caller.engine, caller.reference)
        if caller.endpoint is None:
            await self._load(wanted)
            return wanted
        before = self._asked.get(caller.endpoint, 0.0)
        self._asked[caller.endpoint] = time.monotonic()
        current = self._current.get(caller.endpoint)
        if current is None:
            await self._load(wanted)
            return self._current.setdefault(caller.endpoint, wanted)
        if current != wanted:
            loading = self._loading_of(caller.endpoint, wanted)
            if loading and time.monotonic() - before > _PAUSE_SECONDS:
                # Others may wait for it, too, when this one is cancelled.
                await asyncio.shield(loading)
            current = self._current[caller.endpoint]
        # Others may have taken its room since.
        await self._load(current)
        return current

    def _loading_of(self, endpoint: UUID, wanted: Model) -> asyncio.Task[None] | None:
        """The new model being loaded, once at a time; None soon after that failed."""
        if task := self._loading.get(endpoint):
            return task
        if self._failed.get(endpoint, 0.0) > time.monotonic() - _AGAIN_SECONDS:
            return None
        task = asyncio.create_task(self._replace(endpoint, wanted))
        self._loading[endpoint] = task
        task.add_done_callback(lambda _: self._loading.pop(endpoint, None))
        return task

    async def _replace(self, endpoint: UUID, wanted: Model) -> None:
        try:
            await self._load(wanted)
        except Exception:
            # The pages tell whoever deploys; here the former one goes on.
            logger.exception("%s could not be loaded", wanted[1])
            self._failed[endpoint] = time.monotonic()
        else:
            self._current[endpoint] = wanted

    async def _load(self, model: Model) -> None:
        """Once at a time, however many wait for it."""
        task = self._reading.get(model)
        if task is None:
            task = asyncio.create_task(_read(model))
            self._reading[model] = task
            task.add_done_callback(lambda done: self._read(model, done))
        await asyncio.shield(task)

    def _read(self, model: Model, done: asyncio.Task[None]) -> None:
        del self._reading[model]
        # Whoever still waits for it is told why it failed.
        if not done.cancelled():
            done.exception()


async def _read(model: Model) -> None:
    engine, reference = model
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(_THREADS, lambda: get_engine(engine).load(reference))


swap = Swap()
