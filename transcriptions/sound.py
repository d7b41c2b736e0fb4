"""Recordings as they are transcribed: 16 kHz, each channel for itself."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from datasets.formats import sound
from datasets.formats.base import AudioError, duration_text
from datasets.formats.measure import Meter
from engines.base import SAMPLE_RATE_HZ

# A WAV file of two channels ends at 18 hours.
MAX_SECONDS = 12 * 60 * 60
# How files end that may hold a recording; only its content says whether one does.
SUFFIXES = frozenset(
    [
        *(".3gp", ".aac", ".aif", ".aiff", ".amr", ".au", ".awb", ".caf", ".flac"),
        *(".m4a", ".m4b", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".oga"),
        *(".ogg", ".opus", ".spx", ".wav", ".wave", ".webm", ".wma", ".wmv"),
    ]
)
_FRAMES = 1 << 18  # that are split at once


@dataclass(frozen=True)
class Sound:
    seconds: float
    channels: list[int]  # their numbers in the source, in the order of the file
    peaks: bytes  # of all channels, as in `datasets.formats.audio.Audio`


def convert(source: BinaryIO, target: Path, wanted: Sequence[int]) -> Sound:
    """Write those of the `wanted` channels that there are to `target`, a WAV of 16
    bits. In constant memory, but for what draws the wave.

    Raises `AudioError` when that cannot be done.
    """
    meter, channels = Meter(), list(wanted)
    with wave.open(str(target), "wb") as out:
        _describe(out, len(channels))
        for rows in sound.channels(source):
            if not meter.count:
                channels = present(wanted, len(rows))
                out.setnchannels(len(channels))
            chosen = rows[channels]
            out.writeframesraw(chosen.T.tobytes())
            # Of all channels the one that is louder here.
            meter.add(chosen[np.abs(chosen.astype(np.int32)).max(axis=1).argmax()])
            if meter.seconds > MAX_SECONDS:
                message = f"is longer than {duration_text(MAX_SECONDS)}"
                raise AudioError(message, "audio.too_long")
    if not meter.count:
        raise AudioError("contains no sound: it has no samples", "audio.empty")
    return Sound(meter.seconds, channels, meter.peaks())


def split(path: Path, folder: Path) -> list[Path]:
    """A mono WAV for each channel of one that `convert` wrote: itself if there is no
    more than one."""
    with wave.open(str(path)) as file, ExitStack() as stack:
        count = file.getnchannels()
        if count == 1:
            return [path]
        paths = [folder / f"channel-{number}.wav" for number in range(count)]
        outs = [stack.enter_context(wave.open(str(one), "wb")) for one in paths]
        for out in outs:
            _describe(out, 1)
        while data := file.readframes(_FRAMES):
            rows = np.frombuffer(data, "<i2").reshape(-1, count).T
            for out, row in zip(outs, rows, strict=True):
                out.writeframesraw(row.tobytes())
    return paths


def part(path: Path, start: float, end: float) -> bytes:
    """The samples of a mono WAV between two times in seconds."""
    with wave.open(str(path)) as file:
        first = min(round(start * SAMPLE_RATE_HZ), file.getnframes())
        file.setpos(first)
        count = max(0, round(end * SAMPLE_RATE_HZ) - first)
        pcm: bytes = file.readframes(count)
    return pcm


def present(wanted: Sequence[int], there: int) -> list[int]:
    """Those of the `wanted` channels that there are. Raises `AudioError` when none."""
    found = [number for number in wanted if number < there]
    if not found:
        raise AudioError(f"has no channel {wanted[0]}", "InvalidChannels")
    return found


def _describe(out: wave.Wave_write, channels: int) -> None:
    out.setnchannels(channels)
    out.setsampwidth(2)
    out.setframerate(SAMPLE_RATE_HZ)
