"""How fast errors are counted, beside jiwer on the same pairs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from statistics import median

import jiwer

from scoring.alignment import align_many
from scoring.errors import counts_many
from scoring.scale import Level, Scale

Pair = tuple[list[str], list[str]]

PAIRS = 100_000
ROUNDS = 3
_FREQUENT = ("the", "a", "to", "of", "and", "in", "is", "it", "you", "that")
_SHAPES = ((9, 0.15), (9, 0.40), (30, 0.15), (30, 0.40))  # words, share that is wrong
_SPLIT = jiwer.ReduceToListOfListOfWords()

SECTION = f"""\
## Counting errors

Of made-up pairs, {PAIRS:,} of about 9 words and a third as many of about 30; medians
of {ROUNDS} rounds, in turns. Beside `jiwer.process_words` the alignment of the same
words. Wanted: at most 1.5 times its time.

| words | WER % | jiwer s | ours s | ratio |
|---:|---:|---:|---:|---:|
"""
LEVELS = f"""

The whole way from the texts of {PAIRS:,} pairs of about 9 words to counts, 15 % of
them wrong, at each level. Wanted: 60 s or less.

| level | seconds |
|---|---:|
"""


def section() -> str:
    shapes = "\n".join(_shape(*shape) for shape in _SHAPES)
    return SECTION + shapes + LEVELS + "\n".join(_levels())


def _shape(words: int, wrong: float) -> str:
    pairs = _pairs(PAIRS * 9 // words, words, wrong)
    references = [" ".join(said) for said, _ in pairs]
    hypotheses = [" ".join(heard) for _, heard in pairs]
    rate = jiwer.process_words(references, hypotheses, _SPLIT, _SPLIT).wer
    theirs, ours = _in_turns(
        lambda: jiwer.process_words(references, hypotheses, _SPLIT, _SPLIT),
        lambda: list(align_many(pairs)),
    )
    figures = f"{theirs:.1f} | {ours:.1f} | {ours / theirs:.2f}"
    return f"| {words} | {100 * rate:.0f} | {figures} |"


def _levels() -> Iterator[str]:
    texts = [
        (" ".join(said), " ".join(heard)) for said, heard in _pairs(PAIRS, 9, 0.15)
    ]
    for level in Level:
        if level != Level.PROJECT:
            scale = Scale("en-US", level)
            (seconds,) = _in_turns(lambda scale=scale: counts_many(texts, scale))
            yield f"| {scale.name} | {seconds:.1f} |"


def _in_turns(*ways: Callable[[], object]) -> list[float]:
    """Median seconds of the processor for each way."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for way, taken in zip(ways, seconds, strict=True):
            started = time.process_time()
            way()
            taken.append(time.process_time() - started)
    return [median(taken) for taken in seconds]


def _pairs(count: int, words: int, wrong: float) -> list[Pair]:
    """Words of which a few are frequent; of the wrong ones most are substituted."""
    chance = random.Random(3)
    rare = ["".join(chance.choices("etaoinshrdlu", k=k % 8 + 2)) for k in range(5000)]
    vocabulary = [*_FREQUENT * 12, *rare]
    return [
        (said, list(_misheard(said, wrong, vocabulary, chance)))
        for said in (
            chance.choices(vocabulary, k=words + chance.randint(-1, 1))
            for _ in range(count)
        )
    ]


def _misheard(
    said: list[str], wrong: float, vocabulary: list[str], chance: random.Random
) -> Iterator[str]:
    for word in said:
        fate = chance.random() / wrong
        if fate > 1:
            yield word
        elif fate < 0.6:
            yield chance.choice(vocabulary)
        elif fate > 0.8:
            yield word
            yield chance.choice(vocabulary)
