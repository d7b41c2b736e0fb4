"""How good custom models are, how long they take, and how much they forget.

The engine is measured directly: each training runs in a process of its own, and what
it made is heard here as it will be when it serves. Beside it, Hugging Face's trainer
on the same clips.
"""

from __future__ import annotations

import importlib.util
import random
import sys
import tempfile
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from unittest import SkipTest

from benchmarks import one_training
from benchmarks.throughput import extract
from engines.base import Clip, Decoding, Lesson
from engines.whisper import catalog
from engines.whisper.engine import WhisperEngine
from engines.whisper.huggingface import to_huggingface
from scoring.errors import ErrorCounts, counts
from speechstudio import env
from speechstudio.tests.samples import CLIPS, sample
from training.split import Candidate, hold_out

LOCALE = "en-US"
BASE = "tiny.en"
SEEDS = (1, 2, 3)
ROUNDS = 3
SENTENCES = 400
_DIGITS = (
    *("zero", "one", "two", "three", "four"),
    *("five", "six", "seven", "eight", "nine"),
)
_GENERAL = "customspeech/en-US-general/{}/audio-and-trans.zip"

HEAD = f"""\
## Training custom models

Of {BASE} with the default settings, each in a process of its own, on
{env.cores()} threads. Word errors are those of the int8 models that serve, beam 5, on
speech that no training has heard.
"""
DIGITS = """\
Strings of digits in noise, 120 clips of three speakers; tested on a fourth. Wanted:
4 % or less, within 6 minutes and with less than 3,000 MB.

| seed | base WER % | custom WER % | minutes | most memory MB | passes | best |
|---|---:|---:|---:|---:|---:|---:|
"""
GENERAL = """\
General speech, heard by the same models: what they forgot. Wanted: within 1 point.

| seed | words | base WER % | custom WER % | points |
|---|---:|---:|---:|---:|
"""
TEXT = f"""\
Text alone: {SENTENCES} random strings of digits, no audio; tested on the same speech.
Time to recognise is in turns, median of {ROUNDS} rounds. Wanted: 12 % or less, trained
within 30 s, at most 1.3 times the time of the base model.

| base WER % | custom WER % | training s | base s | custom s | ratio of times |
|---:|---:|---:|---:|---:|---:|
"""
SAMPLE = """\
The sample project, by its own test set. Wanted: at most half the errors.

| base WER % | custom WER % | ratio of errors | minutes | most memory MB |
|---:|---:|---:|---:|---:|
"""
PEER = """\
Beside `Seq2SeqTrainer` of `transformers`: same clips to learn from, base model,
threads and test, the same number of passes. Its settings are the usual ones for
Whisper tiny: all layers, AdamW at a rate of 3.75e-5, batches of 8, a window of 30 s
for each clip. It does not listen to held-out clips; ours does after each pass, and
that is in its time. Ratio: the time of the peer by ours. Wanted: 2 or more until it
is as good as ours.

| trainer | passes | seconds | WER % | ratio of times | most memory MB |
|---|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True)
class Made:
    """A training: its own process measured it."""

    reference: str
    seconds: float
    memory_mb: float  # at most
    passes: int  # that were gone through
    best: int | None


@dataclass(frozen=True)
class Tested:
    """A training and what its model heard wrong."""

    seed: int
    made: Made
    errors: ErrorCounts


class Bench:
    """A place for models, and the engine that hears with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models"
        self.engine = WhisperEngine([BASE], env.cores(), self.models)

    def errors(self, reference: str, lessons: Sequence[Lesson]) -> ErrorCounts:
        heard = self.hear(reference, lessons)
        pairs = ((lesson.text, heard[lesson.clip.key]) for lesson in lessons)
        return sum((counts(*pair, LOCALE) for pair in pairs), ErrorCounts())

    def hear(self, reference: str, lessons: Sequence[Lesson]) -> dict[str, str]:
        clips = [lesson.clip for lesson in lessons]
        found = list(self.engine.transcribe(reference, clips, Decoding(LOCALE)))
        for transcript in found:
            if transcript.error:
                raise transcript.error
        return {transcript.key: transcript.text for transcript in found}

    def train(
        self,
        name: str,
        lessons: Sequence[Lesson] = (),
        texts: Sequence[str] = (),
        seed: int = 1,
    ) -> Made:
        """A custom model; which lessons are held out is decided as in the product."""
        _say(f"training {name}, {len(lessons)} clips, {len(texts)} sentences")
        learnt, held_out = split(lessons, seed)
        reference = f"custom:{name.encode().hex()}"
        answer = one_training.ours(
            models=str(self.models),
            base=BASE,
            reference=reference,
            locale=LOCALE,
            seed=seed,
            lessons=one_training.plain(learnt),
            held_out=one_training.plain(held_out),
            texts=list(texts),
        )
        return Made(reference, **answer)


def section() -> str:
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        return "\n\n".join([HEAD.rstrip(), *_tables(bench)])


def _tables(bench: Bench) -> Iterator[str]:
    can_train = not bench.engine.cannot_train()
    if not can_train:
        yield f"Without what needs audio: {bench.engine.cannot_train()}"
    try:
        learnt = load(bench, sample("digits/train.zip"))
        test = load(bench, sample("digits/test.zip"))
    except SkipTest as e:
        yield f"Without digits and general speech: {e}."
    else:
        if can_train:
            yield from _audio_tables(bench, learnt, test)
        yield TEXT + text_row(bench, sentences(), test)
    if can_train:
        clips = [load(bench, CLIPS.with_name("training.zip")), load(bench, CLIPS)]
        yield SAMPLE + sample_row(bench, *clips)


def _audio_tables(
    bench: Bench, lessons: Sequence[Lesson], test: Sequence[Lesson]
) -> Iterator[str]:
    base = bench.errors(BASE, test)
    models = [digits(bench, lessons, test, seed) for seed in SEEDS]
    yield DIGITS + "\n".join(digits_rows(base, models))
    try:
        names = (_GENERAL.format(use) for use in ("testing", "training"))
        general = [clip for name in names for clip in load(bench, sample(name))]
    except SkipTest as e:
        yield f"Without general speech: {e}."
    else:
        yield GENERAL + "\n".join(general_rows(bench, general, models))
    if importlib.util.find_spec("accelerate"):
        yield PEER + "\n".join(peer_rows(bench, lessons, test, models[0]))
    else:
        yield "Without `Seq2SeqTrainer`, which needs: pip install accelerate"


def digits(
    bench: Bench, lessons: Sequence[Lesson], test: Sequence[Lesson], seed: int
) -> Tested:
    made = bench.train(f"digits-{seed}", lessons, seed=seed)
    return Tested(seed, made, bench.errors(made.reference, test))


def digits_rows(base: ErrorCounts, models: Sequence[Tested]) -> Iterator[str]:
    for seed, made, errors in ((m.seed, m.made, m.errors) for m in models):
        yield (
            f"| {seed} | {_percent(base)} | {_percent(errors)} "
            f"| {made.seconds / 60:.1f} | {made.memory_mb:,.0f} "
            f"| {made.passes} | {made.best} |"
        )
    rates = [100 * (m.errors.rate or 0) for m in models]
    minutes = [m.made.seconds / 60 for m in models]
    memory = [m.made.memory_mb for m in models]
    for name, of in (("mean", fmean), ("worst", max)):
        yield (
            f"| {name} | {_percent(base)} | {of(rates):.2f} | {of(minutes):.1f} "
            f"| {of(memory):,.0f} | | |"
        )


def general_rows(
    bench: Bench, general: Sequence[Lesson], models: Sequence[Tested]
) -> Iterator[str]:
    base = bench.errors(BASE, general)
    for model in models:
        errors = bench.errors(model.made.reference, general)
        points = 100 * ((errors.rate or 0) - (base.rate or 0))
        yield (
            f"| {model.seed} | {base.words} | {_percent(base)} | {_percent(errors)} "
            f"| {points:+.2f} |"
        )


def text_row(bench: Bench, texts: Sequence[str], test: Sequence[Lesson]) -> str:
    made = bench.train("text", texts=texts)
    names = (BASE, made.reference)
    base, custom = (bench.errors(name, test) for name in names)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            started = time.perf_counter()
            bench.hear(name, test)
            seconds[name].append(time.perf_counter() - started)
    first, second = (median(seconds[name]) for name in names)
    return (
        f"| {_percent(base)} | {_percent(custom)} | {made.seconds:.1f} "
        f"| {first:.1f} | {second:.1f} | {second / first:.2f} |"
    )


def sample_row(bench: Bench, lessons: Sequence[Lesson], test: Sequence[Lesson]) -> str:
    made = bench.train("sample", lessons)
    base = bench.errors(BASE, test)
    custom = bench.errors(made.reference, test)
    return (
        f"| {_percent(base)} | {_percent(custom)} "
        f"| {custom.errors / max(base.errors, 1):.2f} "
        f"| {made.seconds / 60:.1f} | {made.memory_mb:,.0f} |"
    )


def peer_rows(
    bench: Bench, lessons: Sequence[Lesson], test: Sequence[Lesson], ours: Tested
) -> Iterator[str]:
    """Ours; the peer after as many passes; and when it was as good as ours."""
    made, name = ours.made, "`Seq2SeqTrainer`"
    yield (
        f"| ours | {made.passes} | {made.seconds:.0f} | {_percent(ours.errors)} "
        f"| 1 | {made.memory_mb:,.0f} |"
    )
    target, seconds, memory = _peer(bench, lessons, ours)
    found: ErrorCounts | None = None
    reached = 0
    for number in range(1, len(seconds) + 1):
        if reached and number < len(seconds):
            continue
        found = bench.errors(str(target / str(number)), test)
        _say(f"{name}, pass {number}: {_percent(found)} %")
        if not reached and found.errors <= ours.errors.errors:
            reached = number
            yield (
                f"| {name}, until it was as good | {number} "
                f"| {seconds[number - 1]:.0f} | {_percent(found)} "
                f"| {seconds[number - 1] / made.seconds:.2f} | |"
            )
    if not reached:
        yield f"| {name}, until it was as good | never | | | | |"
    if found is not None:
        yield (
            f"| {name}, the same passes | {len(seconds)} | {seconds[-1]:.0f} "
            f"| {_percent(found)} | {seconds[-1] / made.seconds:.2f} | {memory:,.0f} |"
        )


def _peer(
    bench: Bench, lessons: Sequence[Lesson], ours: Tested
) -> tuple[Path, list[float], float]:
    """Where the models of its passes are, when they were there, and its memory."""
    _say(f"training with Seq2SeqTrainer, {ours.made.passes} passes")
    target = bench.folder / "peer"
    base = catalog.folder(BASE, bench.models)
    to_huggingface(base, target / "start", "")
    answer = one_training.peer(
        start=str(target / "start"),
        base=str(base),
        target=str(target),
        seed=ours.seed,
        passes=ours.made.passes,
        lessons=one_training.plain(split(lessons, ours.seed)[0]),
    )
    return target, answer["seconds"], answer["memory_mb"]


def load(bench: Bench, archive: Path) -> list[Lesson]:
    """What is in an archive of recordings and transcripts, as 16 kHz mono WAV."""
    folder = Path(tempfile.mkdtemp(dir=bench.folder))
    texts, clips, _ = extract(archive, folder)
    return [
        Lesson(
            Clip(f"{folder.name}-{number:05}", clip.path),
            " ".join(texts[clip.key].split()),
            _seconds(clip.path),
        )
        for number, clip in enumerate(clips)
    ]


def split(
    lessons: Sequence[Lesson], seed: int
) -> tuple[Sequence[Lesson], Sequence[Lesson]]:
    """What is learnt from, and what is held out, by the rule of the product."""
    candidates = [
        Candidate(lesson.clip.key, lesson.text, lesson.seconds, lesson.group)
        for lesson in lessons
    ]
    keys, _ = hold_out(candidates, seed)
    return (
        [lesson for lesson in lessons if lesson.clip.key not in keys],
        [lesson for lesson in lessons if lesson.clip.key in keys],
    )


def sentences() -> list[str]:
    """Random strings of 4 to 8 digits, as they are spoken."""
    source = random.Random(1)
    return [
        " ".join(source.choices(_DIGITS, k=source.randint(4, 8)))
        for _ in range(SENTENCES)
    ]


def _seconds(path: Path) -> float:
    with wave.open(str(path), "rb") as audio:
        return audio.getnframes() / audio.getframerate()


def _percent(errors: ErrorCounts) -> str:
    return "-" if errors.rate is None else f"{100 * errors.rate:.2f}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
