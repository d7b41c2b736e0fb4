"""A recording of any length is taken in: sent or fetched, and decoded.

What takes long has places and threads of its own, so that nobody who has little to ask
waits for it, nor for those who send or serve slowly on purpose.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import BinaryIO

from django.conf import settings
from starlette.datastructures import FormData

from datasets.fetch import fetch
from datasets.formats.base import AudioError, FormatError
from editor.disk import look_ahead
from recognition import audio
from recognition.audio import Tracks
from recognition.places import Places
from recognition.visits import Visit

MAX_BYTES = 300 * 1024**2
MAX_SECONDS = 2 * 60 * 60
# Somebody waits for these as for short audio: they need no place.
SOON_SECONDS = 60.0
# 300 MB at 350 kB a second.
_MAX_SENDING_SECONDS = 15 * 60
_MAX_FETCHING_SECONDS = 15 * 60

# Each upload may take 300 MB of the disk, each recording as much again.
_sending = Places(16)
_fetching = Places(4)
_working = Places(4)
_FETCHERS = ThreadPoolExecutor(4, thread_name_prefix="fetch")
_DECODERS = ThreadPoolExecutor(4, thread_name_prefix="decode")


async def form_of(visit: Visit) -> FormData:
    """The form that a recording comes in. Raises `Refused`, `Busy`, `DiskFull`."""
    look_ahead()
    with _sending.taken():
        coming = audio.form_of(visit.request, MAX_BYTES, _MAX_SENDING_SECONDS)
        form = await visit.stack.enter_async_context(coming)
    visit.received()
    return form


async def fetched(visit: Visit, address: str) -> BinaryIO:
    """The recording at an address. Raises `FormatError`, `Busy`, `DiskFull`.

    The place is free when the fetch has really ended, which is soon after nobody
    waits for it any more.
    """
    look_ahead()
    folder = settings.FILE_UPLOAD_TEMP_DIR
    file = visit.stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115
    give_back, unwanted = _fetching.take(), Event()
    job = _FETCHERS.submit(_fetch, address, file, unwanted)
    job.add_done_callback(lambda _: give_back())
    try:
        async with asyncio.timeout(_MAX_FETCHING_SECONDS):
            await asyncio.wrap_future(job)
    except TimeoutError as e:
        minutes = _MAX_FETCHING_SECONDS / 60
        message = f"The recording did not arrive within {minutes:.0f} minutes."
        raise FormatError(message, "fetch.timed_out") from e
    finally:
        unwanted.set()
    return file


def _fetch(address: str, file: BinaryIO, unwanted: Event) -> None:
    def report(done: int, total: int) -> None:
        if unwanted.is_set():
            raise FormatError("Nobody waits for it any more.", "fetch.interrupted")

    allowed = settings.FETCH_ALLOWED_HOSTS
    fetch(address, file, MAX_BYTES, allowed=allowed, report=report)


async def tracks_of(
    visit: Visit, source: BinaryIO, channels: Sequence[int] = ()
) -> Tracks:
    """The recording, decoded: see `audio.tracks`. Raises `AudioError`, and `Busy` when
    it is long and others are at work."""
    folder = visit.stack.enter_context(audio.folder())
    try:
        tracks = await audio.tracks(source, folder, SOON_SECONDS, channels)
    except AudioError as e:
        if e.rule != audio.TOO_LONG:
            raise
        visit.stack.enter_context(_working.taken())
        tracks = await audio.tracks(source, folder, MAX_SECONDS, channels, _DECODERS)
    visit.audio_seconds = tracks.seconds
    return tracks
