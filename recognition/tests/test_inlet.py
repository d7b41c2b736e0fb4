from __future__ import annotations

import struct
from contextlib import suppress
from unittest.mock import patch

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.inlet import Inlet
from recognition.messages import Malformed
from speechstudio.test import tone


def header(
    tag: int = 1, channels: int = 1, rate_hz: int = 16_000, bits: int = 16
) -> bytes:
    """As the SDK writes it: nobody knows yet how much will come."""
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * block, block, bits)
    return b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + fmt + b"data\0\0\0\0"


def test_plain_sound_goes_through_wherever_it_is_torn() -> None:
    sound = bytes(range(200))
    data = header() + sound
    for size in (1, 3, 44, 45, 1000):
        inlet = Inlet()
        pieces = [inlet.take(data[at : at + size]) for at in range(0, len(data), size)]
        assert b"".join(pieces) == sound
        assert all(len(piece) % 2 == 0 for piece in pieces)


def test_other_chunks_are_passed_over() -> None:
    data = header()
    data = data[:12] + b"LIST\x03\0\0\0abc\0" + data[12:]
    assert Inlet().take(data + b"\1\2") == b"\1\2"


@pytest.mark.parametrize(
    ("tag", "channels", "rate_hz", "bits"),
    [
        (1, 1, 8_000, 16),
        (1, 2, 44_100, 16),
        (1, 1, 48_000, 24),
        (1, 1, 16_000, 8),
        (3, 1, 16_000, 32),
        (6, 1, 8_000, 8),
        (7, 1, 8_000, 8),
    ],
)
def test_other_forms_become_16_khz_mono(
    tag: int, channels: int, rate_hz: int, bits: int
) -> None:
    inlet = Inlet()
    assert inlet.take(header(tag, channels, rate_hz, bits)) == b""
    tenth = bytes(rate_hz // 10 * channels * bits // 8)
    sound = b"".join(inlet.take(tenth) for _ in range(20))
    assert 1.9 < len(sound) / 2 / 16_000 <= 2.0


def test_a_telephone_is_heard_at_its_pitch() -> None:
    inlet = Inlet()
    sound = inlet.take(tone(1.0, rate_hz=8_000, pitch_hz=440))
    samples = np.frombuffer(sound, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(spectrum.argmax() * 16_000 / len(samples) - 440) < 3


@pytest.mark.parametrize(
    "data",
    [
        b"OggS" + bytes(60),
        b"ID3\3" + bytes(60),
        b'{"a": 1}',
        header(tag=0x55),
        header(channels=6),
        header(rate_hz=1),
        header(rate_hz=4_000_000),
        header(bits=12),
        b"RIFF\0\0\0\0WAVEdata\0\0\0\0",
        b"RIFF\0\0\0\0WAVEfmt \4\0\0\0\1\0\1\0data\0\0\0\0",
        b"RIFF\0\0\0\0WAVELIST\xff\xff\0\0" + bytes(5_000),
    ],
)
def test_what_is_no_such_sound_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        Inlet().take(data)


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_any_bytes_are_sound_or_malformed(chunk: bytes, more: bytes) -> None:
    for head in (b"", b"RIFF\0\0\0\0WAVEfmt ", header()[:36]):
        inlet = Inlet()
        with suppress(Malformed):
            assert len(inlet.take(head + chunk) + inlet.take(more)) % 2 == 0


def test_a_turn_may_go_on_without_a_header() -> None:
    inlet = Inlet()
    inlet.take(header())
    inlet.begin()
    assert inlet.take(b"\1\2\3\4") == b"\1\2\3\4"
    inlet.begin()
    assert inlet.take(header() + b"\5\6") == b"\5\6"


def test_half_a_sample_is_no_part_of_the_next_turn() -> None:
    inlet = Inlet()
    assert inlet.take(header() + b"\1\2\3") == b"\1\2"
    inlet.begin()
    assert inlet.take(b"\5\6\7\x08") == b"\5\6\7\x08"


def test_what_cannot_be_decoded_is_malformed() -> None:
    inlet = Inlet()
    inlet.take(header(bits=24))
    error = av.InvalidDataError(1, "Invalid data")
    with patch.object(inlet._form, "_decoder") as decoder, pytest.raises(Malformed):
        decoder.decode.side_effect = error
        inlet.take(bytes(300))
