"""Writing behind the answers: what the data plane counts and logs.

A disk or a database may take seconds for it. So it has a thread of its own, apart from
the one that says who is asking: nobody waits for what is written of somebody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections

_THREAD = ThreadPoolExecutor(1, thread_name_prefix="writing")


async def behind(work: Callable[..., None], *given: Any) -> None:
    """Do this after what is being written."""
    await asyncio.get_running_loop().run_in_executor(_THREAD, _do, work, *given)


def _do(work: Callable[..., None], *given: Any) -> None:
    """Outside of a request of Django's nobody else looks after the connection."""
    close_old_connections()
    work(*given)
