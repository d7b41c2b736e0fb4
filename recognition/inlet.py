"""The sound of a stream: a WAV whose end nobody knows, made into 16 kHz mono.

It comes in pieces that end anywhere. What is compressed is refused: it would need its
whole container first, and programs that have such files use the other addresses.
"""

from __future__ import annotations

import struct
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext

from engines.base import SAMPLE_RATE_HZ
from recognition.messages import Malformed

# By the format tag (RFC 2361) and the bits of a sample.
_CODECS = {
    (1, 8): "pcm_u8",
    (1, 16): "pcm_s16le",
    (1, 24): "pcm_s24le",
    (1, 32): "pcm_s32le",
    (3, 32): "pcm_f32le",
    (6, 8): "pcm_alaw",
    (7, 8): "pcm_mulaw",
}
_EXTENSIBLE = 0xFFFE
_RATES_HZ = (8_000, 96_000)
_LONGEST_HEADER = 4096  # bytes


class Inlet:
    """Of one connection: a turn that goes on with the sound of the one before brings
    no header of its own."""

    def __init__(self) -> None:
        self._head: bytearray | None = bytearray()
        self._form: _Form | None = None

    def begin(self) -> None:
        """A new turn; what is left of a sample belongs to the one before."""
        self._head = bytearray()
        if self._form:
            self._form.drop()

    def take(self, data: bytes) -> bytes:
        """The samples of the next piece: 16 bits, little-endian. Raises `Malformed`."""
        if self._head is not None:
            self._head += data
            data = self._behind_header(bytes(self._head))
        if self._form is None or not data:
            return b""
        return self._form.samples(data)

    def _behind_header(self, head: bytes) -> bytes:
        """The first sound; nothing as long as the header is not complete."""
        if len(head) < 4:
            return b""
        if not head.startswith(b"RIFF"):
            if self._form is None:
                raise Malformed(_what_it_is(head))
            self._head = None
            return head
        found = _read(head)
        if found is None:
            if len(head) > _LONGEST_HEADER:
                raise Malformed("The WAV header of the audio has no end.")
            return b""
        self._form, start = found
        self._head = None
        return head[start:]


class _Form:
    """How the samples are written."""

    def __init__(self, codec: str, rate_hz: int, channels: int, block: int) -> None:
        self._block = block  # bytes of a sample of all channels
        self._left = b""
        self._is_ours = codec == "pcm_s16le" and (rate_hz, channels) == (
            SAMPLE_RATE_HZ,
            1,
        )
        self._decoder = cast(AudioCodecContext, av.CodecContext.create(codec, "r"))
        self._decoder.sample_rate = rate_hz
        self._decoder.layout = "mono" if channels == 1 else "stereo"
        self._resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE_HZ)

    def samples(self, data: bytes) -> bytes:
        """Raises `Malformed`."""
        data = self._left + data
        whole = len(data) - len(data) % self._block
        data, self._left = data[:whole], data[whole:]
        if self._is_ours or not data:
            return data
        try:
            return b"".join(
                ours.to_ndarray().tobytes()
                for frame in self._decoder.decode(av.Packet(data))
                for ours in self._resampler.resample(frame)
            )
        except av.FFmpegError as e:
            raise Malformed("The audio cannot be decoded.") from e

    def drop(self) -> None:
        """What is not a whole sample yet."""
        self._left = b""


def _read(head: bytes) -> tuple[_Form, int] | None:
    """The form, and where the sound begins; None before all of that is here."""
    form = None
    at = 12  # behind RIFF, size, WAVE
    while len(head) >= at + 8:
        name, size = struct.unpack_from("<4sI", head, at)
        at += 8
        if name == b"data":
            if form is None:
                raise Malformed("The WAV header of the audio does not say its format.")
            return form, at
        if len(head) < at + size:
            return None
        if name == b"fmt ":
            form = _form(head[at : at + size])
        at += size + size % 2
    return None


def _form(chunk: bytes) -> _Form:
    if len(chunk) < 16:
        raise Malformed("The WAV header of the audio is broken.")
    tag, channels, rate_hz, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack_from("<H", chunk, 24)[0]
    codec = _CODECS.get((tag, bits))
    lowest, highest = _RATES_HZ
    if codec is None or channels not in (1, 2) or not lowest <= rate_hz <= highest:
        raise Malformed(
            f"Audio of {rate_hz} Hz, {bits} bits and {channels} channels (WAV format "
            f"{tag}) cannot be streamed here: send PCM with 16 kHz, 16 bits, mono."
        )
    if block != channels * bits // 8:
        raise Malformed("The WAV header of the audio contradicts itself.")
    return _Form(codec, rate_hz, channels, block)


def _what_it_is(head: bytes) -> str:
    kind = "compressed (Ogg)" if head.startswith(b"OggS") else "no WAV"
    return f"The audio is {kind}: streams take WAV with PCM, 16 kHz, 16 bits, mono."
