"""The API: how fast data comes in, and how fast long lists are answered.

python -m benchmarks.api      (prints it)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

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
ROWS = 10_000  # of datasets, and as many models
PROJECTS = 20
ROUNDS = 100  # requests of each kind
_MB = 1e6
_VERSION = "2025-10-15"
_FAILED = "status eq 'Failed'"
_SETUP = """
from django.contrib.auth.models import User
from projects import services

services.create(User.objects.create_superuser("{}"), "Uploads", "en-US")
"""
# Every tenth has failed; each model was trained from one dataset of its project.
_MANY = f"""
from datetime import UTC, datetime, timedelta
from django.contrib.auth.models import User
from datasets.models import Dataset
from projects import services
from training.models import SpeechModel

owner = User.objects.get()
projects = [
    services.create(owner, f"Project {{n}}", "en-US") for n in range({PROJECTS})
]
base = SpeechModel.objects.create(name="Base", reference="base", status="Succeeded")


def shared(n):
    status = "Failed" if n // {PROJECTS} % 10 == 9 else "Succeeded"
    return {{
        "project": projects[n % {PROJECTS}],
        "name": f"Number {{n}}",
        "description": "What it is for, in a few words. " * 3,
        "status": status,
        "created": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n),
        "custom_properties": {{"team": "speech", "number": str(n)}},
    }}


datasets = Dataset.objects.bulk_create(
    [Dataset(kind="Acoustic", **shared(n)) for n in range({ROWS})], 500
)
models = SpeechModel.objects.bulk_create(
    [
        SpeechModel(base=base, reference=f"custom:{{n}}", **shared(n))
        for n in range({ROWS})
    ],
    500,
)
Through = SpeechModel.datasets.through
Through.objects.bulk_create(
    [
        Through(speechmodel=model, dataset=dataset)
        for model, dataset in zip(models, datasets)
    ],
    500,
)
"""

LISTS = f"""\
## Lists of the API

{ROWS:,} datasets and {ROWS:,} models in {PROJECTS} projects, a page of 100 of them, and
one of them; a client on the same machine, {ROUNDS} requests each. Wanted: 95 % under
60 ms. Beside them the processor time that the server took for each.

| what | median ms | 95 % ms | processor ms |
|:---|---:|---:|---:|
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

    def client(self) -> httpx.Client:
        headers = {"Ocp-Apim-Subscription-Key": self.key}
        return httpx.Client(base_url=self.url, headers=headers, timeout=600)


def lists() -> str:
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as server:
        _manage(server.folder, "shell", "-v0", "-c", _MANY)
        with server.client() as client:
            rows = [
                _asked(server, client, what, path, query)
                for what, (path, query) in _questions(client).items()
            ]
    return LISTS + "\n".join(rows)


def uploads() -> str:
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as server:
        before = _peak_mb(server)
        plain = _plain(server.folder)
        started, used = time.perf_counter(), _processor_seconds(server)
        _upload(server)
        seconds = time.perf_counter() - started
        used = _processor_seconds(server) - used
        more = _peak_mb(server) - before
    speed = BLOCKS * BLOCK_BYTES / seconds / _MB
    rows = [
        f"| blocks by the API | {speed:.0f} MB/s |",
        f"| plain loop | {plain:.0f} MB/s |",
        f"| ratio | {speed / plain:.2f} |",
        f"| processor time of the server | {used:.1f} s |",
        f"| memory of the server, more at its peak than before | {more:.0f} MB |",
    ]
    return UPLOADS + "\n".join(rows)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """The web server alone, with a fresh database and a key of its owner."""
    port = free_port()
    env = _environment(folder)
    _manage(folder, "migrate", "-v0")
    _manage(folder, "shell", "-v0", "-c", _SETUP.format(OWNER[0]))
    made = _manage(folder, "createapikey", "--user", OWNER[0])
    command = [sys.executable, "-m", "uvicorn", "speechstudio.asgi:application"]
    command += ["--port", str(port), "--lifespan", "off", "--no-access-log"]
    process = subprocess.Popen([*command, "--log-level", "error"], cwd=ROOT, env=env)
    url = f"http://127.0.0.1:{port}/speechtotext/"
    try:
        wait_for(lambda: _is_up(url))
        yield Server(url, made.splitlines()[-1], process.pid, folder)
    finally:
        process.terminate()
        process.wait(30)


def _environment(folder: Path) -> dict[str, str]:
    return clean_environment() | {"DATA_DIR": str(folder)}


def _manage(folder: Path, *words: str) -> str:
    """What a command says."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=_environment(folder),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _questions(client: httpx.Client) -> dict[str, tuple[str, dict[str, str]]]:
    """What is asked for: a path and its query."""
    asked = {}
    for what in ("datasets", "models"):
        values = client.get(what, params={"api-version": _VERSION}).json()["values"]
        one, project = values[0]["self"], values[0]["project"]["self"]
        asked |= {
            f"{what}, first page": (what, {}),
            f"{what}, last page": (what, {"skip": str(ROWS - 100)}),
            f"{what}, first page of those that failed": (what, {"filter": _FAILED}),
            f"{what} of a project, first page": (f"{_path(project)}/{what}", {}),
            f"one of the {what}": (_path(one), {}),
        }
    return asked


def _asked(
    server: Server, client: httpx.Client, what: str, path: str, query: Mapping[str, str]
) -> str:
    """A row of the table."""
    params = {"api-version": _VERSION, **query}
    client.get(path, params=params).raise_for_status()
    times, used = [], _processor_seconds(server)
    for _ in range(ROUNDS):
        started = time.perf_counter()
        client.get(path, params=params).raise_for_status()
        times.append(1000 * (time.perf_counter() - started))
    used = 1000 * (_processor_seconds(server) - used) / ROUNDS
    high = quantiles(times, n=20)[-1]
    return f"| {what} | {median(times):.0f} | {high:.0f} | {used:.0f} |"


def _path(address: str) -> str:
    """Of an address in an answer, below that of the API."""
    return address.partition("/speechtotext/")[2].partition("?")[0]


def _processor_seconds(server: Server) -> float:
    """What its threads have used so far, for itself and in the kernel."""
    fields = Path(f"/proc/{server.process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _upload(server: Server) -> None:
    block = os.urandom(BLOCK_BYTES)
    with server.client() as client:
        asked = {"displayName": "Uploads", "locale": "en-US", "kind": "Acoustic"}
        made = client.post("datasets", params={"api-version": _VERSION}, json=asked)
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
    print(lists())
    print(uploads())
