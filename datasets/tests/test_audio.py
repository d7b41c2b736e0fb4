from __future__ import annotations

import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from datasets.formats.audio import Audio, AudioError, convert, cut
from datasets.tests.audio_files import encoded, riff, speech, tone, wav


def _convert(folder: Path, data: bytes, name: str = "a.wav") -> Audio:
    (folder / name).write_bytes(data)
    return convert(io.BytesIO(data), folder / "out.wav", name)


def _samples(folder: Path) -> npt.NDArray[np.int16]:
    with wave.open(str(folder / "out.wav")) as file:
        form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        assert form == (16_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def _rules(audio: Audio) -> list[tuple[str, str]]:
    return [(issue.level, issue.rule) for issue in audio.issues]


def test_it_works(tmp_path: Path) -> None:
    samples = tone(2.0)
    audio = _convert(tmp_path, wav(samples))
    assert np.array_equal(_samples(tmp_path), samples)
    assert audio.seconds == 2.0
    assert audio.measures.source_format == "WAV, 16-bit, 16 kHz, mono"
    assert not audio.was_converted
    assert audio.issues == ()


def _floats() -> bytes:
    return (tone() / 32768).astype("<f4").tobytes()


def _24_bit() -> bytes:
    wide = tone().astype("<i4") * 256
    return wide.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


CASES = [
    (wav(rate_hz=8_000), "WAV, 16-bit, 8 kHz, mono", False),
    (wav(rate_hz=48_000), "WAV, 16-bit, 48 kHz, mono", True),
    (wav(tone(1, 44_100), 44_100), "WAV, 16-bit, 44.1 kHz, mono", True),
    (
        wav(np.stack([tone(), tone(hertz=300)], 1)),
        "WAV, 16-bit, 16 kHz, stereo",
        True,
    ),
    (riff(_24_bit(), bits=24), "WAV, 24-bit, 16 kHz, mono", True),
    (riff(_floats(), tag=3, bits=32), "WAV, 32-bit float, 16 kHz, mono", True),
    (riff(bytes(range(256)) * 40, tag=7, bits=8), "WAV, mu-law, 16 kHz, mono", True),
    (
        riff(bytes(range(256)) * 40, tag=6, bits=8, rate_hz=8_000),
        "WAV, A-law, 8 kHz, mono",
        True,
    ),
    (encoded("flac", "flac"), "FLAC, 48 kHz, stereo", True),
    (encoded("mp3", "libmp3lame"), "MP3, 48 kHz, stereo", True),
    (encoded("ogg", "libopus"), "OGG, Opus, 48 kHz, stereo", True),
    (encoded("webm", "libopus"), "WebM, Opus, 48 kHz, stereo", True),
    (encoded("mp4", "aac"), "M4A, AAC, 48 kHz, stereo", True),
]


@pytest.mark.parametrize(("data", "form", "is_noted"), CASES)
def test_any_format_is_decoded_as_the_recogniser_does(
    tmp_path: Path, data: bytes, form: str, is_noted: bool
) -> None:
    decode_audio = pytest.importorskip("faster_whisper.audio").decode_audio
    audio = _convert(tmp_path, data, "a.bin")
    heard = np.round(decode_audio(str(tmp_path / "a.bin")) * 32768).astype(np.int16)
    assert np.array_equal(_samples(tmp_path), heard)
    assert audio.measures.source_format == form
    assert audio.was_converted == is_noted
    rules = [rule for rule in _rules(audio) if "doctor" not in rule[1]]
    assert rules == ([("note", "audio.converted")] if is_noted else [])
    assert audio.seconds == len(heard) / 16_000


@pytest.mark.parametrize("promised", [0, 0xFFFFFFFF, 0x7FFFF000])
def test_a_streamed_wav_is_whole(tmp_path: Path, promised: int) -> None:
    audio = _convert(tmp_path, riff(tone().tobytes(), promised=promised))
    assert (audio.seconds, audio.issues) == (1.0, ())


def test_other_chunks_are_passed_over(tmp_path: Path) -> None:
    note = b"LIST\x03\x00\x00\x00abc\x00"
    audio = _convert(tmp_path, riff(tone().tobytes(), before=note) + note)
    assert (audio.seconds, audio.issues) == (1.0, ())


@pytest.mark.parametrize("bits", [16, 24])
def test_a_cut_off_wav_is_used_and_said(tmp_path: Path, bits: int) -> None:
    data = riff(_24_bit() if bits == 24 else tone().tobytes(), bits=bits)
    audio = _convert(tmp_path, data[: len(data) // 2 + 1])
    assert 0.4 < audio.seconds < 0.6
    assert audio.issues[0].rule == "audio.truncated"
    assert audio.issues[0].level == "warning"
    assert "1.0 s" in audio.issues[0].message and "0.5 s" in audio.issues[0].message


def test_a_cut_off_flac_is_used_and_said(tmp_path: Path) -> None:
    data = encoded("flac", "flac", seconds=5)
    audio = _convert(tmp_path, data[: len(data) // 2])
    assert 2 < audio.seconds < 3
    assert audio.issues[0].rule in {"audio.truncated", "audio.damaged"}


def test_damage_in_the_middle_leaves_the_rest(tmp_path: Path) -> None:
    data = bytearray(encoded("mp4", "aac", seconds=5))
    middle = len(data) // 2
    data[middle : middle + 2_000] = b"\xff" * 2_000
    audio = _convert(tmp_path, bytes(data))
    assert 4 < audio.seconds <= 5.1
    assert ("warning", "audio.damaged") in _rules(audio)


def test_a_part_is_cut_sample_for_sample(tmp_path: Path) -> None:
    samples = tone(10.0)
    whole = _convert(tmp_path, wav(samples))
    source, target = tmp_path / "out.wav", tmp_path / "part.wav"
    part = cut(source, whole, target, 2.5, 4.0, "a.wav")
    assert (part.seconds, part.was_converted) == (4.0, False)
    assert part.measures.source_format == "WAV, 16-bit, 16 kHz, mono"
    with wave.open(str(target)) as file:
        kept = np.frombuffer(file.readframes(10**6), "<i2")
    assert np.array_equal(kept, samples[40_000:104_000])
    assert cut(source, whole, target, 9.0, 1.2, "a.wav").seconds == 1.0


@pytest.mark.parametrize(
    ("start", "seconds", "rule"),
    [
        (9.0, 2.0, "audio.no_such_part"),
        (20.0, 1.0, "audio.no_such_part"),
        (-1.0, 2.0, "audio.no_such_part"),
        (1.0, 0.0, "audio.no_such_part"),
        (1.0, 0.01, "audio.too_short"),
        (5.0, 1.0, "audio.silent"),
    ],
)
def test_a_part_that_is_not_there_is_refused(
    tmp_path: Path, start: float, seconds: float, rule: str
) -> None:
    samples = tone(10.0)
    samples[80_000:96_000] = 0
    whole = _convert(tmp_path, wav(samples))
    with pytest.raises(AudioError) as raised:
        cut(tmp_path / "out.wav", whole, tmp_path / "part.wav", start, seconds, "a")
    assert raised.value.rule == rule
    assert not (tmp_path / "part.wav").exists()


def test_what_is_measured_comes_along(tmp_path: Path) -> None:
    clean = _convert(tmp_path, wav(speech(3.0)))
    assert (clean.issues, clean.measures.source_rate_hz) == ((), 16_000)
    loud = (speech(3.0, loudness=1) * 4.0).clip(-32768, 32767).astype("<i2")
    audio = _convert(tmp_path, wav(loud), "loud.wav")
    assert _rules(audio) == [("warning", "doctor.clipping")]
    assert audio.issues[0].file == "loud.wav"


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname\n"


@pytest.mark.parametrize(
    ("data", "rule", "words"),
    [
        (b"", "audio.empty", "0 bytes"),
        (wav(tone(0)), "audio.empty", "no samples"),
        (wav(tone(0.05)), "audio.too_short", "0.050 s"),
        (wav(tone() // 1_000), "audio.silent", "-66 dBFS"),
        (wav(np.zeros(16_000, "<i2"), 8_000), "audio.silent", "-66 dBFS"),
        (wav()[:30], "audio.truncated", "before its samples"),
        (b"hello world\n" * 50, "audio.not_audio", "plain text"),
        (b"<html>404</html>", "audio.not_audio", "web page"),
        (b"PK\x03\x04" + bytes(100), "audio.not_audio", "zip"),
        (b"%PDF-1.7" + bytes(100), "audio.not_audio", "PDF"),
        (PLAYLIST, "audio.not_audio", "plain text"),
        (
            PLAYLIST.replace(b"9", b"9\n#" + b"\x01" * 50),
            "audio.unreadable",
            "unknown kind",
        ),
        (bytes(range(256)) * 40, "audio.unreadable", "unknown kind"),
        (b"fLaC" + bytes(500), "audio.unreadable", "FLAC"),
        (riff(tone().tobytes(), rate_hz=0), "audio.unreadable", "WAV"),
    ],
)
def test_what_cannot_be_used(
    tmp_path: Path, data: bytes, rule: str, words: str
) -> None:
    with pytest.raises(AudioError, match=words) as raised:
        _convert(tmp_path, data)
    assert raised.value.rule == rule
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_more_than_two_hours_are_refused(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "a.wav"
    size = 2 * rate_hz * 7_260
    path.write_bytes(riff(b"", rate_hz=rate_hz, promised=size))
    with path.open("r+b") as file:
        file.truncate(44 + size)
    with (
        path.open("rb") as file,
        pytest.raises(AudioError, match="2 h 1 min") as raised,
    ):
        convert(file, tmp_path / "out.wav", "a.wav")
    assert raised.value.rule == "audio.too_long"


@pytest.mark.parametrize(
    ("seconds", "number"), [(0.1, 50), (3, 1_000), (100, 1_000), (150, 1_500)]
)
def test_peaks_have_a_known_number(tmp_path: Path, seconds: float, number: int) -> None:
    assert len(_convert(tmp_path, wav(tone(seconds))).peaks) == number


def test_peaks_show_where_it_is_loud(tmp_path: Path) -> None:
    samples = np.concatenate([tone(2) // 100, tone(1), tone(1) // 100])
    samples[40_000] = -32768
    peaks = np.frombuffer(_convert(tmp_path, wav(samples)).peaks, np.uint8)
    assert peaks.max() == peaks[625] == 255
    assert peaks[:499].max() < 20 < 130 < peaks[510:740].min()
    assert (peaks[520] / 255) ** 2 == pytest.approx(0.3, abs=0.02)


MEASURE = """
import resource, sys, time
from pathlib import Path
from datasets.formats.audio import convert
convert(open(sys.argv[1], "rb"), Path(sys.argv[3]), "")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
audio = convert(open(sys.argv[2], "rb"), Path(sys.argv[3]), "")
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(audio.seconds, after - before, time.process_time() - start)
"""


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (44_100, 2)])
def test_half_an_hour_takes_little_memory(
    tmp_path: Path, rate_hz: int, channels: int
) -> None:
    def write(name: str, minutes: int) -> Path:
        row = np.repeat(tone(60, rate_hz), channels).tobytes()
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(riff(row, rate_hz=rate_hz, channels=channels, promised=0))
            for _ in range(minutes - 1):
                file.write(row)
        return path

    files = [write("short.wav", 1), write("long.wav", 30), tmp_path / "out.wav"]
    command = [sys.executable, "-c", MEASURE, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, kilobytes, cpu = map(float, done.stdout.split())
    assert seconds == pytest.approx(1_800)
    assert kilobytes < 16_000  # the samples alone are 57,600 or more
    assert cpu < 20
