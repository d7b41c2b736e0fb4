"""`python -m speechstudio.up`: start everything on this machine, and end it.

    up -+- redis      unless REDIS_URL names one
        +- web        uvicorn
        +- worker --- its pool
        +- trainer -- its pool
        `- beat       sends the periodic tasks

Ctrl-C ends them all in order. If this process itself is killed, the kernel
kills the others (see `launch.py`), and the next start finds nothing in its way.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from speechstudio.launch import NICE, die_with
from speechstudio.redis_server import start_redis
from speechstudio.supervisor import (
    TICK_SECONDS,
    Asked,
    CannotStart,
    Child,
    Stopped,
    listen,
    say,
    spawn,
    start,
    stop,
    tend,
    wait_until,
)

# How long what ran before may take to let go of the lock and the port.
_PREVIOUS_GONE_WITHIN_SECONDS = 15.0
_STOPPING = "stopping"
# Who gives way to whom for the cores.
_WORKER_NICE = f"{NICE}5"
_TRAINER_NICE = f"{NICE}10"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechstudio.settings")
    asked = listen()
    if "--with-parent" in sys.argv[1:]:
        # `make run`: who ends make means the server, too.
        die_with(os.getppid(), signal.SIGTERM)
    # The database, recordings and logs are nobody else's business.
    os.umask(0o077)
    try:
        with _only_one(asked) as lock:
            was_killed = bool(_read(lock))
            _write(lock, f"{_url('/')}, process {os.getpid()}")
            _check_port(asked, was_killed)
            _empty(settings.FILE_UPLOAD_TEMP_DIR)
            _run(asked, lock)
    except ImproperlyConfigured as e:
        say(" ".join(str(e).split()))
        return 2
    except CannotStart as e:
        say(str(e))
        return 1
    except OSError as e:
        say(f"{e.strerror}: {e.filename}. Is the data folder writable?")
        return 1
    except Stopped:
        pass
    return 130 if asked.at_once else 0


def _empty(folder: Path) -> None:
    """Remove what an earlier run was killed over: uploads, unpacked archives."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def _run(asked: Asked, lock: IO[str]) -> None:
    os.chdir(settings.BASE_DIR)
    redis: list[Child] = []
    children: list[Child] = []
    try:
        if settings.EMBEDDED_REDIS:
            redis = [start_redis(settings.REDIS_SOCKET, settings.DATA_DIR, asked)]
        _prepare(asked)
        children = [_web(), _worker(), _trainer(), _beat()]
        for child in children:
            start(child)
        url = _ready(redis + children, asked)
        with suppress(OSError):
            print(f"speechstudio is ready: {url}", flush=True)
        while not asked.to_stop:
            tend(redis + children)
            time.sleep(TICK_SECONDS)
    finally:
        with suppress(OSError):
            _write(lock, _STOPPING)
        # A moment's silence looks like a hang to whoever pressed Ctrl-C.
        if children and asked.to_stop:
            say("stopping ... (Ctrl-C again: at once)")
        stop(children, asked)
        stop(redis, asked)


def _prepare(asked: Asked) -> None:
    """Bring the database and static files up to date."""
    process = spawn([sys.executable, "manage.py", "prepare"], _env(threads=1))
    child = Child("prepare", [], {}, patience_seconds=2, process=process)
    try:
        wait_until(lambda: process.poll() is not None, asked, seconds=float("inf"))
    finally:
        stop([child], asked)
    if process.returncode:
        raise CannotStart("the data folder could not be prepared; the reason is above.")


def _ready(children: list[Child], asked: Asked) -> str:
    """The address to open, as soon as somebody answers there."""
    command = [sys.executable, "-m", "speechstudio.setup_link"]
    process = spawn(command, _env(threads=1), subprocess.PIPE)
    asking = Child("", [], {}, patience_seconds=2, process=process)
    try:
        wait_until(_is_answered, asked, float("inf"), tending=children)
        wait_until(lambda: process.poll() is not None, asked, 20, tending=children)
        assert process.stdout is not None
        path = process.stdout.read().decode().strip() if process.returncode == 0 else ""
    finally:
        stop([asking], asked)
    return _url(path or "/")


def _web() -> Child:
    options = {
        "--host": settings.HOST,
        "--port": str(settings.PORT),
        "--http": "recognition.head:Protocol",
        "--lifespan": "off",
        "--log-level": "warning",
        "--timeout-graceful-shutdown": "5",
        # Of streams: nobody sends more at once, and who has sent much is not heard
        # within seconds.
        "--ws-max-size": "1048576",
        "--ws-ping-timeout": "120",
    }
    proxy = "--proxy-headers" if settings.BEHIND_HTTPS_PROXY else "--no-proxy-headers"
    command = [sys.executable, "-m", "uvicorn", "speechstudio.asgi:application"]
    command += [word for pair in options.items() for word in pair]
    command += ["--no-access-log", "--no-server-header", proxy]
    return Child("the web server", command, _env(threads=1), patience_seconds=7)


def _worker() -> Child:
    """Gives way to the web server, where somebody waits for every answer."""
    queues, processes = settings.QUEUES, settings.WORKER_CONCURRENCY
    command = [_WORKER_NICE, *_celery_worker("worker", queues, processes)]
    env = _worker_env(settings.ENGINE_THREADS)
    return Child("the worker", command, env, patience_seconds=8)


def _trainer() -> Child:
    """Trains models, and gives way to whatever else wants the cores."""
    queues, processes = [settings.TRAINING_QUEUE], settings.TRAINING_CONCURRENCY
    command = [_TRAINER_NICE, *_celery_worker("trainer", queues, processes)]
    # A process for each training: what one took of memory is given back.
    command += ["--max-tasks-per-child=1"]
    threads = settings.TRAINING_THREADS
    env = _worker_env(threads) | {"ENGINE_THREADS": str(threads)}
    # It goes on where it was, so there is nothing to wait for.
    return Child("the trainer", command, env, patience_seconds=2)


def _celery_worker(name: str, queues: Sequence[str], processes: int) -> list[str]:
    return [
        *_celery("worker"),
        f"--hostname={name}@%h",
        f"--queues={','.join(queues)}",
        f"--concurrency={processes}",
        "--without-mingle",
        "--without-gossip",
        "--without-heartbeat",
    ]


def _worker_env(threads: int) -> dict[str, str]:
    env = _env(threads)
    if os.geteuid() == 0:
        # Whoever starts the server as root knows; Celery would tell each time.
        env["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser"
    return env


def _beat() -> Child:
    return Child("beat", _celery("beat"), _env(threads=1), patience_seconds=4)


def _celery(command: str) -> list[str]:
    return [sys.executable, "-m", "celery", "--quiet", "--app=speechstudio", command]


def _env(threads: int) -> dict[str, str]:
    """Our environment; numeric libraries must not each take the whole machine."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": "1",
        **os.environ,
    }


@contextmanager
def _only_one(asked: Asked) -> Iterator[IO[str]]:
    """Hold the data folder's lock; the kernel frees it when its holder dies.

    The file says what the holder is at. After an orderly end it is empty.
    """
    with (settings.RUN_DIR / "lock").open("a+") as lock:

        def is_clear() -> bool:
            return _take(lock) or not _read(lock).startswith(_STOPPING)

        wait_until(is_clear, asked, _PREVIOUS_GONE_WITHIN_SECONDS)
        if not _take(lock):
            raise CannotStart(
                f"it runs already with the data folder {settings.DATA_DIR} "
                f"({_read(lock) or 'starting'}). Stop that one first, "
                "or name another folder in DATA_DIR."
            )
        try:
            yield lock
        finally:
            with suppress(OSError):
                _write(lock, "")


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read()


def _write(lock: IO[str], text: str) -> None:
    lock.truncate(0)
    lock.write(text)
    lock.flush()


def _check_port(asked: Asked, was_killed: bool) -> None:
    """Raise CannotStart when the web server could not listen there."""
    if was_killed:
        # Its children may need a moment to be gone.
        wait_until(lambda: not _is_taken(), asked, _PREVIOUS_GONE_WITHIN_SECONDS)
    error = _bind_error()
    if error is None:
        return
    port = settings.PORT
    other = f"PORT={port + 1 if 1024 <= port < 65535 else 8000} make run"
    if error.errno == errno.EADDRINUSE:
        raise CannotStart(f"port {port} is taken. Choose another one: {other}")
    if error.errno in (errno.EACCES, errno.EPERM):
        raise CannotStart(
            f"port {port} is for the system only. Choose another: {other}"
        )
    raise CannotStart(f"HOST={settings.HOST} is no address of this machine.")


def _is_taken() -> bool:
    error = _bind_error()
    return error is not None and error.errno == errno.EADDRINUSE


def _bind_error() -> OSError | None:
    try:
        for family, kind, proto, _, address in socket.getaddrinfo(
            settings.HOST, settings.PORT, type=socket.SOCK_STREAM
        ):
            with socket.socket(family, kind, proto) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                s.bind(address)
    except OSError as e:
        return e
    return None


def _is_answered() -> bool:
    try:
        socket.create_connection((_reachable_host(), settings.PORT), timeout=1).close()
    except OSError:
        return False
    return True


def _reachable_host() -> str:
    """A name for a browser on this machine."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    return everywhere.get(settings.HOST, str(settings.HOST))


def _url(path: str) -> str:
    host = _reachable_host()
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}{path}"


if __name__ == "__main__":
    sys.exit(main())
