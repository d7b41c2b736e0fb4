"""The model that an endpoint answers with, in this process.

When an endpoint's model is changed, the former one answers here until the new one is
in memory: nobody waits for it, and no request fails.
"""

from __future__ import annotations

import asyncio
import logging
import time
from uuid import UUID

from engines.base import EngineError
from engines.registry import get_engine
from recognition.access import Caller

logger = logging.getLogger(__name__)

# How long after a failure it is tried again.
_AGAIN_SECONDS = 10.0

Model = tuple[str, str]  # the engine, and what that calls it


class Swap:
    """Of one process."""

    def __init__(self) -> None:
        self._current: dict[UUID, Model] = {}
        self._loading: dict[UUID, asyncio.Task[None]] = {}
        self._failed: dict[UUID, float] = {}

    async def model_for(self, caller: Caller) -> Model:
        """A model that is in memory, to answer this caller.

        Raises `EngineError` when there is none.
        """
        wanted = (caller.engine, caller.reference)
        if caller.endpoint is None:
            await _load(wanted)
            return wanted
        current = self._current.get(caller.endpoint)
        if current is None:
            await _load(wanted)
            return self._current.setdefault(caller.endpoint, wanted)
        if current != wanted:
            self._begin(caller.endpoint, wanted)
        return current

    def _begin(self, endpoint: UUID, wanted: Model) -> None:
        """Have the new model loaded, once at a time."""
        recently = time.monotonic() - _AGAIN_SECONDS
        if endpoint in self._loading or self._failed.get(endpoint, 0.0) > recently:
            return
        task = asyncio.create_task(self._replace(endpoint, wanted))
        self._loading[endpoint] = task
        task.add_done_callback(lambda _: self._loading.pop(endpoint, None))

    async def _replace(self, endpoint: UUID, wanted: Model) -> None:
        try:
            await _load(wanted)
        except EngineError:
            # The pages tell whoever deploys; here the former one goes on.
            logger.warning("%s could not be loaded", wanted[1], exc_info=True)
            self._failed[endpoint] = time.monotonic()
        else:
            self._current[endpoint] = wanted


async def _load(model: Model) -> None:
    engine, reference = model
    await asyncio.to_thread(lambda: get_engine(engine).load(reference))


swap = Swap()
