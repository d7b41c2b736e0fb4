"""A whole installation for a while: for the real tests and the benchmarks.

Everything is as with `make run`: a real Redis, a real worker, a real server.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from speechstudio import env

ROOT = Path(__file__).resolve().parent.parent.parent
OWNER = ("olga", "correct-horse-9")
_READY = re.compile(r"speechstudio is ready: (\S+)\n")


class Up:
    """One `python -m speechstudio.up`; what it prints goes to a file beside `folder`.

    Who makes it ends it.
    """

    def __init__(self, folder: Path, port: int | None = None, **more: str) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.log = folder.with_name(f"{folder.name}.{self.port}.log")
        values = {"DATA_DIR": str(folder), "PORT": str(self.port)}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "speechstudio.up"],
                cwd=ROOT,
                env=clean_environment() | values | more,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self.log.read_text()

    @property
    def link(self) -> str:
        """The address it printed, with a token while it is fresh; "" before that."""
        found = _READY.search(self.output)
        return found[1] if found else ""

    def wait_until_ready(self) -> None:
        """Fails, with what it printed, when it ends instead or takes too long."""
        try:
            wait_for(lambda: self.link or self.process.poll() is not None, 300)
            assert self.process.poll() is None, "it did not start"
        except AssertionError as e:
            e.add_note(self.output)
            raise


class Studio(Up):
    """An installation that is ready."""

    @property
    def url(self) -> str:
        return self.link.split("/setup/")[0].rstrip("/")

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Ask its database."""
        path = self.folder / "speechstudio.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as db:
            return db.execute(sql, values).fetchall()

    def processes(self) -> dict[int, str]:
        """Its processes that live, with their command lines."""
        return processes_of(self.folder)

    def workers(self) -> list[int]:
        """The processes of the worker's pool, where the models are."""
        return self._pool("worker")

    def trainers(self) -> list[int]:
        """The processes of the trainer's pool."""
        return self._pool("trainer")

    def _pool(self, name: str) -> list[int]:
        found = self.processes()
        ours = [pid for pid, words in found.items() if f"={name}@" in words]
        return [pid for pid in ours if parent_of(pid) in ours]


@contextlib.contextmanager
def running(folder: Path, fresh: bool = False, **more: str) -> Iterator[Studio]:
    """Start an installation on a free port, and end it with all its processes.

    `fresh` leaves the owner's account to be made in the browser.
    """
    folder.mkdir(parents=True, exist_ok=True)
    values = {"JOB_LOST_AFTER_SECONDS": "6"}
    if not fresh:
        values |= {"ADMIN_USERNAME": OWNER[0], "ADMIN_PASSWORD": OWNER[1]}
    studio = Studio(folder, **values | more)
    try:
        studio.wait_until_ready()
        yield studio
    finally:
        _end(studio)


@contextlib.contextmanager
def sign_in(studio: Studio) -> Iterator[httpx.Client]:
    """A client with the owner's session."""
    with httpx.Client(base_url=studio.url, follow_redirects=True, timeout=60) as client:
        client.get("/sign-in/")
        name, password = OWNER
        page = post(client, "/sign-in/", {"username": name, "password": password})
        assert page.url.path == "/projects/", page.url
        yield client


def post(
    client: httpx.Client, path: str, answers: dict[str, Any], **more: Any
) -> httpx.Response:
    token = client.cookies["csrftoken"]
    page = client.post(path, data=answers | {"csrfmiddlewaretoken": token}, **more)
    assert page.status_code == 200, (page.status_code, page.text[:2000])
    return page


def wait_for(what: Callable[[], object], seconds: float = 120) -> None:
    """Wait until `what()` is true; the test fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"still waiting after {seconds} s"
        time.sleep(0.1)


def processes_of(folder: Path) -> dict[int, str]:
    """Every process that belongs to this data folder, with its command line."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (path / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        # Redis overwrites its environment with its title, but stays in its folder.
        ours = f"DATA_DIR={folder}".encode() in environment
        if command and (ours or _works_in(path, folder)):
            found[int(path.name)] = command
    return found


def kill_all(folder: Path) -> None:
    """End every process of this data folder at once."""
    for pid in processes_of(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def parent_of(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """Ours, without what would change an installation or lead to another's data."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.removesuffix("_FILE") not in env.NAMES
    }


def _end(studio: Studio) -> None:
    studio.process.terminate()
    try:
        studio.process.wait(30)
    except subprocess.TimeoutExpired:
        studio.process.kill()
        studio.process.wait()
    kill_all(studio.folder)
