"""Makers of small audio files and archives for the tests of this room."""

from __future__ import annotations

import io
import struct
import wave
import zipfile
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt


def tone(
    seconds: float = 1.0, rate_hz: int = 16_000, loudness: float = 0.3, hertz: int = 440
) -> npt.NDArray[np.int16]:
    """One channel of a sine with a little noise, the same on every call."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    noise = np.random.default_rng(hertz).normal(0, 0.01, time.size)
    wave_form = loudness * (np.sin(2 * np.pi * hertz * time) + noise)
    return (wave_form.clip(-1, 1) * 32767).astype("<i2")


def speech(
    seconds: float = 1.0,
    *,
    lead: float = 0.5,
    tail: float = 0.5,
    loudness: float = 0.3,
    noise: float = 0.0005,
    seed: int = 0,
) -> npt.NDArray[np.int16]:
    """Syllables of coloured noise with silence around them: what the measures take
    for speech. `lead` and `tail` are seconds of that silence, `loudness` the peak,
    `noise` the amplitude of the background."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * 16_000)) / 16_000
    voice = random.normal(0, 1, time.size).cumsum()
    voice = np.diff(voice - np.convolve(voice, np.ones(64) / 64, "same"), prepend=0)
    voice = (voice + np.sin(2 * np.pi * 150 * time) * 3) * (
        0.3 + np.abs(np.sin(2 * np.pi * 2.5 * time))
    )
    parts = (
        np.zeros(round(lead * 16_000)),
        loudness * voice / np.abs(voice).max(),
        np.zeros(round(tail * 16_000)),
    )
    whole = np.concatenate(parts)
    whole = whole + random.normal(0, noise, whole.size)
    return (whole.clip(-1, 1) * 32767).astype("<i2")


def wav(samples: npt.NDArray[np.int16] | None = None, rate_hz: int = 16_000) -> bytes:
    """A 16-bit PCM WAV; two-dimensional samples are (time, channel)."""
    samples = tone(1.0, rate_hz) if samples is None else samples
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def riff(
    data: bytes,
    *,
    tag: int = 1,
    bits: int = 16,
    rate_hz: int = 16_000,
    channels: int = 1,
    promised: int | None = None,
    before: bytes = b"",
) -> bytes:
    """A WAV whose header may say anything. `before` is put ahead of the data."""
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * block, block, bits)
    size = len(data) if promised is None else promised
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", 16) + head + before
    body += struct.pack("<4sI", b"data", size) + data
    total = min(len(body) - len(data) + size, 0xFFFFFFFF)
    return struct.pack("<4sI", b"RIFF", total) + body


def encoded(
    form: str, codec: str, seconds: float = 1.0, rate_hz: int = 48_000
) -> bytes:
    """A stereo tone in any format that PyAV writes, such as `flac`, `flac`."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate_hz)
        stream.layout = "stereo"
        row = np.repeat(tone(seconds, rate_hz), 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(row, format="s16", layout="stereo")
        frame.sample_rate = rate_hz
        fifo = av.AudioFifo()
        fitting = av.AudioResampler(stream.format, stream.layout, rate_hz)
        for part in fitting.resample(frame):
            part.pts = None
            fifo.write(part)
        size = stream.codec_context.frame_size or 1024
        while (part := fifo.read(size)) or (part := fifo.read(0, partial=True)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return out.getvalue()


def make_zip(
    path: Path,
    files: dict[str, bytes | str],
    method: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """A zip with these files, in this order."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def spoil(path: Path, name: str) -> None:
    """Change one byte of a file inside a zip, so that its checksum is wrong."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
        start = info.header_offset + 30 + len(name.encode()) + info.compress_size // 2
    data = bytearray(path.read_bytes())
    data[start] ^= 0xFF
    path.write_bytes(bytes(data))


def lock(path: Path, name: str) -> None:
    """Mark one file of a zip as protected by a password."""
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(name.encode()))
    data[at + 8] |= 1
    path.write_bytes(bytes(data))
