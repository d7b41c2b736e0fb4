"""The samples of any sound file, as the recogniser hears them: 16 kHz, 16 bits.

A WAV of plain samples is read here, also one whose header was written before anybody
knew how long it would get; all else is left to FFmpeg, which may open nothing but the
file itself. Memory is constant, whatever a file promises.

Reference: https://ffmpeg.org/ffmpeg-formats.html (format_whitelist)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import av
import numpy as np
import numpy.typing as npt

from datasets.formats.base import AudioError, looks_like
from datasets.formats.measure import SAMPLE_RATE_HZ, Samples
from datasets.formats.wav import Wav, read_header

CHUNK_BYTES = 512 * 1024
# The only demuxers that FFmpeg may choose from: others, such as HLS playlists,
# open further files and addresses that their data names.
_DEMUXERS = "wav,w64,flac,mp3,ogg,mov,mp4,m4a,3gp,matroska,webm,aac,asf,amr,aiff,au,caf"

# A row for each channel.
Rows = npt.NDArray[np.int16]


@dataclass
class Damage:
    """How many parts of a file could not be decoded."""

    parts: int = 0


def samples(source: BinaryIO) -> Iterator[Samples]:
    """All channels as one. Damaged parts are left out.

    Raises AudioError when nothing in the file is sound. `source` can be read from any
    place.
    """
    source.seek(0)
    wav = read_header(source)
    if wav is not None and wav.is_allowed and wav.rate_hz == SAMPLE_RATE_HZ:
        return chunks(source, wav)
    return (rows[0] for rows in _rows(source, wav, "mono"))


def channels(source: BinaryIO) -> Iterator[Rows]:
    """As `samples`, but with each channel by itself; their number does not change."""
    source.seek(0)
    return _rows(source, read_header(source), None)


def _rows(source: BinaryIO, wav: Wav | None, layout: str | None) -> Iterator[Rows]:
    if wav is not None and wav.is_plain:
        yield from resampled(frames(chunks(source, wav), wav), layout)
        return
    damage, is_empty = Damage(), True
    with opened(source) as container:
        try:
            for rows in resampled(decoded(container, damage), layout):
                yield rows
                is_empty = False
        except (av.FFmpegError, ValueError):
            damage.parts += 1
    if is_empty and damage.parts:
        raise unreadable(source)


def opened(source: BinaryIO) -> Any:
    """FFmpeg's container of a file with sound. Raises AudioError."""
    source.seek(0)
    options = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"}
    try:
        container = av.open(
            source, "r", metadata_errors="ignore", container_options=options
        )
    except (av.FFmpegError, ValueError) as error:
        raise unreadable(source) from error
    if not container.streams.audio:
        container.close()
        message = "has no audio track"
        raise AudioError(message, "audio.no_track", "upload a recording of speech")
    return container


def chunks(file: BinaryIO, wav: Wav) -> Iterator[Samples]:
    """The samples of a plain WAV, channels interleaved."""
    file.seek(wav.start)
    left = wav.present // wav.block * wav.block
    while left > 0 and (data := file.read(min(left, CHUNK_BYTES))):
        left -= len(data)
        yield np.frombuffer(data[: len(data) // wav.block * wav.block], "<i2")


def frames(pieces: Iterator[Samples], wav: Wav) -> Iterator[av.AudioFrame]:
    layout = "mono" if wav.channels == 1 else "stereo"
    for piece in pieces:
        row = piece.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(row, format="s16", layout=layout)
        frame.sample_rate = wav.rate_hz
        yield frame


def resampled(
    pieces: Iterator[av.AudioFrame], layout: str | None = "mono"
) -> Iterator[Rows]:
    """At 16 kHz, in this layout; None: in that of the first frame. A stream may change
    its form on the way (chained OGG)."""
    resampler, form = None, None
    for frame in pieces:
        frame.pts = None  # as faster-whisper does: no gaps are filled in
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or now != form:
            if resampler is not None:
                yield from _arrays(resampler, None)
            layout = layout or frame.layout.name
            resampler, form = _resampler(layout), now
        yield from _arrays(resampler, frame)
    if resampler is not None:
        yield from _arrays(resampler, None)


def _resampler(layout: str) -> av.AudioResampler:
    return av.AudioResampler(format="s16p", layout=layout, rate=SAMPLE_RATE_HZ)


def _arrays(
    resampler: av.AudioResampler, frame: av.AudioFrame | None
) -> Iterator[Rows]:
    for one in resampler.resample(frame):
        yield one.to_ndarray().astype(np.int16, copy=False)


def decoded(container: Any, damage: Damage) -> Iterator[av.AudioFrame]:
    """All frames of the first audio track; damaged packets are left out."""
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            damage.parts += 1
            return
        try:
            found = packet.decode()
        except av.FFmpegError:
            damage.parts += 1
            continue
        yield from found


def unreadable(source: BinaryIO) -> AudioError:
    source.seek(0)
    looks = looks_like(source.read(512))
    message = f"cannot be decoded as audio; it looks like {looks}"
    advice = "upload a WAV file (16-bit PCM, mono, 16 kHz)"
    return AudioError(message, "audio.unreadable", advice)
