"""The API: how fast data comes in.

python -m benchmarks.api      (prints it)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from speechstudio.tests.studio import (
    OWNER,
    ROOT,
    clean_environment,
    free_port,
    wait_for,
)

BLOCK_BYTES = 8 * 1024**2
BLOCKS = 128  # 1 GiB
SENDERS = 3
_MB = 1e6
_SETUP = """
from django.contrib.auth.models import User
from projects import services

services.create(User.objects.create_superuser("{}"), "Uploads", "en-US")
"""

UPLOADS = f"""\
## Uploads by the API

A file of {BLOCKS} blocks of 8 MiB, {SENDERS} at a time, to the web server alone; sender
and server on the same cores. Beside it, in the same run, the same bytes written to the
same disk by a plain loop. Wanted: 100 MB/s, in constant memory.

| what | figure |
|:---|---:|
"""


@dataclass(frozen=True)
class Server:
    url: str  # of the API
    key: str
    process: int
    folder: Path


def uploads() -> str:
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as server:
        before = _peak_mb(server)
        plain = _plain(server.folder)
        started = time.perf_counter()
        _upload(server)
        seconds = time.perf_counter() - started
        more = _peak_mb(server) - before
    speed = BLOCKS * BLOCK_BYTES / seconds / _MB
    rows = [
        f"| blocks by the API | {speed:.0f} MB/s |",
        f"| plain loop | {plain:.0f} MB/s |",
        f"| ratio | {speed / plain:.2f} |",
        f"| memory of the server, more at its peak than before | {more:.0f} MB |",
    ]
    return UPLOADS + "\n".join(rows)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """The web server alone, with a fresh database and a key of its owner."""
    port = free_port()
    env = clean_environment() | {"DATA_DIR": str(folder)}
    manage = [sys.executable, "manage.py"]
    for words in (["migrate", "-v0"], ["shell", "-v0", "-c", _SETUP.format(OWNER[0])]):
        subprocess.run([*manage, *words], cwd=ROOT, env=env, check=True)
    made = subprocess.run(
        [*manage, "createapikey", "--user", OWNER[0]],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    command = [sys.executable, "-m", "uvicorn", "speechstudio.asgi:application"]
    command += ["--port", str(port), "--lifespan", "off", "--no-access-log"]
    process = subprocess.Popen([*command, "--log-level", "error"], cwd=ROOT, env=env)
    url = f"http://127.0.0.1:{port}/speechtotext/"
    try:
        wait_for(lambda: _is_up(url))
        yield Server(url, made.stdout.splitlines()[-1], process.pid, folder)
    finally:
        process.terminate()
        process.wait(30)


def _upload(server: Server) -> None:
    block = os.urandom(BLOCK_BYTES)
    with httpx.Client(
        headers={"Ocp-Apim-Subscription-Key": server.key}, timeout=600
    ) as client:
        asked = {"displayName": "Uploads", "locale": "en-US", "kind": "Acoustic"}
        made = client.post(f"{server.url}datasets?api-version=2025-10-15", json=asked)
        address = httpx.URL(made.raise_for_status().json()["links"]["uploadBlocks"])

        def send(number: int) -> None:
            name = b64encode(f"{number:06}".encode()).decode()
            url = address.copy_merge_params({"blockid": name})
            kind = {"Content-Type": "application/octet-stream"}
            client.put(url, content=block, headers=kind).raise_for_status()

        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(send, range(BLOCKS)))


def _plain(folder: Path) -> float:
    """MB/s."""
    block = os.urandom(BLOCK_BYTES)
    started = time.perf_counter()
    for number in range(BLOCKS):
        (folder / f"plain-{number}").write_bytes(block)
    seconds = time.perf_counter() - started
    for path in folder.glob("plain-*"):
        path.unlink()
    return BLOCKS * BLOCK_BYTES / seconds / _MB


def _peak_mb(server: Server) -> float:
    status = Path(f"/proc/{server.process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}projects", timeout=60).status_code < 500
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    print(uploads())
