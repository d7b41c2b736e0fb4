"""Our counts against `sclite` of NIST SCTK, the tool that the service refers to.

Both see the same files. Where the number of errors is the same, as nearly always, so
are substitutions, insertions and deletions; `scoring/alignment.py` says when it is not.
"""

# ruff: noqa: RUF001 - the letters that look alike are meant
from __future__ import annotations

import random
import re
import shutil
import string
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from scoring.alignment import align_words
from scoring.errors import ErrorCounts, counts_many, counts_of
from scoring.exchange import TimedWord, ctm, stm, trn
from scoring.scale import Level, Scale

Pair = tuple[list[str], list[str]]


def _command() -> list[str]:
    for name in ("sclite", "/usr/lib/sctk/bin/sclite"):
        if path := shutil.which(name):
            return [path]
    path = shutil.which("sctk")
    return [path, "sclite"] if path else []


pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not _command(), reason="sclite (SCTK) is not installed"),
]

TEXTS = [
    ("call three five eight five", "Call 3585."),
    ("call three five eight five", "Call 3584."),
    ("it costs five dollars and fifty cents", "It costs $5.50!"),
    ("three thousand five hundred and eighty-five", "3,585"),
    ("the cat sat on the mat", "the cat sat on mat"),
    ("the cat sat on the mat", "the cat sat down on the mat"),
    ("the cat sat on the mat", "the dog sat on the mat please"),
    ("don't go, it's the twenty first", "don’t go its the 21st"),
    ("every day we do not send e-mail", "everyday we don't send email"),
    ("take metoprolol daily", "take metro pole all daily"),
    ("nothing was heard", ""),
    ("", "nothing was said"),
    ("", ""),
    ("a b c d e", "z a x c e"),
    ("(And/or) {this}: 7:05 @ 50 %; a*b \\ <ALT> ;;", "and or this, seven oh five"),
    ("Größe — naïve “quotes” 東京 שלום", "grosse naïve quotes 東 שלום 👍"),
]


@pytest.mark.parametrize("level", Level)
def test_every_level_has_the_errors_that_sclite_finds(
    tmp_path: Path, level: Level
) -> None:
    scale = Scale("en-US", level)
    pairs = []
    for reference, hypothesis in TEXTS:
        said = scale.words(reference)
        pairs.append((said, scale.reconciled(said, scale.words(hypothesis))))
    ours = sum(counts_many(TEXTS, scale), ErrorCounts())
    assert _of_trn(tmp_path, pairs) == _of_ctm(tmp_path, pairs) == ours


def test_random_errors_are_the_same(tmp_path: Path) -> None:
    pairs = _random_pairs(1000)
    assert _of_trn(tmp_path, pairs) == _of_ctm(tmp_path, pairs) == _ours(pairs)


def test_no_sign_is_syntax(tmp_path: Path) -> None:
    signs = [*string.punctuation, *map("a{}".format, string.punctuation)]
    signs += ["\x00", "ü", "Ü", "x" * 5000, "x" * 5000 + "y", "ท" * 50, "%s", "a%"]
    pairs = [([sign, "x", f"{sign}b"], [sign, "y", f"{sign}c"]) for sign in signs]
    pairs += [(["x", sign], ["x"]) for sign in signs]
    pairs += [([sign], []) for sign in signs] + [([], [sign]) for sign in signs]
    assert _of_trn(tmp_path, pairs) == _of_ctm(tmp_path, pairs) == _ours(pairs)


def test_two_words_more_that_are_right_are_worth_an_error_to_sclite(
    tmp_path: Path,
) -> None:
    pairs = [(list("abcxy"), list("xypqr"))]
    assert _ours(pairs) == ErrorCounts(5, substitutions=5)
    assert _of_trn(tmp_path, pairs) == ErrorCounts(5, insertions=3, deletions=3)


def _random_pairs(size: int) -> list[Pair]:
    chance = random.Random(7)
    vocabulary = [f"word{number}" for number in range(13)]
    pairs = []
    for _ in range(size):
        said = chance.choices(vocabulary, k=chance.randint(1, 20))
        heard = []
        for word in said:
            action = chance.random()
            if action > 0.05:
                heard.append(chance.choice(vocabulary) if action < 0.15 else word)
            if action > 0.95:
                heard.append(chance.choice(vocabulary))
        pairs.append((said, heard))
    return pairs


def _ours(pairs: Sequence[Pair]) -> ErrorCounts:
    return sum((counts_of(align_words(*pair)) for pair in pairs), ErrorCounts())


def _names(number: int) -> tuple[str, str]:
    """A speaker and an utterance that are hard to read."""
    speaker = ("anna-lena", "Jörg (2)", "jörg (2)", "a_b", "%s/{x}")[number % 5]
    return speaker, f"{number:05}/{speaker};;"


def _of_trn(folder: Path, pairs: Sequence[Pair]) -> ErrorCounts:
    paths = folder / "reference.trn", folder / "hypothesis.trn"
    for side, path in enumerate(paths):
        lines = [trn(pair[side], *_names(n)) for n, pair in enumerate(pairs)]
        path.write_text("".join(lines), encoding="utf-8")
    return _sclite("-i", "spu_id", "-r", paths[0], "trn", "-h", paths[1], "trn")


def _of_ctm(folder: Path, pairs: Sequence[Pair]) -> ErrorCounts:
    paths = folder / "reference.stm", folder / "hypothesis.ctm"
    said: list[str] = []
    heard: list[str] = []
    for number, (reference, hypothesis) in enumerate(pairs):
        speaker, recording = _names(number)
        said.append(stm(reference, recording, speaker, 30))
        words = [
            TimedWord(word, at / 10, at / 10 + 0.1, at / 100)
            for at, word in enumerate(hypothesis)
        ]
        heard.append(ctm(words, recording))
    paths[0].write_text("".join(said), encoding="utf-8")
    paths[1].write_text("".join(heard), encoding="utf-8")
    return _sclite("-r", paths[0], "stm", "-h", paths[1], "ctm")


def _sclite(*files: str | Path) -> ErrorCounts:
    command = [*_command(), "-s", "-e", "utf-8", *map(str, files)]
    report = subprocess.run(
        [*command, "-o", "rsum", "stdout"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=True,
        timeout=60,
    ).stdout
    # | Sum | sentences words | correct substituted deleted inserted errors sentences |
    line = next(line for line in report.splitlines() if "Sum" in line)
    numbers = list(map(int, re.findall(r"\d+", line)))
    total, substitutions, deletions, insertions = numbers[1], *numbers[3:6]
    return ErrorCounts(total, insertions, deletions, substitutions)
