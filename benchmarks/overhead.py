"""What the data plane adds to the engine, measured where both are alike: in one
process, with the same model in memory, by the same threads.

python -m benchmarks.overhead < JOB      (what the process runs)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import httpx

from speechstudio.tests.studio import clean_environment, free_port, wait_for

_WARM_UP = 4  # clips, before anything counts


@dataclass(frozen=True)
class Job:
    folder: str  # the data folder of an installation
    key: str  # of the endpoint that is asked
    reference: str  # of the model that it answers with
    clips: list[str]  # paths of WAVs, 16 kHz mono, 16 bits
    rounds: int  # each one clip, twice: served, and by the engine alone


@dataclass(frozen=True)
class Pair:
    """Seconds."""

    served: float
    bare: float


def pairs(job: Job) -> list[Pair]:
    """Measured in a process that begins as the web server of an installation does."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.overhead"],
        env=clean_environment()
        | {"DATA_DIR": job.folder}
        # As `speechstudio.up` gives them to the web server.
        | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        input=json.dumps(asdict(job)),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return [Pair(**pair) for pair in json.loads(done.stdout.splitlines()[-1])]


def more_seconds(found: list[Pair]) -> float:
    """What being served takes more, the median of pairs."""
    return median(pair.served - pair.bare for pair in found)


def main() -> None:
    job = Job(**json.load(sys.stdin))
    with _served() as url, httpx.Client(base_url=url, timeout=60) as client:
        found = _measured(job, client)
    print(json.dumps([asdict(pair) for pair in found]))


def _measured(job: Job, client: httpx.Client) -> list[Pair]:
    """In turns, the order of a pair alternating."""
    # Imported where Django is ready.
    from engines.base import Clip, Decoding
    from engines.registry import get_engine

    engine, options = get_engine("whisper"), Decoding("en-US")
    headers = {"Ocp-Apim-Subscription-Key": job.key}
    wavs = [Path(path).read_bytes() for path in job.clips]

    def ask(wav: bytes) -> None:
        client.post(
            "/speech/recognition/conversation/cognitiveservices/v1",
            params={"language": "en-US", "format": "detailed"},
            headers=headers,
            content=wav,
        ).raise_for_status()

    def hear(wav: bytes) -> None:
        clip = Clip("", pcm=wav[44:])
        list(engine.transcribe(job.reference, [clip], options))

    found = []
    for turn in range(-_WARM_UP, job.rounds):
        wav = wavs[turn % len(wavs)]
        if turn % 2:
            served, bare = _seconds(ask, wav), _seconds(hear, wav)
        else:
            bare, served = _seconds(hear, wav), _seconds(ask, wav)
        if turn >= 0:
            found.append(Pair(served, bare))
    return found


@contextmanager
def _served() -> Iterator[str]:
    """The data plane, in a thread of this process; gives its address."""
    import uvicorn

    os.environ["DJANGO_SETTINGS_MODULE"] = "speechstudio.settings"
    port = free_port()
    config = uvicorn.Config(
        "speechstudio.asgi:application",
        port=port,
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _seconds(work: Callable[[bytes], None], wav: bytes) -> float:
    started = time.perf_counter()
    work(wav)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
