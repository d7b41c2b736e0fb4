"""Keep a few child processes running, and end them all.

Every child leads a session of its own, so that Ctrl-C in a terminal reaches
only this process, which then stops the others in order; and the kernel kills
a child whose supervisor died without doing so (see `launch.py`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

TICK_SECONDS = 0.1
_LAUNCH = str(Path(__file__).with_name("launch.py"))
_DEATHS_AT_MOST = 5
_WITHIN_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 8.0


class CannotStart(Exception):
    """The server cannot start or go on; the message says what to do."""


class Stopped(Exception):
    """Somebody asked us to stop while we waited for something."""


@dataclass
class Asked:
    """Whether we were asked to stop, and whether nobody wants to wait for it."""

    to_stop: bool = False
    at_once: bool = False
    since: float = 0.0


@dataclass
class Child:
    """A process that is to run all the time."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    # How long it may take to end in order before it is killed.
    patience_seconds: float
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    deaths: deque[float] = field(default_factory=deque)


def listen() -> Asked:
    """Note signals that ask to stop; a second Ctrl-C means at once."""
    asked = Asked()

    def note(signum: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        # A terminal and `timeout` may both deliver the same one key press.
        again = asked.to_stop and now - asked.since > 0.5
        asked.at_once = asked.at_once or (again and signum == signal.SIGINT)
        if not asked.to_stop:
            asked.to_stop, asked.since = True, now

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    # Under nohup it is ignored, and has to stay so.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, note)
    return asked


def spawn(
    command: Sequence[str], env: Mapping[str, str], stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that cannot outlive this one."""
    # -I -S: no site packages, they would cost more than all the rest.
    launcher = [sys.executable, "-I", "-S", _LAUNCH, str(os.getpid())]
    return subprocess.Popen(
        [*launcher, *command],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        start_new_session=True,
    )


def start(child: Child) -> None:
    child.process = spawn(child.command, child.env)


def tend(children: Sequence[Child]) -> None:
    """Start again what died; raises CannotStart when that does not help."""
    now = time.monotonic()
    for child in children:
        if child.process is None:
            if now >= child.start_at:
                start(child)
        elif child.process.poll() is not None:
            _bury(child, now)


def wait_until(
    done: Callable[[], bool],
    asked: Asked,
    seconds: float,
    tending: Sequence[Child] = (),
) -> bool:
    """Whether `done` within the time. Raises Stopped when asked to stop."""
    deadline = time.monotonic() + seconds
    while not done():
        if asked.to_stop:
            raise Stopped
        if time.monotonic() > deadline:
            return False
        tend(tending)
        time.sleep(TICK_SECONDS)
    return True


def stop(children: Sequence[Child], asked: Asked) -> None:
    """End them all together, each with its patience; none is left after it."""
    running = [c for c in children if c.process is not None]
    for child in running:
        _signal(child, signal.SIGTERM)
    begin = time.monotonic()
    while running:
        waited = time.monotonic() - begin
        for child in list(running):
            assert child.process is not None
            if child.process.poll() is not None:
                # What it had started itself and did not end.
                _kill_group(child.process)
                child.process = None
                running.remove(child)
            elif asked.at_once or waited > child.patience_seconds:
                _kill_group(child.process)
        time.sleep(TICK_SECONDS / 2 if running else 0)


def say(line: str) -> None:
    # The terminal may be gone, which is no reason to leave the work undone.
    with suppress(OSError):
        print(f"speechstudio: {line}", file=sys.stderr, flush=True)


def _bury(child: Child, now: float) -> None:
    assert child.process is not None
    code = child.process.returncode
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    _kill_group(child.process)
    child.process = None
    child.deaths.append(now)
    while child.deaths[0] < now - _WITHIN_SECONDS:
        child.deaths.popleft()
    if len(child.deaths) >= _DEATHS_AT_MOST:
        raise CannotStart(
            f"{child.name} ended {_DEATHS_AT_MOST} times within a minute ({how}); "
            "given up. What it said is above."
        )
    pause = min(_LONGEST_PAUSE_SECONDS, 0.5 * 2 ** (len(child.deaths) - 1))
    child.start_at = now + pause
    say(f"{child.name} ended ({how}); it is started again in {pause:g} s.")


def _signal(child: Child, signum: signal.Signals) -> None:
    assert child.process is not None
    # Only the leader: it is its business to end its own children in order.
    child.process.send_signal(signum)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # PermissionError is what macOS says of a group of dead processes.
        return
