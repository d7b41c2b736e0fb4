"""The header of a WAV file, read so that cut-off and streamed files are told apart;
and whole files in memory.

Reference: https://www.rfc-editor.org/rfc/rfc2361 (format codes) and
https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html (chunks)
"""

from __future__ import annotations

import io
import struct
import wave
from dataclasses import dataclass
from typing import BinaryIO

from datasets.formats.base import (
    AudioError,
    Issue,
    duration_text,
    looks_like,
    size_text,
)

_STREAMED = 0x7FFFF000  # sizes from here up mean "not known" when writing to a pipe
_PCM, _EXTENSIBLE = 1, 0xFFFE
_CODES = {1: "{bits}-bit", 3: "{bits}-bit float", 6: "A-law", 7: "mu-law"}
_ALLOWED_RATES_HZ = frozenset({8_000, 16_000})


@dataclass(frozen=True)
class Wav:
    """The header of a WAV file."""

    tag: int  # of the encoding; 1 is PCM
    channels: int
    rate_hz: int
    block: int  # bytes of one sample in all channels
    bits: int
    start: int  # where the samples begin, in bytes
    promised: int  # bytes of samples by the header; 0 when it does not know
    present: int  # bytes of samples that there are

    @property
    def is_plain(self) -> bool:
        """16-bit PCM, mono or stereo: read here, which is three times as fast."""
        is_pcm = self.tag == _PCM and self.bits == 16
        fits = self.channels in {1, 2} and self.block == 2 * self.channels
        return is_pcm and fits and 4_000 <= self.rate_hz <= 192_000

    @property
    def is_allowed(self) -> bool:
        """The documented format."""
        is_rate = self.rate_hz in _ALLOWED_RATES_HZ
        return self.is_plain and self.channels == 1 and is_rate

    @property
    def format(self) -> str:
        """Such as "WAV, 24-bit, 48 kHz, stereo"; empty when the code is not known."""
        coding = _CODES.get(self.tag, "").format(bits=self.bits)
        return coding and format_text("WAV", coding, self.rate_hz, self.channels)

    def seconds(self, size: int) -> float:
        return size // self.block / self.rate_hz


def read_header(file: BinaryIO) -> Wav | None:
    """The header when the file is a WAV. Raises AudioError when it is empty, cut
    off before its samples, or plainly something else than sound."""
    head = file.read(512)
    looks = looks_like(head)
    if not head:
        raise AudioError("is empty: it has 0 bytes", "audio.empty", "export it again")
    if not (head[:4] == b"RIFF" and head[8:12] == b"WAVE"):
        if any(w in looks for w in ("audio", "MP4", "WebM", "unknown")):
            return None
        advice = "upload a WAV file (16-bit PCM, mono, 16 kHz)"
        message = f"is not an audio file; it looks like {looks}"
        raise AudioError(message, "audio.not_audio", advice)
    size = file.seek(0, 2)
    is_complete = struct.unpack("<I", head[4:8])[0] + 8 == size
    position, form = 12, b""
    while position + 8 <= size:
        file.seek(position)
        chunk, length = struct.unpack("<4sI", file.read(8))
        start = position + 8
        if chunk == b"fmt ":
            form = file.read(min(length, 40))
        if chunk == b"data":
            known = length > 0 or is_complete
            return _wav(form, start, length if known else size - start, size - start)
        position = start + length + length % 2
    message = "is a WAV file that ends before its samples"
    raise AudioError(message, "audio.truncated", "copy or export it again")


def _wav(form: bytes, start: int, promised: int, left: int) -> Wav | None:
    """None when the header makes no sense to us; FFmpeg may still read it."""
    if len(form) < 16:
        return None
    tag, channels, rate_hz, _, block, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == _EXTENSIBLE and len(form) >= 26:
        tag = struct.unpack("<H", form[24:26])[0]
    if not (channels and rate_hz and block):
        return None
    if promised >= _STREAMED and promised > left:
        promised = left
    present = min(promised, left)
    return Wav(tag, channels, rate_hz, block, bits, start, promised, present)


def wav_of(pcm: bytes, rate_hz: int) -> bytes:
    """A WAV file of these samples: mono, 16 bits, little-endian."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(pcm)
    return file.getvalue()


def wav_issues(wav: Wav, name: str) -> list[Issue]:
    if wav.present >= wav.promised // wav.block * wav.block:
        return []
    message = f"is cut off: it promises {duration_text(wav.seconds(wav.promised))} "
    message += f"({size_text(wav.promised)}) and has "
    message += f"{duration_text(wav.seconds(wav.present))} ({size_text(wav.present)})"
    advice = "copy or export it again if its end is missing"
    return [Issue("warning", name, None, "audio.truncated", message, advice)]


def format_text(box: str, coding: str, rate_hz: int, channels: int) -> str:
    sound = {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")
    parts = (box, coding, f"{rate_hz / 1000:g} kHz", sound)
    return ", ".join(part for part in parts if part)
