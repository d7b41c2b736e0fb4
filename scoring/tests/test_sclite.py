"""Our counts against `sclite` of NIST SCTK, the tool that the service refers to.

Both see the same tokens. The number of reference words must be the same always.
sclite looks for the alignment of least weight with 4 for a substitution and 3 for
an insertion or deletion, so it may take two errors (weight 6) where one
substitution and something else would do: its errors are never fewer than ours, and
they are the same, kind by kind, where only one alignment is sensible.
"""

# ruff: noqa: RUF001 - the letters that look alike are meant
from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from scoring.errors import ErrorCounts, counts_many
from scoring.normalization import words

Pairs = Sequence[tuple[str, str]]


def _command() -> list[str]:
    for name in ("sclite", "/usr/lib/sctk/bin/sclite"):
        if path := shutil.which(name):
            return [path]
    path = shutil.which("sctk")
    return [path, "sclite"] if path else []


pytestmark = pytest.mark.skipif(not _command(), reason="sclite (SCTK) is not installed")

VOCABULARY = "zero one two three four five six seven eight nine and the cat"
UNAMBIGUOUS = [
    ("call three five eight five", "Call 3585."),
    ("call three five eight five", "Call 3584."),
    ("it costs five dollars and fifty cents", "It costs $5.50!"),
    ("three thousand five hundred and eighty-five", "3,585"),
    ("the cat sat on the mat", "the cat sat on mat"),
    ("the cat sat on the mat", "the cat sat down on the mat"),
    ("the cat sat on the mat", "the dog sat on the mat please"),
    ("don't go, it's the twenty first", "don’t go its the 21st"),
    ("nothing was heard", ""),
    ("a b c d e", "z a x c e"),
]


def test_unambiguous_errors_are_the_same(tmp_path: Path) -> None:
    assert _sclite(tmp_path, UNAMBIGUOUS) == _ours(UNAMBIGUOUS)


def test_random_errors_are_never_more(tmp_path: Path) -> None:
    pairs = _random_pairs(300)
    ours, theirs = _ours(pairs), _sclite(tmp_path, pairs)
    assert ours.words == theirs.words
    assert ours.errors <= theirs.errors <= ours.errors * 1.05


def _random_pairs(size: int) -> Pairs:
    chance = random.Random(7)
    vocabulary = VOCABULARY.split()
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
        pairs.append((" ".join(said), " ".join(heard)))
    return pairs


def _ours(pairs: Pairs) -> ErrorCounts:
    return sum(counts_many(pairs, "en-US"), ErrorCounts())


def _sclite(folder: Path, pairs: Pairs) -> ErrorCounts:
    paths = folder / "ref.trn", folder / "hyp.trn"
    for side, path in enumerate(paths):
        lines = [
            f"{' '.join(words(pair[side], 'en-US'))} (test-{number:05})\n"
            for number, pair in enumerate(pairs)
        ]
        path.write_text("".join(lines), encoding="ascii")
    files = ["-r", str(paths[0]), "trn", "-h", str(paths[1]), "trn"]
    report = subprocess.run(
        [*_command(), *files, "-i", "spu_id", "-o", "rsum", "stdout"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    # | Sum | sentences words | correct substituted deleted inserted errors sentences |
    line = next(line for line in report.splitlines() if "Sum" in line)
    _, total, _, substitutions, deletions, insertions, errors, _ = map(
        int, re.findall(r"\d+", line)
    )
    found = ErrorCounts(total, insertions, deletions, substitutions)
    assert found.errors == errors
    return found
