from __future__ import annotations

import asyncio
from threading import Event

from asgiref.sync import async_to_sync, sync_to_async

from endpoints import writing


def test_who_asks_does_not_wait_for_what_is_written() -> None:
    may_end, done = Event(), []

    def slow() -> None:
        may_end.wait(10)
        done.append("slow")

    async def asked() -> None:
        written = [
            asyncio.create_task(writing.behind(slow)),
            asyncio.create_task(writing.behind(done.append, "next")),
        ]
        # As a caller is looked up.
        assert await asyncio.wait_for(sync_to_async(lambda: 7)(), 5) == 7
        assert not done
        may_end.set()
        await asyncio.gather(*written)

    async_to_sync(asked)()
    assert done == ["slow", "next"]
