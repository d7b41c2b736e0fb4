"""Asking the data plane without a server: for the tests of its protocols."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import httpx
import numpy as np
from asgiref.sync import async_to_sync, sync_to_async

from endpoints import keys, usage, writing
from endpoints.models import Endpoint
from jobs.models import Job
from recognition.access import forget
from recognition.app import application
from speechstudio.test import BaseTestCase, make_model


class DataPlaneTestCase(BaseTestCase):
    """`self.endpoint` answers with a fake model; `self.key` is its first key."""

    def setUp(self) -> None:
        super().setUp()
        forget()
        # In a thread of its own nobody sees what the test has not committed.
        self.enterContext(patch.object(writing, "behind", _in_this_thread))
        self.endpoint = self.make_endpoint()
        self.key = keys.renew(self.endpoint, 1)

    def make_endpoint(self, **fields: Any) -> Endpoint:
        model = fields.pop("model", None) or make_model(f"model-{uuid4()}")
        values = {
            "project": self.project,
            "name": "Ward",
            "model": model,
            "serving": model,
            "status": Job.Status.SUCCEEDED,
        }
        return Endpoint.objects.create(**values | fields)

    def ask(
        self, path: str, method: str = "POST", key: str | None = None, **more: Any
    ) -> httpx.Response:
        """With the endpoint's key, as its own clients send it; key="" sends none."""
        sent = self.key if key is None else key
        headers = {"Ocp-Apim-Subscription-Key": sent} if sent else {}
        headers |= more.pop("headers", {})

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=application)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://studio"
            ) as client:
                return await client.request(method, path, headers=headers, **more)

        answer: httpx.Response = async_to_sync(asked)()
        usage.flush()
        return answer


async def _in_this_thread(work: Any, *given: Any) -> None:
    await sync_to_async(work)(*given)


def wav(
    samples: np.ndarray,
    rate_hz: int = 16_000,
    channels: int = 1,
    size: int | None = None,
) -> bytes:
    """A file of 16-bit samples; `size` stands for all sizes in its header."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(samples.astype("<i2").tobytes())
    data = file.getvalue()
    if size is None:
        return data
    written = struct.pack("<I", size)
    return data[:4] + written + data[8:40] + written + data[44:]


def hum(seconds: float, rate_hz: int = 16_000) -> np.ndarray:
    """What the fake engine takes for speech."""
    moments = np.arange(round(seconds * rate_hz)) / rate_hz
    return 8_000 * np.sin(2 * np.pi * 440 * moments) + 1


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 16_000))


async def pieces(data: bytes, size: int = 3_200) -> AsyncIterator[bytes]:
    """A body whose length nobody knows."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
