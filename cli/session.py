"""What all commands share: the client, how results are printed, and how a failure ends
the program."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import click
import httpx

from cli import config
from engines.azure.client import NEWEST, AzureClient
from engines.azure.errors import AzureError, Kind


class Exit(IntEnum):
    """What a script can tell from the exit code."""

    FAILED = 1  # the job ended, and failed
    USAGE = 2
    REFUSED = 3  # the server says that what was asked for is wrong, or in use
    NOT_FOUND = 4
    KEY = 5
    NETWORK = 6  # the server was not reached, or has an error of its own
    GATE = 7  # the test ended, and its figure is not good enough
    TIMEOUT = 8  # the job goes on, and --timeout has passed


_EXITS = {
    Kind.NETWORK: Exit.NETWORK,
    Kind.SERVER: Exit.NETWORK,
    Kind.THROTTLED: Exit.NETWORK,
    Kind.NOT_AZURE: Exit.NETWORK,
    Kind.KEY: Exit.KEY,
    Kind.FORBIDDEN: Exit.KEY,
    Kind.GONE: Exit.NOT_FOUND,
    Kind.CONFLICT: Exit.REFUSED,
    Kind.REFUSED: Exit.REFUSED,
}


class Stop(click.ClickException):
    """Ends the program with one line on the standard error."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(" ".join(message.split()))
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return int(self.code)


def stop_for(error: AzureError) -> Stop:
    about = ", ".join(filter(None, (error.code, error.target)))
    return Stop(f"{error} ({about})", _EXITS[error.kind])


class Commands(click.Group):
    """A group whose commands end with an exit code for each kind of failure."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AzureError as e:
            raise stop_for(e) from e
        except BrokenPipeError:
            raise  # whoever reads has enough
        except OSError as e:
            # Of files here: what the network does wrong is an AzureError.
            raise Stop(
                f"{e.filename or 'A file'}: {e.strerror or e}.", Exit.USAGE
            ) from e


@dataclass
class Session:
    """`transport` and `sleep` are others in tests only."""

    version: str = NEWEST
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    # Where the server that a model is copied to is asked.
    target_transport: httpx.BaseTransport | None = field(default=None, repr=False)

    @cached_property
    def client(self) -> AzureClient:
        given = config.load()
        if not given.endpoint or not given.key:
            message = "Say which server first: studio config, or set STUDIO_ENDPOINT "
            raise Stop(message + "and STUDIO_KEY.", Exit.USAGE)
        return AzureClient(given.endpoint, given.key, self.version, self.transport)


pass_session = click.make_pass_decorator(Session)
