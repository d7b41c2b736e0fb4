"""One archive with twelve different faults: all named, and the rest is kept."""

from __future__ import annotations

import struct
import wave
from io import BytesIO

import numpy as np

from datasets import services
from jobs.models import Job
from speechstudio.test import BaseTestCase, make_zip, tone


def wav_of(samples: np.ndarray) -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def shaped(seconds: float, loudness: float) -> np.ndarray:
    """Noise in syllables between two half seconds of silence."""
    count = int(seconds * 16_000)
    rise = np.abs(np.sin(np.arange(count) * (6 * np.pi / count)))
    sound = np.random.default_rng(7).normal(0, 0.3, count) * rise * loudness
    silence = np.zeros(8_000)
    return (np.concatenate((silence, sound, silence)).clip(-1, 1) * 32767).round()


def cut_off(content: bytes) -> bytes:
    """The header promises twice as much as there is."""
    size = struct.unpack_from("<I", content, 40)[0]
    return content[:40] + struct.pack("<I", 2 * size) + content[44:]


LINES = [
    "good_1.wav\tthe first good one",
    "good_2.wav\tand the second good one",
    "damaged.wav\tthis is no audio",
    "silent.wav\tnobody speaks",
    "short.wav\ttoo short",
    "missing.wav\tthere is no such file",
    "no_tab.wav there is a space instead of a tab",
    "empty.wav\t",
    "good_1.wav\tanother text for the same file",
    "clipped.wav\tthis one is much too loud",
    "truncated.wav\tthe end of this one is missing",
    "quiet.wav\tthis one can hardly be heard",
    "copy.wav\tthe same recording once more",
]
MEMBERS: dict[str, bytes | str] = {
    "good_1.wav": wav_of(shaped(2.0, 0.5)),
    "good_2.wav": wav_of(shaped(2.5, 0.5)),
    "damaged.wav": b"this is not a recording",
    "silent.wav": wav_of(np.zeros(32_000)),
    "short.wav": tone(0.02),
    "no_tab.wav": wav_of(shaped(2.1, 0.5)),
    "empty.wav": wav_of(shaped(2.2, 0.5)),
    "clipped.wav": wav_of(shaped(2.3, 8.0)),
    "truncated.wav": cut_off(wav_of(shaped(2.4, 0.5))),
    "quiet.wav": wav_of(shaped(2.6, 0.002)),
    "copy.wav": wav_of(shaped(2.0, 0.5)),
    "unnamed.wav": wav_of(shaped(2.7, 0.5)),
    "inner.zip": b"PK\5\6" + bytes(18),
    "trans.txt": "\n".join(LINES),
}
# What is reported: the rule, the file, the line, and whether it is refused.
FAULTS = {
    ("audio.not_audio", "damaged.wav", None, "error"),
    ("audio.silent", "silent.wav", None, "error"),
    ("audio.too_short", "short.wav", None, "error"),
    ("acoustic.no_audio", "trans.txt", 6, "error"),
    ("transcript.no_tab", "trans.txt", 7, "error"),
    ("transcript.no_text", "trans.txt", 8, "error"),
    ("transcript.duplicate_name", "trans.txt", 9, "error"),
    ("acoustic.no_line", "unnamed.wav", None, "error"),
    ("archive.nested", "inner.zip", None, "error"),
    ("doctor.clipping", "clipped.wav", None, "warning"),
    ("audio.truncated", "truncated.wav", None, "warning"),
    ("doctor.low_level", "quiet.wav", None, "warning"),
    ("doctor.same_audio", "copy.wav", None, "warning"),
}


class TwelveFaultsTestCase(BaseTestCase):
    def test_all_are_named_and_the_rest_is_kept(self) -> None:
        with self.on_commit():
            dataset = services.upload(self.project, "Faults", make_zip(MEMBERS))
        dataset.refresh_from_db()
        assert (dataset.status, dataset.error) == (Job.Status.SUCCEEDED, "")
        found = {
            (f.rule, f.file, f.line, f.level)
            for f in dataset.findings.exclude(level="note")
        }
        assert found >= FAULTS, FAULTS - found
        kept = set(dataset.utterances.values_list("name", flat=True))
        assert kept == {
            *("good_1.wav", "good_2.wav", "clipped.wav"),
            *("truncated.wav", "quiet.wav", "copy.wav"),
        }
        # What is only odd can be listened to.
        for finding in dataset.findings.filter(
            level="warning", rule__contains="doctor"
        ):
            assert finding.utterance is not None
            assert finding.utterance.name == finding.file
