"""Waiting for a job, and what its end means for the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

import click

from cli.output import show, value_at
from cli.session import Exit, Session, Stop, stop_for
from engines.azure.errors import AzureError, Kind

F = TypeVar("F", bound=Callable[..., Any])
_BAR_SIGNS = 20
_ENDED = ("Succeeded", "Failed")
# Between two looks, where the server does not say.
_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 20.0
# So long a server may be away while a job goes on.
_AWAY_SECONDS = 600.0
_AWAY = (Kind.NETWORK, Kind.SERVER, Kind.THROTTLED)


@dataclass(frozen=True)
class Waiting:
    """Whether somebody waits for the end of a job, and how many seconds at most."""

    is_wanted: bool
    timeout: float | None

    def end_of(self, session: Session, entity: dict[str, Any]) -> dict[str, Any]:
        """The entity at its end, or at once where nobody waits."""
        return wait_for(session, entity, self.timeout) if self.is_wanted else entity


def wait_options(command: F) -> F:
    """The command gets `waiting`."""

    @wraps(command)
    def waiting_command(
        *args: Any, wait: bool, timeout: float | None, **more: Any
    ) -> Any:
        return command(*args, waiting=Waiting(wait, timeout), **more)

    return _with_options(cast(F, waiting_command))


def _with_options(command: F) -> F:
    for option in (
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Give up waiting after so long; the job goes on. Exit code 8.",
        ),
        click.option(
            "--wait",
            is_flag=True,
            help="Wait until it has ended. Exit code 1 when it has failed.",
        ),
    ):
        command = option(command)
    return command


@dataclass
class Progress:
    """On a terminal a line that is written over; elsewhere a line for each change."""

    what: str
    last: str = ""

    def __post_init__(self) -> None:
        self.is_live = sys.stderr.isatty()

    def tell(self, state: str, seconds: float, share: float | None = None) -> None:
        """`share` is what is done of it, where the server says so."""
        if self.is_live:
            bar = "" if share is None else f" {_bar(share)}"
            line = f"\r{self.what}: {state}{bar} ({_clock(seconds)})"
            click.echo(line.ljust(len(self.last)), nl=False, err=True)
            self.last = line
        elif state != self.last:
            click.echo(f"{self.what}: {state}", err=True)
            self.last = state

    def end(self) -> None:
        if self.is_live and self.last:
            click.echo(err=True)


def wait_for(
    session: Session, entity: dict[str, Any], timeout: float | None
) -> dict[str, Any]:
    """The entity as it is at its end. Raises `Stop` when time is over."""
    started = seen = session.clock()
    progress = Progress(str(entity.get("displayName", entity.get("id", ""))))
    pause = _FIRST_SECONDS
    try:
        while entity.get("status") not in _ENDED:
            passed = session.clock() - started
            share = value_at(entity, "properties.progress")
            progress.tell(str(entity.get("status")), passed, share)
            if timeout is not None and passed >= timeout:
                raise Stop("It has not ended in time, and goes on.", Exit.TIMEOUT)
            session.sleep(pause if timeout is None else min(pause, timeout - passed))
            try:
                answer = session.client.ask("GET", str(entity["self"]))
            except AzureError as e:
                if e.kind not in _AWAY or session.clock() - seen > _AWAY_SECONDS:
                    raise
                progress.tell(f"no answer ({e.code})", passed)
                continue
            entity, seen = answer.body, session.clock()
            asked = min(answer.retry_after or 0, _LONGEST_SECONDS)
            pause = asked or min(pause * 1.5, _LONGEST_SECONDS)
        progress.tell(str(entity["status"]), session.clock() - started)
    except AzureError as e:
        raise stop_for(e) from e
    finally:
        progress.end()
    return entity


def finish(
    session: Session, made: dict[str, Any], waiting: Waiting, output: str
) -> None:
    """Show something new: as it is, or as it has become when somebody waits for it."""
    made = waiting.end_of(session, made)
    show(made, output)
    must_have_succeeded(made)


def must_have_succeeded(entity: dict[str, Any]) -> None:
    """Raises `Stop` with what the server says of the failure."""
    if entity.get("status") != "Failed":
        return
    error = value_at(entity, "properties.error") or entity.get("error") or {}
    message = error.get("message") or "It has failed."
    raise Stop(f"{message} ({error.get('code', 'Failed')})", Exit.FAILED)


def _bar(share: float) -> str:
    """
    >>> _bar(0.42)
    '[########------------] 42%'
    """
    done = int(share * _BAR_SIGNS)
    return f"[{'#' * done}{'-' * (_BAR_SIGNS - done)}] {share:.0%}"


def _clock(seconds: float) -> str:
    """
    >>> _clock(3_725.2)
    '1:02:05'
    """
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
