"""How soon speech that streams in is answered, and for how many at once."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import websockets
from faster_whisper import decode_audio

from engines.base import SPEECH_STEP_SECONDS
from engines.whisper.activity import speech_of
from recognition.tests.installation import Deployed, deployed
from speechstudio.tests.samples import CLIPS
from speechstudio.tests.studio import wait_for

RATE_HZ = 16_000
PHRASES = 5  # of each stream
GAP_SECONDS = 1.5
STREAMS = (1, 2, 4, 8, 12, 16)
LATEST_SECONDS = 2.0
# As the Speech SDK tears sound into messages.
PIECE_BYTES = 3_200
HEADER = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0"

SECTION = f"""\
## Streams

Clips of the sample project with {GAP_SECONDS} s between them, sent in real time to an
endpoint with a custom model of text, each stream {PHRASES} phrases; client and server
on the same cores. A partial counts from the first sound of speech, a final from its
last one: 0.5 s of that is the silence that ends a phrase. Wanted for one stream: 0.7 s
and 0.6 s. Ends with the first row whose finals come later than {LATEST_SECONDS:g} s.

| streams | phrases | first partial, median s | 95 % s | final, median s | 95 % s | partials a phrase |
|---:|---:|---:|---:|---:|---:|---:|
"""  # noqa: E501


@dataclass(frozen=True)
class Answer:
    """To one phrase; seconds, None for what did not come."""

    partial: float | None
    final: float | None
    partials: int


def section() -> str:
    rows = []
    with tempfile.TemporaryDirectory() as name, deployed(Path(name) / "data") as ward:
        sql = "SELECT count(*) FROM endpoints_endpoint WHERE serving_id IS NOT NULL"
        wait_for(lambda: ward.studio.rows(sql)[0][0])
        clips = _clips()
        asyncio.run(_several(ward, clips, 1))  # the model comes into memory
        for streams in STREAMS:
            answers = asyncio.run(_several(ward, clips, streams))
            row, latest = _row(streams, answers)
            rows.append(row)
            if latest > LATEST_SECONDS:
                break
    return SECTION + "\n".join(rows)


def _clips() -> list[bytes]:
    """What is said in the sample project's clips: 16 kHz mono, 16 bits."""
    with zipfile.ZipFile(CLIPS) as archive:
        names = [name for name in archive.namelist() if name.endswith(".ogg")]
        return [_pcm(decode_audio(archive.open(name))) for name in names]


def _pcm(samples: npt.NDArray[np.float32]) -> bytes:
    return (samples.clip(-1, 1) * 32767).astype("<i2").tobytes()


async def _several(ward: Deployed, clips: Sequence[bytes], count: int) -> list[Answer]:
    """Streams that begin within three seconds."""
    own = [
        [clips[(7 * number + at) % len(clips)] for at in range(PHRASES)]
        for number in range(count)
    ]
    streams = (_later(ward, said, 3 * at / count) for at, said in enumerate(own))
    return [answer for found in await asyncio.gather(*streams) for answer in found]


async def _later(ward: Deployed, said: Sequence[bytes], wait: float) -> list[Answer]:
    await asyncio.sleep(wait)
    url = ward.url.replace("http://", "ws://")
    async with websockets.connect(
        f"{url}/speech/recognition/conversation/cognitiveservices/v1?language=en-US",
        subprotocols=[websockets.Subprotocol("USP")],
        additional_headers={"Ocp-Apim-Subscription-Key": ward.key},
    ) as socket:
        sound, edges = _recording(said)
        hearing = asyncio.create_task(_hear(socket))
        started = await _speak(socket, sound)
        told = [(at - started, *message) for at, *message in await hearing]
    return [_answer(told, start, end) for start, end in edges]


def _recording(said: Sequence[bytes]) -> tuple[bytes, list[tuple[float, float]]]:
    """All phrases with their gaps, and from when to when each is spoken."""
    noise = np.random.default_rng(1).normal(0, 8, int(GAP_SECONDS * RATE_HZ))
    gap = noise.astype("<i2").tobytes()
    sound, edges = b"", []
    for phrase in said:
        sound += gap
        spoken = np.flatnonzero(np.frombuffer(speech_of(phrase), np.uint8) >= 128)
        start = len(sound) / 2 / RATE_HZ
        first, last = spoken[0], spoken[-1] + 1
        edges.append(
            (start + first * SPEECH_STEP_SECONDS, start + last * SPEECH_STEP_SECONDS)
        )
        sound += phrase
    return sound + gap, edges


async def _speak(socket: Any, sound: bytes) -> float:
    """In real time; gives when it began."""
    head = f"Path:audio\r\nX-RequestId:{uuid4().hex}\r\n".encode()
    audio = len(head).to_bytes(2, "big") + head
    await socket.send(audio + HEADER)
    started = time.monotonic()
    for at in range(0, len(sound), PIECE_BYTES):
        due = started + (at + PIECE_BYTES) / 2 / RATE_HZ
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await socket.send(audio + sound[at : at + PIECE_BYTES])
    await socket.send(audio)
    return started


async def _hear(socket: Any) -> list[tuple[float, str, Any]]:
    """What came, and when, until the turn is over."""
    told = []
    async for message in socket:
        head, _, body = message.partition("\r\n\r\n")
        path = head.split("Path:")[1].split("\r\n")[0]
        told.append((time.monotonic(), path, json.loads(body)))
        if path == "turn.end":
            break
    return told


def _answer(told: Sequence[tuple[float, str, Any]], start: float, end: float) -> Answer:
    def those(path: str) -> list[float]:
        """Whatever is about some of the phrase; a pause in it may have made two."""
        return [
            at
            for at, name, body in told
            if name == path
            and body["Offset"] < end * 1e7
            and body["Offset"] + body["Duration"] > start * 1e7
        ]

    partials, finals = those("speech.hypothesis"), those("speech.phrase")
    return Answer(
        partials[0] - start if partials else None,
        finals[-1] - end if finals else None,
        len(partials),
    )


def _row(streams: int, answers: Sequence[Answer]) -> tuple[str, float]:
    partials = [one.partial for one in answers if one.partial is not None]
    finals = [one.final for one in answers if one.final is not None]
    latest = quantiles(finals, n=20)[-1]
    each = sum(one.partials for one in answers) / len(answers)
    row = (
        f"| {streams} | {len(finals)} of {len(answers)} | {median(partials):.2f} "
        f"| {quantiles(partials, n=20)[-1]:.2f} | {median(finals):.2f} "
        f"| {latest:.2f} | {each:.1f} |"
    )
    return row, latest
