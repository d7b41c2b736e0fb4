"""Measure what the product promises and write it down.

    python -m benchmarks [studio] [player] [imports] [large] [tests] [scoring] [exports]
        [training] [phrases] [serving] [streams] [api] [polling]
    python -m benchmarks soak [minutes]

Runs on an idle machine for an hour; where parts are named, the others
stay as they were. Ratios and medians are what to read: absolute times depend on the
machine. A soak is half an hour more, and runs only when it is asked for.
"""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import httpx

from benchmarks import (
    api,
    exports,
    imports,
    large,
    large_test,
    phrases,
    player,
    polling,
    scoring,
    serving,
    soak,
    streams,
    throughput,
    training,
)
from speechstudio import env
from speechstudio.tests.studio import (
    Studio,
    clean_environment,
    free_port,
    post,
    running,
    sign_in,
    wait_for,
)

RESULTS = Path(__file__).parent / "RESULTS.md"
ROUNDS = 30  # requests a page
_STATUS = "SELECT status FROM {} WHERE id = ?"

RECOGNITION = f"""\
## Recognition, beside a plain loop

The engine and a plain loop of `WhisperModel.transcribe` over the same files: same
weights (tiny.en, int8), beam 5, same threads, in turns of {throughput.TURN} clips;
median of {throughput.ROUNDS} rounds. Ours gives word times as well. Wanted: 3 or more
for short clips, 1.3 for long ones, and no more than 0.5 points of WER above plain.

{throughput.HEADER}
"""
TESTS = """

A whole test through the pages, from the click to the result: queue, worker, storing
and scoring included.

| archive | audio s | plain loop s | whole test s | ratio |
|---|---:|---:|---:|---:|
"""
PAGES = f"""\
## Pages of the sample project

Measured by a client on the same machine, {ROUNDS} requests each. Wanted: under 50 ms.

| page | median ms | 95 % ms | kB |
|---|---:|---:|---:|
"""
MEMORY = """\
## Memory at rest, with the model loaded

Proportional set size. Wanted: under 900 MB together.

| process | MB |
|---|---:|
"""


def main() -> None:
    if sys.argv[1:2] == ["soak"]:
        _soak(*map(float, sys.argv[2:]))
        return
    wanted = sys.argv[1:] or list(_PARTS)
    unknown = set(wanted) - set(_PARTS)
    if unknown:
        sys.exit(f"No such part: {', '.join(unknown)}. There are: {', '.join(_PARTS)}")
    former = _former()
    parts = former if sys.argv[1:] else {}
    for name in wanted:
        for text in _PARTS[name]():
            parts[text.splitlines()[0]] = text.rstrip()
    if soak.HEADING in former:
        parts.setdefault(soak.HEADING, former[soak.HEADING])
    _write(parts)


def _soak(minutes: float = soak.MINUTES) -> None:
    """Fails when anything was not as it should be, which it prints."""
    text, wrong = soak.section(minutes)
    print("\n".join([text, *wrong]))
    _write(_former() | {soak.HEADING: text.rstrip()})
    sys.exit(1 if wrong else 0)


def _write(parts: Mapping[str, str]) -> None:
    RESULTS.write_text("\n\n".join([_head(), *parts.values()]) + "\n", encoding="utf-8")
    print(f"Written to {RESULTS}")


def _former() -> dict[str, str]:
    """The parts of the last run, by their headings."""
    texts = RESULTS.read_text(encoding="utf-8").split("\n## ")[1:]
    return {f"## {text.splitlines()[0]}": f"## {text.rstrip()}" for text in texts}


def _studio() -> Iterator[str]:
    """Everything that is measured on a running studio."""
    engine = throughput.main()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        first = _start_seconds(folder)
        web = median(_web_seconds(folder) for _ in range(5))
        started = time.perf_counter()
        with running(folder) as studio, sign_in(studio) as client:
            second = time.perf_counter() - started
            wait_for(lambda: _sample_test(studio)[1] == "Succeeded", 300)
            yield _recognition(engine, list(_tests(studio, client, engine)))
            yield _start(first, second, web)
            yield PAGES + "\n".join(_pages(studio, client))
            yield MEMORY + "\n".join(_memory(studio))


def _player() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as name,
        running(Path(name) / "data", SAMPLE_PROJECT="false") as studio,
        sign_in(studio) as client,
    ):
        yield player.section(studio, client)


_PARTS: dict[str, Callable[[], Iterable[str]]] = {
    "studio": _studio,
    "player": _player,
    "imports": lambda: [imports.section()],
    "large": lambda: [large.section()],
    "tests": lambda: [large_test.section()],
    "scoring": lambda: [scoring.section()],
    "exports": lambda: [exports.section()],
    "training": lambda: [training.section()],
    "phrases": lambda: [phrases.section()],
    "serving": lambda: [serving.section()],
    "streams": lambda: [streams.section()],
    "api": lambda: [api.lists(), api.uploads()],
    "polling": lambda: [polling.section()],
}


def _start_seconds(folder: Path) -> float:
    """From the command to the address: a fresh data folder."""
    started = time.perf_counter()
    with running(folder):
        return time.perf_counter() - started


def _web_seconds(folder: Path) -> float:
    """From the start of the web process to its first answer."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "speechstudio.asgi:application"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--port", str(port), "--lifespan", "off", "--log-level", "error"],
        env=clean_environment() | {"DATA_DIR": str(folder)},
    )
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/sign-in/").raise_for_status()
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def _tests(
    studio: Studio, client: httpx.Client, plain: list[throughput.Result]
) -> Iterator[str]:
    """A whole test through the pages, beside the plain loop's time."""
    new = post(client, "/projects/new/", {"name": "Bench", "locale": "en-US"}).url.path
    for result in plain:
        answers = {"use": "testing", "kind": "Acoustic", "name": "x"}
        with result.path.open("rb") as archive:
            files = {"file": archive}
            page = post(client, f"{new}datasets/new/source/", answers, files=files)
        answers["upload"] = page.url.params["upload"]
        page = post(client, f"{new}datasets/new/review/", answers)
        dataset = page.url.path.split("/")[-2]
        _wait(studio, "datasets_dataset", dataset)
        model = _uuid(studio.rows("SELECT id FROM training_speechmodel")[0][0])
        started = time.perf_counter()
        page = post(
            client,
            f"{new}tests/new/review/",
            {"dataset": dataset, "models": model, "name": "x"},
        )
        _wait(studio, "evaluations_evaluation", page.url.path.split("/")[-2])
        seconds = time.perf_counter() - started
        yield (
            f"| {result.archive} | {result.audio_seconds:.1f} "
            f"| {result.plain_seconds:.1f} | {seconds:.1f} "
            f"| {result.plain_seconds / seconds:.2f} |"
        )


def _pages(studio: Studio, client: httpx.Client) -> Iterator[str]:
    """The time that the server takes for each page of the sample project."""
    evaluation, _, project, dataset = _sample_test(studio)
    paths = {
        "projects": "/projects/",
        "overview": f"/projects/{project}/",
        "datasets": f"/projects/{project}/datasets/",
        "dataset": f"/datasets/{dataset}/",
        "import report": f"/datasets/{dataset}/?tab=report",
        "tests": f"/projects/{project}/tests/",
        "test with 25 utterances": f"/tests/{evaluation}/",
        "test, only errors first": f"/tests/{evaluation}/?only=errors&sort=-errors",
        "test, search": f"/tests/{evaluation}/?q=the",
        "new test": f"/projects/{project}/tests/new/data/",
        "settings": f"/projects/{project}/settings/",
    }
    for name, path in paths.items():
        client.get(path).raise_for_status()
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            size = len(client.get(path).content)
            times.append(1000 * (time.perf_counter() - started))
        high = quantiles(times, n=20)[-1]
        yield f"| {name} | {median(times):.0f} | {high:.0f} | {size / 1000:.0f} |"


def _memory(studio: Studio) -> Iterator[str]:
    """Each process with its share, while nothing runs and the model is loaded."""
    time.sleep(5)
    total = 0.0
    for pid, command in studio.processes().items():
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        assert found is not None
        size = int(found[1]) / 1000
        total += size
        yield f"| {_short(command)} | {size:.0f} |"
    yield f"| together | {total:.0f} |"


def _short(command: str) -> str:
    for word in ("redis", "uvicorn", "worker", "beat", "speechstudio.up"):
        if word in command:
            return word
    return command[:40]


def _sample_test(studio: Studio) -> list[str]:
    row = studio.rows(
        "SELECT id, status, project_id, dataset_id FROM evaluations_evaluation"
        " ORDER BY created LIMIT 1"
    )[0]
    return [_uuid(v) if len(v) == 32 else v for v in row]


def _wait(studio: Studio, table: str, key: str) -> None:
    sql = _STATUS.format(table)
    bare = key.replace("-", "")
    wait_for(lambda: studio.rows(sql, bare)[0][0] not in ("NotStarted", "Running"), 600)
    assert studio.rows(sql, bare) == [("Succeeded",)], (table, key)


def _uuid(key: str) -> str:
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


def _head() -> str:
    return (
        "# Results of `make bench`\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, "
        f"{env.cores()} cores. The machine is shared: read ratios and medians."
    )


def _recognition(engine: list[throughput.Result], tests: list[str]) -> str:
    rows = "\n".join(result.row() for result in engine)
    return RECOGNITION + rows + TESTS + "\n".join(tests)


def _start(first: float, second: float, web: float) -> str:
    return f"""\
## Start

| what | seconds | wanted |
|---|---:|---:|
| web process, to its first answer (median of 5) | {web:.1f} | < 3 |
| everything, fresh data folder with sample project | {first:.1f} | |
| everything, second time | {second:.1f} | |"""


if __name__ == "__main__":
    main()
