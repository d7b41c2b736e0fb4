"""How fast data comes in: an archive of 10,000 recordings, a text of 200 MB.

Each is imported by the very function that a worker calls, in a process of its own
with a fresh data folder; the archive beside plain unpacking, the text beside
reading its lines and no more.

    python -m benchmarks.imports import|check KIND FILE     (what the processes run)
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

FILES = 10_000
SECONDS = 3.0
TEXT_BYTES = 200 * 10**6
RATE_HZ = 16_000

SECTION = f"""\
## Imports

A whole import: reading, checks, measures, statistics, report and rows. Beside it, in
the same run, what nobody can do without: unpacking the same archive of {FILES:,} files
of {SECONDS:.0f} s, reading the lines of the same text of {TEXT_BYTES // 10**6} MB. Of
the text also the check alone: which lines can be used, and what is wrong with others.
Wanted: 150 files a second with less than 400 MB; the check at 20 MB a second, the
import with less than 500 MB.

| what | plain | ours | ratio of times | most memory MB |
|---|---:|---:|---:|---:|
"""


def section() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return SECTION + "\n".join((_audio_row(folder), _text_row(folder)))


def _audio_row(folder: Path) -> str:
    archive = folder / "speech.zip"
    _make_archive(archive)
    started = time.perf_counter()
    with zipfile.ZipFile(archive) as source:
        source.extractall(folder / "plain")
    plain = time.perf_counter() - started
    seconds, memory = _import(folder, "Acoustic", archive)
    return (
        f"| {FILES:,} recordings | {FILES / plain:,.0f} files/s "
        f"| {FILES / seconds:,.0f} files/s | {seconds / plain:.1f} | {memory:.0f} |"
    )


def _text_row(folder: Path) -> str:
    text = folder / "text.txt"
    _make_text(text)
    started = time.perf_counter()
    with text.open(encoding="utf-8-sig") as lines:
        assert sum(1 for _ in lines) > 10**6
    plain = time.perf_counter() - started
    rows = []
    for what in ("check", "import"):
        seconds, memory = _import(folder, "Language", text, what)
        rows.append(
            f"| {TEXT_BYTES // 10**6} MB of text, {what} "
            f"| {TEXT_BYTES / 1e6 / plain:.0f} MB/s "
            f"| {TEXT_BYTES / 1e6 / seconds:.1f} MB/s | {seconds / plain:.0f} "
            f"| {memory:.0f} |"
        )
    return "\n".join(rows)


def _import(
    folder: Path, kind: str, path: Path, what: str = "import"
) -> tuple[float, float]:
    """Seconds and the most memory (MB) that it took."""
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.imports", what, kind, str(path)],
        env=os.environ | {"DATA_DIR": str(folder / f"data-{kind}")},
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, memory = json.loads(answer.stdout.splitlines()[-1])
    return seconds, memory


def _make_archive(path: Path) -> None:
    """Noise in syllables, other for each file, so that nothing is a duplicate."""
    numbers = np.random.default_rng(1)
    count = int(SECONDS * RATE_HZ)
    rise = np.abs(np.sin(np.arange(count) * (6 * np.pi / count)))
    lines = []
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(FILES):
            sound = numbers.normal(0, 3000, count) * rise
            file = io.BytesIO()
            with wave.open(file, "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(RATE_HZ)
                out.writeframes(sound.clip(-32767, 32767).astype("<i2").tobytes())
            archive.writestr(f"{i:05}.wav", file.getvalue())
            lines.append(f"{i:05}.wav\t{_sentence(random.Random(i))}")
        archive.writestr("trans.txt", "\n".join(lines))


def _make_text(path: Path) -> None:
    words = random.Random(2)
    with path.open("w", encoding="utf-8-sig") as file:
        size = 0
        while size < TEXT_BYTES:
            lines = "\n".join(_sentence(words) for _ in range(1000)) + "\n"
            file.write(lines)
            size += len(lines)


def _sentence(source: random.Random) -> str:
    return " ".join(source.choice(_WORDS) for _ in range(source.randint(6, 16)))


def _words() -> Iterator[str]:
    source = random.Random(3)
    for _ in range(20_000):
        yield "".join(
            source.choice("bdfgklmnprstv") + source.choice("aeiou")
            for _ in range(source.randint(1, 4))
        )


_WORDS = list(_words())


def main(what: str, kind: str, path: Path) -> None:
    seconds = check(path) if what == "check" else whole_import(kind, path)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps([seconds, memory]))


def check(path: Path) -> float:
    """Seconds to check a plain text, without anything that is made of it."""
    from datasets.formats import plain_text
    from datasets.formats.base import Findings

    started = time.perf_counter()
    assert sum(1 for _ in plain_text.read(path, "en-US", Findings())) > 10**6
    return time.perf_counter() - started


def whole_import(kind: str, path: Path) -> float:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechstudio.settings")
    django.setup()
    from django.core.files import File
    from django.core.management import call_command

    from datasets import services
    from datasets.models import Dataset
    from datasets.tasks import ingest_dataset
    from projects.models import Project

    call_command("migrate", verbosity=0)
    project = Project.objects.create(name="Bench", locale="en-US")
    # The task is run here, and not sent to a worker that is not there.
    Dataset.enqueue = lambda self: None
    with path.open("rb") as file:
        dataset = services.upload(
            project, "Bench", File(file, name=path.name), kind=kind, use="training"
        )
    started = time.perf_counter()
    ingest_dataset(str(dataset.pk))
    seconds = time.perf_counter() - started
    dataset.refresh_from_db()
    assert dataset.status == "Succeeded", dataset.error
    return seconds


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
