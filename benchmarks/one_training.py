"""One training in a process of its own, whose time and most memory are its alone.

python -m benchmarks.one_training ours|peer < JOB      (what the process runs)
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engines.base import Clip, Corpus, Lesson, Progress, Recipe
from engines.whisper.engine import WhisperEngine
from speechstudio import env


def ours(**job: Any) -> dict[str, Any]:
    """Make a custom model: {"seconds", "passes", "best", "memory_mb"}."""
    return _answer("ours", job)


def peer(**job: Any) -> dict[str, Any]:
    """Train with Hugging Face's trainer: {"seconds" of each pass, "memory_mb"}."""
    return _answer("peer", job)


def plain(lessons: Sequence[Lesson]) -> list[list[str | float]]:
    """Lessons as a job has them."""
    return [[x.clip.key, str(x.clip.path), x.text, x.seconds] for x in lessons]


def _lessons(rows: Sequence[tuple[str, str, str, float]]) -> list[Lesson]:
    return [Lesson(Clip(key, Path(path)), text, s) for key, path, text, s in rows]


def _answer(trainer: str, job: dict[str, Any]) -> dict[str, Any]:
    """What the process prints last."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.one_training", trainer],
        env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main(trainer: str) -> None:
    answer = {"ours": _ours, "peer": _peer}[trainer](json.load(sys.stdin))
    answer["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps(answer))


def _ours(job: dict[str, Any]) -> dict[str, Any]:
    passes = -1  # the first look is at the model before any

    def report(progress: Progress) -> None:
        nonlocal passes
        passed = progress.passed
        if passed:
            passes += 1
            found = f"{passed.errors} of {passed.words} words wrong"
            text = f"  pass {passed.number}: {found} in the held-out part"
            print(text, file=sys.stderr, flush=True)

    engine = WhisperEngine([job["base"]], env.cores(), Path(job["models"]))
    corpus = Corpus(
        job["locale"],
        _lessons(job["lessons"]),
        _lessons(job["held_out"]),
        texts=lambda: iter(job["texts"]),
    )
    recipe = Recipe(job["seed"])
    started = time.perf_counter()
    made = engine.train(job["base"], corpus, recipe, job["reference"], report)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "passes": max(passes, 0), "best": made.best}


def _peer(job: dict[str, Any]) -> dict[str, Any]:
    """Loading torch is part of a training, of theirs as of ours."""
    started = time.perf_counter()
    seq2seq = importlib.import_module("benchmarks.seq2seq")
    loading = time.perf_counter() - started
    seconds = seq2seq.train(
        *(Path(job[name]) for name in ("start", "base", "target")),
        _lessons(job["lessons"]),
        job["passes"],
        job["seed"],
        env.cores(),
    )
    return {"seconds": [loading + one for one in seconds]}


if __name__ == "__main__":
    main(sys.argv[1])
