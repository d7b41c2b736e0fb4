"""`make run`: what starts, what ends it, and that nothing is ever left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from django.conf import settings

from speechstudio import redis_server, supervisor
from speechstudio.redis_server import answers, find_server, start_redis
from speechstudio.supervisor import Asked, CannotStart, Child, spawn, stop, tend
from speechstudio.tests.studio import (
    Up,
    clean_environment,
    kill_all,
    processes_of,
    wait_for,
)

real = pytest.mark.real


class Run(Up):
    """The fixture `folder` ends it with the test."""

    started: ClassVar[list[Run]] = []

    def __init__(self, folder: Path, port: int | None = None, **env: str) -> None:
        super().__init__(folder, port, **{"SAMPLE_PROJECT": "false"} | env)
        self.started.append(self)

    def health(self) -> int:
        try:
            return httpx.get(
                f"http://127.0.0.1:{self.port}/healthz", timeout=10
            ).status_code
        except httpx.TransportError:
            return 0

    def wait_until_healthy(self) -> None:
        wait_for(lambda: self.health() == 200)

    def processes(self) -> dict[str, int]:
        """By what they are; the worker's pool is another one than the worker."""
        names = {
            "speechstudio.up": "supervisor",
            "redis-server": "redis",
            "uvicorn": "web",
            " beat ": "beat",
            "=worker@": "worker",
            "=trainer@": "trainer",
        }
        found: dict[str, int] = {}
        for pid, command in sorted(processes_of(self.folder).items()):
            name = next((n for word, n in names.items() if word in command), command)
            found[f"{name} pool" if name in found else name] = pid
        return found

    def wait_until_complete(self) -> None:
        """One worker is enough to be healthy; the other may still be starting."""
        workers = {"worker", "worker pool", "trainer", "trainer pool"}
        everyone = {"supervisor", "redis", "web", "beat"} | workers
        wait_for(lambda: set(self.processes()) == everyone)

    def end(self, signum: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(signum)
        return self.process.wait(25)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    # Characters that mean something in an address.
    path = tmp_path / "a b#c%20"
    yield path
    kill_all(path)
    for run in Run.started:
        run.process.wait()
    Run.started.clear()


@real
def test_it_works(folder: Path) -> None:
    left = folder / "tmp" / "of one that was killed" / "1.upload"
    left.parent.mkdir(parents=True)
    left.touch()
    run = Run(folder)
    run.wait_until_ready()
    ready = [line for line in run.output.splitlines() if "ready" in line]
    assert len(ready) == 1
    assert f" http://127.0.0.1:{run.port}/setup/?token=" in ready[0]
    run.wait_until_healthy()
    run.wait_until_complete()
    assert (folder / "speechstudio.sqlite3").stat().st_mode & 0o077 == 0
    assert (folder / "run").stat().st_mode & 0o077 == 0
    assert not any((folder / "tmp").iterdir())
    assert (folder / "tmp").stat().st_mode & 0o777 == 0o700

    left.parent.mkdir()
    second = Run(folder)
    assert second.process.wait(20) == 1
    assert second.output.count("\n") == 1
    assert f"runs already with the data folder {folder}" in second.output
    assert f"http://127.0.0.1:{run.port}/" in second.output
    assert left.parent.exists()

    # A calm console: the address, and nothing else but what we asked too early.
    said = run.output.splitlines()
    assert [line for line in said if "Unavailable: /healthz" not in line] == ready

    begin = time.monotonic()
    assert run.end(signal.SIGINT) == 0
    assert time.monotonic() - begin < 15
    assert not processes_of(folder)


@real
def test_a_killed_supervisor_leaves_nothing_that_blocks_the_next_start(
    folder: Path,
) -> None:
    run = Run(folder)
    run.wait_until_healthy()
    run.process.kill()
    run.process.wait()
    # At once: the next one waits for what has to end, itself.
    again = Run(folder, run.port)
    again.wait_until_healthy()
    again.wait_until_complete()

    # The supervisor is there, and its children are killed one by one.
    for name in ("redis", "web", "beat", "worker", "trainer"):
        os.kill(again.processes()[name], signal.SIGKILL)
    wait_for(lambda: again.output.count("it is started again") == 5)
    again.wait_until_healthy()
    again.wait_until_complete()

    # Killed while it starts.
    again.process.kill()
    third = Run(folder, run.port)
    wait_for(lambda: any("prepare" in c for c in processes_of(folder).values()))
    third.process.kill()
    wait_for(lambda: not processes_of(folder), 10)


@real
def test_a_stop_while_it_starts(folder: Path) -> None:
    run = Run(folder)
    wait_for(lambda: any("prepare" in c for c in processes_of(folder).values()))
    assert run.end(signal.SIGTERM) == 0
    assert not processes_of(folder)


@real
def test_two_starts_at_once(folder: Path) -> None:
    runs = [Run(folder), Run(folder)]
    wait_for(lambda: any(r.process.poll() is not None for r in runs))
    loser, winner = sorted(runs, key=lambda r: r.process.poll() is None)
    assert loser.process.returncode == 1
    assert "runs already" in loser.output
    winner.wait_until_healthy()
    # While it stops, who comes next waits for it.
    winner.process.send_signal(signal.SIGINT)
    wait_for(lambda: "stopping" in (folder / "run" / "lock").read_text())
    after = Run(folder, winner.port)
    # Until then it may be the former one that answers at the port.
    assert winner.process.wait(20) == 0
    after.wait_until_healthy()
    assert after.end() == 0


def test_a_taken_port(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
        run = Run(folder, port)
        assert run.process.wait(20) == 1
    assert run.output.count("\n") == 1
    assert f"port {port} is taken" in run.output
    assert "make run" in run.output


def test_a_foreign_address(folder: Path) -> None:
    run = Run(folder, HOST="192.0.2.1")
    assert run.process.wait(20) == 1
    assert "HOST=192.0.2.1 is no address of this machine" in run.output


def test_an_unwritable_data_folder(tmp_path: Path) -> None:
    # A file in its place: root, as whom tests may run, may write anywhere.
    path = tmp_path / "data"
    path.touch()
    run = Run(path)
    assert run.process.wait(20) == 2
    assert run.output.count("\n") == 1
    assert f"Cannot write to the data folder {path}" in run.output


@pytest.mark.parametrize(
    "name, line",
    [
        ("WORKER_CONCURRENCY", "must be a whole number"),
        ("LOG_LEVEL", "must be DEBUG, INFO, WARNING or ERROR, not 'many'"),
    ],
)
def test_a_wrong_setting(folder: Path, name: str, line: str) -> None:
    run = Run(folder, **{name: "many"})
    assert run.process.wait(20) == 2
    assert run.output.count("\n") == 1
    assert f"{name} {line}" in run.output


@real
def test_a_redis_of_ones_own_and_every_task_on_the_console(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        redis = start_redis(Path(name, "s"), Path(name), Asked())
        try:
            address = Path(name, "address")
            address.write_text(f"redis+socket://{name}/s")
            more = {"LOG_LEVEL": "debug", "JOB_LOST_AFTER_SECONDS": "5"}
            run = Run(folder, REDIS_URL_FILE=str(address), **more)
            run.wait_until_healthy()
            assert "redis" not in run.processes()
            wait_for(lambda: "Task jobs.tasks.supervise" in run.output, 30)
            assert run.end() == 0
        finally:
            stop([redis], Asked())


def test_what_dies_is_started_again_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE_SECONDS", 0.0)
    child = Child("the cook", ["/bin/false"], {}, patience_seconds=1)
    with pytest.raises(CannotStart, match="the cook ended 5 times"):
        wait_for(lambda: tend([child]), 20)
    said = capsys.readouterr().err
    assert said.count("the cook ended (exit code 1); it is started again") == 4


def test_what_does_not_end_is_killed_with_its_children() -> None:
    script = "trap '' TERM; sleep 1000 & echo $!; wait; wait"
    process = spawn(["/bin/sh", "-c", script], os.environ, subprocess.PIPE)
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    child = Child("mule", [], {}, patience_seconds=0.2, process=process)
    stop([child], Asked())
    wait_for(lambda: _is_gone(grandchild), 5)
    process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child")
def test_a_child_ends_with_its_parent() -> None:
    script = """
import os, subprocess, time
from speechstudio.supervisor import spawn
print(spawn(["/bin/sleep", "1000"], os.environ).pid, flush=True)
time.sleep(1000)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=settings.BASE_DIR, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not _is_gone(child)
        parent.kill()
    wait_for(lambda: _is_gone(child), 5)


def test_the_newest_server_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(redis_server, "_PROGRAMS", ["redis-server", "valkey-server"])
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name, version in (("redis-server", "5.0.1"), ("valkey-server", "99.10.2")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho 'Some server v={version} bits=64'\n")
        program.chmod(0o755)
    assert find_server() == str(tmp_path / "valkey-server")
    program.write_text("#!/bin/sh\nexit 1\n")
    assert "99" not in find_server()
    assert find_server() != str(tmp_path / "redis-server")


def test_no_server_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server, "_PROGRAMS", [])
    monkeypatch.setattr(redis_server, "_PACKAGES", {})
    with pytest.raises(CannotStart, match="apt-get install redis-server"):
        find_server()


@real
def test_redis_starts_with_any_file(capsys: pytest.CaptureFixture[str]) -> None:
    # The path of a socket has to be short.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        _start_redis_with_bad_files(Path(name))
    assert "starts empty" in capsys.readouterr().err


def _start_redis_with_bad_files(folder: Path) -> None:
    socket_path = folder / "s"
    # Left behind by one that was killed.
    socket_path.touch()
    for content, survives in ((b"*3\r\n$3\r\nSE", True), (b"no such file\n", False)):
        (folder / "redis").mkdir(exist_ok=True)
        (folder / "redis" / "appendonly.aof").write_bytes(content)
        child = start_redis(socket_path, folder, Asked())
        try:
            assert answers(socket_path)
            assert socket_path.stat().st_mode & 0o777 == 0o700
            assert folder.stat().st_mode & 0o777 == 0o700
        finally:
            stop([child], Asked())
        assert not answers(socket_path)
        assert (folder / "redis.broken").exists() is not survives


def test_a_folder_of_somebody_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(redis_server.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        start_redis(tmp_path / "redis.sock", tmp_path, Asked())


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize(
    "python, line",
    [
        ("exit 1", "Python 3.11 or newer is needed"),
        ('case "$*" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
    ],
)
def test_make_names_what_is_missing(tmp_path: Path, python: str, line: str) -> None:
    shutil.copy(settings.BASE_DIR / "Makefile", tmp_path)
    program = tmp_path / "python3"
    program.write_text(f"#!/bin/sh\n{python}\n")
    program.chmod(0o755)
    done = subprocess.run(
        ["make", "run", f"PYTHON={program}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=clean_environment() | {"MAKEFLAGS": ""},
    )
    assert done.returncode == 2
    ours = [said for said in done.stderr.splitlines() if "speechstudio: " in said]
    assert len(ours) == 1 and line in ours[0]
    assert "Traceback" not in done.stderr


def _is_gone(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        )
    except OSError:
        return True
