"""Sound that clients send: taken in bounded memory and time, and made samples of.

A body goes to a file without a name, which is gone however the request ends; small
ones stay in memory. Decoding runs in threads.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import wave
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import Executor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, BinaryIO, cast

from django.conf import settings
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from datasets.formats import sound
from datasets.formats.base import AudioError
from engines.base import SAMPLE_RATE_HZ
from recognition.errors import Refused
from recognition.places import Places

_IN_MEMORY_BYTES = 1024**2
# Rather more than a minute as it is heard. Of what is larger, only some come at once.
_MODEST_BYTES = 2 * 1024**2
_large = Places(32)
TOO_LONG = "audio.too_long"
# It warns of each form that is none, which is told to the client that sent it: nobody
# is to fill the log.
logging.getLogger("python_multipart").setLevel(logging.ERROR)


@asynccontextmanager
async def body_of(
    request: Request, most_bytes: int, most_seconds: float
) -> AsyncIterator[BinaryIO]:
    """What the client sends. Raises `Refused` when it is too much, or takes too long,
    and `Busy` when it is much, and so is what others send."""
    _check_promised(request, most_bytes)
    folder = str(settings.FILE_UPLOAD_TEMP_DIR)
    with (
        tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=folder) as file,
        ExitStack() as stack,
    ):
        try:
            async with asyncio.timeout(most_seconds):
                await _receive(request, file, most_bytes, stack)
        except TimeoutError as e:
            raise _too_slow(most_seconds) from e
        file.seek(0)
        yield cast(BinaryIO, file)


async def _receive(
    request: Request, file: IO[bytes], most_bytes: int, stack: ExitStack
) -> None:
    size = 0
    async for piece in request.stream():
        if size <= _MODEST_BYTES < size + len(piece):
            stack.enter_context(_large.taken())
        size += len(piece)
        if size > most_bytes:
            raise _too_large(most_bytes)
        if size > _IN_MEMORY_BYTES:
            await asyncio.to_thread(file.write, piece)
        else:
            file.write(piece)


@asynccontextmanager
async def form_of(
    request: Request, most_bytes: int, most_seconds: float
) -> AsyncIterator[FormData]:
    """The form that the client sends. Raises `Refused` when it is none, is too much, or
    takes too long."""
    sent_as = request.headers.get("content-type", "").lower()
    if not sent_as.startswith("multipart/form-data"):
        message = "Send a form: Content-Type is to be multipart/form-data."
        raise Refused(message, "InvalidRequestBodyFormat", "Content-Type", 415)
    _check_promised(request, most_bytes)
    counted = Request(request.scope, _counted(request, most_bytes))
    try:
        async with asyncio.timeout(most_seconds):
            form = await counted.form(max_files=4, max_fields=1_000)
    except TimeoutError as e:
        raise _too_slow(most_seconds) from e
    except (HTTPException, MultiPartException) as e:
        why = e.detail if isinstance(e, HTTPException) else e.message
        message = f"The form cannot be read. {why}"
        raise Refused(message, "InvalidRequestBodyFormat") from e
    try:
        yield form
    finally:
        await form.close()


def _counted(request: Request, most_bytes: int) -> Callable[[], Awaitable[Message]]:
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most_bytes:
            raise _too_large(most_bytes)
        return message

    return receive


def _check_promised(request: Request, most_bytes: int) -> None:
    """Raises `Refused` when the headers promise too much."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most_bytes:
        raise _too_large(most_bytes)


def _too_large(most_bytes: int) -> Refused:
    message = f"The request is too large: {most_bytes // 1024**2} MB are the limit."
    return Refused(message, "InvalidRequestBodyFormat", status=413)


def _too_slow(seconds: float) -> Refused:
    message = f"The request did not arrive within {seconds:.0f} seconds."
    return Refused(message, "InvalidRequestBodyFormat", status=408)


async def samples(file: BinaryIO, most_seconds: float) -> bytes:
    """All of a short recording: 16 kHz mono, 16 bits, little-endian.

    Raises `AudioError`.
    """
    return await asyncio.to_thread(_samples, file, most_seconds)


def _samples(file: BinaryIO, most_seconds: float) -> bytes:
    pcm = bytearray()
    for piece in sound.samples(file):
        pcm += piece.tobytes()
        _check_length(len(pcm) // 2, most_seconds)
    _check_not_empty(len(pcm))
    return bytes(pcm)


@dataclass(frozen=True)
class Tracks:
    """A long recording on the disk: 16 kHz mono WAVs by the number of the channel that
    they hold; 0 is also where all channels are one."""

    paths: Mapping[int, Path]
    seconds: float


async def tracks(
    file: BinaryIO,
    folder: Path,
    most_seconds: float,
    channels: Sequence[int] = (),
    threads: Executor | None = None,
) -> Tracks:
    """Decode into `folder`: those of these channels that there are, each by itself;
    without any, all as one.

    Raises `AudioError`. When nobody waits for it any more, it ends.
    """
    unwanted = Event()
    try:
        return await asyncio.get_running_loop().run_in_executor(
            threads, _tracks, file, folder, most_seconds, channels, unwanted
        )
    finally:
        unwanted.set()


def _tracks(
    file: BinaryIO,
    folder: Path,
    most_seconds: float,
    channels: Sequence[int],
    unwanted: Event,
) -> Tracks:
    pieces: Iterator[sound.Rows]
    if channels:
        pieces = sound.channels(file)
    else:
        pieces = (row.reshape(1, -1) for row in sound.samples(file))
    outs: dict[int, wave.Wave_write] = {}
    count = 0
    with ExitStack() as stack:
        for rows in pieces:
            if unwanted.is_set():
                break
            for channel in () if outs else _present(channels or [0], len(rows)):
                path = str(folder / f"{channel}.wav")
                outs[channel] = stack.enter_context(wave.open(path, "wb"))
                _describe(outs[channel])
            for channel, out in outs.items():
                out.writeframesraw(rows[channel].tobytes())
            count += rows.shape[1]
            _check_length(count, most_seconds)
    _check_not_empty(count)
    paths = {channel: folder / f"{channel}.wav" for channel in outs}
    return Tracks(paths, count / SAMPLE_RATE_HZ)


def _present(wanted: Sequence[int], there: int) -> list[int]:
    found = [channel for channel in wanted if channel < there]
    if not found:
        raise Refused(f"The audio has no channel {wanted[0]}.", "InvalidChannels")
    return found


def _describe(out: wave.Wave_write) -> None:
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(SAMPLE_RATE_HZ)


@contextmanager
def folder() -> Iterator[Path]:
    """For tracks; it goes with them."""
    with tempfile.TemporaryDirectory(
        dir=settings.FILE_UPLOAD_TEMP_DIR, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def _check_length(count: int, most_seconds: float) -> None:
    if count > most_seconds * SAMPLE_RATE_HZ:
        longest = f"{most_seconds:.0f} seconds"
        if most_seconds > 120:
            longest = f"{most_seconds / 3600:g} hours"
        raise AudioError(f"is too long: {longest} are the limit", TOO_LONG)


def _check_not_empty(count: int) -> None:
    if not count:
        raise AudioError("contains no sound: it has no samples", "audio.empty")
